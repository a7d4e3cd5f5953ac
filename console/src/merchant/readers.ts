// A card's UID from a reader: one that types like a keyboard, or the phone's own NFC.

/** Return a UID as the platform writes it; null where a text is none. */
export function uidIn(text: string): string | null {
  const bare = text.replace(/[\s:._,-]/g, "").toUpperCase();
  return /^(?:[0-9A-F]{8}|[0-9A-F]{14}|[0-9A-F]{20})$/.test(bare) ? bare : null;
}

// Within a field a person may type: they are slower than this between two keys, a reader is faster. Elsewhere nobody types.
const BURST_MS = 60;
const ELSEWHERE_MS = 1500;

/** Call `found` with each UID that a reader types, wherever the focus is. Returns what stops it. */
export function listen(found: (uid: string) => void): () => void {
  let typed = "";
  let last = 0;
  const heard = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const inField = event.target instanceof HTMLElement && event.target.matches("input, textarea, select");
    if (event.timeStamp - last > (inField ? BURST_MS : ELSEWHERE_MS)) typed = "";
    last = event.timeStamp;
    if (event.key === "Enter") {
      const uid = uidIn(typed);
      typed = "";
      if (uid === null) return;
      event.preventDefault(); // the form is not sent: the next step still asks for the customer
      event.stopPropagation();
      found(uid);
    } else if (event.key.length === 1) typed += event.key;
  };
  addEventListener("keydown", heard, { capture: true });
  return () => removeEventListener("keydown", heard, { capture: true });
}

interface Reading extends Event {
  serialNumber: string;
}
interface Reader extends EventTarget {
  scan(options: { signal: AbortSignal }): Promise<void>;
}
type ReaderClass = new () => Reader;

const readerClass = (): ReaderClass | undefined => (globalThis as { NDEFReader?: ReaderClass }).NDEFReader;

/** Whether this browser reads cards itself. */
export const hasNfc = (): boolean => readerClass() !== undefined;

/** Read cards with the phone until `signal` ends it. Rejects where it is not allowed. */
export async function readCards(found: (uid: string) => void, signal: AbortSignal): Promise<void> {
  const Class = readerClass();
  if (Class === undefined) return;
  const reader = new Class();
  reader.addEventListener("reading", (event) => {
    const uid = uidIn((event as Reading).serialNumber);
    if (uid !== null) found(uid);
  });
  await reader.scan({ signal });
}
