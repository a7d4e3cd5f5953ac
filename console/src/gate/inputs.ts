// Scanners that type as a keyboard, and cards by Web NFC. Neither needs the focus.
import type { Reading } from "./scan.ts";

// A scanner types faster than any hand: keys of one code follow each other so quickly, by the time of their events.
const SCANNER_GAP_MS = 60;
const SLOWEST_AVERAGE_MS = 35;
// Where no field has the focus nobody types text, so a slow scanner is one as well.
const ANY_GAP_MS = 1_500;
const SHORTEST = 4;
// A scanner without an end of line: its code is complete after so long.
const SILENCE_MS = 200;
const SHORTEST_WITHOUT_END = 8;
const CODE_LENGTH = 147;

interface Burst {
  text: string;
  began: number;
  last: number;
  /** The field that had the focus, and what was in it before. */
  field: HTMLInputElement | HTMLTextAreaElement | null;
  before: string;
  select: { element: HTMLSelectElement; value: string } | null;
}

const EDITABLE = new Set(["text", "search", "tel", "url", "email", "number", "password"]);

function fieldOf(target: EventTarget | null): Burst["field"] {
  if (target instanceof HTMLTextAreaElement) return target;
  return target instanceof HTMLInputElement && EDITABLE.has(target.type) ? target : null;
}

/** Call `seen` for each code that a scanner types, wherever the focus is. Returns what ends that. */
export function listen(seen: (reading: Reading) => void): () => void {
  let burst: Burst | null = null;
  let silence = 0;

  const isFast = ({ text, began, last }: Burst): boolean => text.length >= SHORTEST && (last - began) / (text.length - 1) <= SLOWEST_AVERAGE_MS;

  const finish = (): void => {
    clearTimeout(silence);
    if (burst === null) return;
    const { text, field, before, select, last } = burst;
    burst = null;
    if (field !== null) {
      // What the scanner typed is no text of this field.
      field.value = before;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
    if (select !== null) select.element.value = select.value;
    seen({ text, at: last });
  };

  const begin = (event: KeyboardEvent): Burst => {
    const field = fieldOf(event.target);
    const select = event.target instanceof HTMLSelectElement ? { element: event.target, value: event.target.value } : null;
    return { text: "", began: event.timeStamp, last: event.timeStamp, field, before: field?.value ?? "", select };
  };

  /** End the burst where this key is the end of a code; else it was a person's Enter or Tab. */
  const end = (event: KeyboardEvent): void => {
    const found = burst;
    if (found === null) return;
    const inField = found.field !== null;
    const ends = event.timeStamp - found.last <= (inField ? SCANNER_GAP_MS * 3 : ANY_GAP_MS);
    if (ends && (inField ? isFast(found) : found.text.length >= SHORTEST)) {
      event.preventDefault();
      event.stopImmediatePropagation();
      finish();
    } else burst = null;
  };

  const add = (event: KeyboardEvent): void => {
    const most = burst?.field === null ? ANY_GAP_MS : SCANNER_GAP_MS;
    if (burst === null || event.timeStamp - burst.last > most || fieldOf(event.target) !== burst.field) burst = begin(event);
    burst.text += event.key;
    burst.last = event.timeStamp;
    // Spaces press buttons, and letters choose options: a code does neither.
    if (burst.field === null && (burst.text.length > 1 || event.target instanceof HTMLSelectElement)) event.preventDefault();
    clearTimeout(silence);
    // A ticket's code says how long it is: a part of it is no code.
    const isPart = /GH1:/i.test(burst.text) && burst.text.length < CODE_LENGTH;
    silence = setTimeout(() => {
      if (burst !== null && burst.text.length >= SHORTEST_WITHOUT_END && isFast(burst)) finish();
    }, isPart ? ANY_GAP_MS : SILENCE_MS);
  };

  const isCommand = (event: KeyboardEvent): boolean =>
    event.isComposing || event.altKey || event.metaKey || (event.ctrlKey && !event.getModifierState("AltGraph"));

  const key = (event: KeyboardEvent): void => {
    if (isCommand(event)) return;
    if (event.key === "Enter" || event.key === "Tab") end(event);
    else if (event.key.length === 1) add(event);
  };
  const up = (event: KeyboardEvent): void => {
    if (event.key === " " && burst !== null && burst.field === null && burst.text.length > 1) event.preventDefault();
  };
  addEventListener("keydown", key, true);
  addEventListener("keyup", up, true);
  return () => {
    clearTimeout(silence);
    removeEventListener("keydown", key, true);
    removeEventListener("keyup", up, true);
  };
}

interface NdefRecord {
  recordType: string;
  data?: DataView;
}
interface NdefReading extends Event {
  serialNumber: string;
  message: { records: readonly NdefRecord[] };
}
interface NdefReader extends EventTarget {
  scan(options: { signal: AbortSignal }): Promise<void>;
}
declare global {
  var NDEFReader: (new () => NdefReader) | undefined;
}

/** Whether this browser reads cards. */
export const hasNfc = (): boolean => globalThis.NDEFReader !== undefined;

function sunOf(records: readonly NdefRecord[]): Reading["sun"] {
  for (const { recordType, data } of records) {
    if (recordType !== "url" || data === undefined) continue;
    try {
      const { searchParams } = new URL(new TextDecoder().decode(data));
      const [picc = "", cmac = ""] = [searchParams.get("p") ?? "", searchParams.get("m") ?? ""];
      if (/^[0-9a-f]{32}$/i.test(picc) && /^[0-9a-f]{16}$/i.test(cmac)) return { picc_data: picc.toUpperCase(), cmac: cmac.toUpperCase() };
    } catch {
      // no address
    }
  }
  return null;
}

/** Read cards until the signal ends it. Raises DOMException where the usher or the device refuses. */
export async function readCards(seen: (reading: Reading) => void, signal: AbortSignal): Promise<void> {
  const Reader = globalThis.NDEFReader;
  if (Reader === undefined) throw new DOMException("no NFC", "NotSupportedError");
  const reader = new Reader();
  reader.addEventListener("reading", (event) => {
    const { serialNumber, message } = event as NdefReading;
    if (serialNumber) seen({ text: serialNumber.replaceAll(":", ""), sun: sunOf(message.records), at: event.timeStamp });
  });
  await reader.scan({ signal });
}
