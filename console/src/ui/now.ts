// The platform's time. A device's clock may be wrong by minutes: countdowns, days and ages go by the platform's.
const KEPT = "gatehouse.clock";
// Smaller corrections are not worth writing down.
const NOTABLE_MS = 1_000;

// What is added to this device's clock; 0 until an answer says otherwise.
let offset = kept();

function kept(): number {
  try {
    return Number(localStorage.getItem(KEPT)) || 0;
  } catch {
    return 0; // no storage: it is measured again
  }
}

/** Return the present by the platform's clock, in milliseconds. */
export const now = (): number => Date.now() + offset;

/** How long after its date an answer may arrive from a cache, in milliseconds; null where that is not said. */
function ageOf(caching: string | null): number | null {
  if (caching === null) return null;
  if (/\bno-store\b/.test(caching)) return 0;
  const life = /\bmax-age=(\d+)/.exec(caching)?.[1];
  return life === undefined ? null : Number(life) * 1000;
}

/**
 * Learn the platform's time from an answer to a request that was sent at a moment of this device's clock. The answer was
 * made between that moment and its arrival, and its date has whole seconds: the offset moves only as far as these say, so
 * that a clock that is right is left alone.
 */
export function learn(response: Response, sentAt: number, receivedAt = Date.now()): void {
  const date = Date.parse(response.headers.get("Date") ?? "");
  const age = ageOf(response.headers.get("Cache-Control"));
  if (Number.isNaN(date) || age === null || receivedAt < sentAt) return;
  const next = Math.min(Math.max(offset, date - receivedAt), date + 1000 + age - sentAt);
  const isNotable = Math.abs(next - offset) >= NOTABLE_MS;
  offset = next;
  if (!isNotable) return;
  try {
    localStorage.setItem(KEPT, String(Math.round(offset)));
  } catch {
    // measured again by the next page
  }
}
