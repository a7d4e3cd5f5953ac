// Times of events that teachers type, in the browser's own time zone.

/**
 * Return a moment of an input of the browser's own time zone as the API writes it; the stored one where the input was left
 * as it is, since an input has no seconds, and shows one hour twice when summer time ends.
 */
export const toMoment = (typed: string, stored: string | null | undefined): string =>
  stored && typed === toLocal(stored) ? stored : new Date(typed).toISOString();

/** Return a moment of the API as inputs of the browser's own time zone hold it. */
export function toLocal(moment: string | null | undefined): string {
  if (!moment) return "";
  const at = new Date(moment);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
