// A hardware scanner types a code and Enter. Its keys are taken wherever the focus is, except in a field.
const PAUSE = 400;
const SHORTEST = 3;

const isField = (target: EventTarget | null): boolean => target instanceof HTMLElement && target.closest("input, textarea, select, dialog, [contenteditable]") !== null;

/** Call `take` with each code that a scanner types, until the returned function is called. */
export function listenForScanner(take: (code: string) => void): () => void {
  let typed = "";
  let last = 0;
  const listen = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isField(event.target)) return;
    // People type slowly: keys that come apart are no code.
    if (event.timeStamp - last > PAUSE) typed = "";
    last = event.timeStamp;
    if (event.key === "Enter") {
      if (typed.length < SHORTEST) return;
      event.preventDefault();
      take(typed);
      typed = "";
    } else if (event.key.length === 1) {
      typed += event.key;
      if (event.key === " " && typed.length > 1) event.preventDefault(); // a space within a code presses no button
    }
  };
  addEventListener("keydown", listen);
  return () => removeEventListener("keydown", listen);
}
