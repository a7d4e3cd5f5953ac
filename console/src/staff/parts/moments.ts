// Times that people type, in the zone of an event: "datetime-local" has no zone, the platform wants UTC.

function offsetAt(at: number, zone: string): number {
  const parts = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" }).formatToParts(at);
  const of = (type: string): number => Number(parts.find((each) => each.type === type)?.value);
  return Date.UTC(of("year"), of("month") - 1, of("day"), of("hour"), of("minute"), of("second")) - Math.floor(at / 1000) * 1000;
}

/** Return a typed time of a zone in UTC; null for none. */
export function toUtc(typed: string, zone: string): string | null {
  if (!typed) return null;
  const wall = Date.parse(`${typed}Z`);
  if (Number.isNaN(wall)) return typed; // the platform says what is wrong with it
  const near = wall - offsetAt(wall, zone);
  return new Date(wall - offsetAt(near, zone)).toISOString(); // once more: the clock may change in between
}

/** Return a time of the platform as a field of that zone shows it. */
export function toTyped(at: string | null | undefined, zone: string): string {
  if (!at) return "";
  const moment = Date.parse(at);
  return new Date(moment + offsetAt(moment, zone)).toISOString().slice(0, 16);
}

/** The zones that this browser knows; the platform's own first. */
export function zones(): string[] {
  const known = Intl.supportedValuesOf("timeZone");
  return ["Asia/Karachi", ...known.filter((each) => each !== "Asia/Karachi")];
}
