// Wall-clock times of an event: what people type is a time in the event's own zone, what the API takes is UTC.

const PARTS: Intl.DateTimeFormatOptions = {
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
};

/** Return an instant of the API as `YYYY-MM-DDTHH:MM` in a zone, as an input of type datetime-local writes it. */
export function wallClock(instant: string | null | undefined, zone: string): string {
  if (!instant) return "";
  const at = new Date(instant);
  if (Number.isNaN(at.getTime())) return "";
  const parts = new Map(new Intl.DateTimeFormat("en-US-u-nu-latn", { ...PARTS, timeZone: zone }).formatToParts(at).map(({ type, value }) => [type, value]));
  const part = (name: Intl.DateTimeFormatPartTypes): string => parts.get(name) ?? "";
  return `${part("year")}-${part("month")}-${part("day")}T${part("hour")}:${part("minute")}`;
}

/** Return a wall-clock time of a zone as an instant; null where nothing or no time was typed. */
export function instantOf(text: string | undefined, zone: string): string | null {
  if (!text) return null;
  const wanted = Date.parse(`${text}Z`);
  if (Number.isNaN(wanted)) return null;
  // The zone's offset at the moment that the wall clock of UTC would name, then at the moment that this gives:
  // a second step is enough except within a change of summer time, where either side is a fair reading.
  const first = wanted - offsetAt(wanted, zone);
  return new Date(wanted - offsetAt(first, zone)).toISOString().replace(".000Z", "Z");
}

/**
 * Return a typed time of a zone as an instant, or the stored one where its wall clock was left as it is: a wall clock has
 * no seconds, and shows one hour twice when summer time ends.
 */
export function instantFrom(
  text: string | undefined,
  zone: string,
  stored: { readonly at: string | null | undefined; readonly zone: string } | null,
): string | null {
  return stored?.at && stored.zone === zone && text === wallClock(stored.at, zone) ? stored.at : instantOf(text, zone);
}

function offsetAt(moment: number, zone: string): number {
  const minute = Math.floor(moment / 60_000) * 60_000;
  return Date.parse(`${wallClock(new Date(minute).toISOString(), zone)}Z`) - minute;
}

/** Return the browser's zone, where an event most likely takes place. */
export const ownZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

/** Return every zone that the browser knows, with `also` among them. */
export function zones(also: string): readonly string[] {
  return [...new Set([also, "UTC", ...Intl.supportedValuesOf("timeZone")])].sort();
}
