// Money, times and numbers as people of the chosen language read them.
import type { ComponentChildren, JSX } from "preact";

import { locale, saidBy } from "./i18n.ts";
import { now } from "./now.ts";

export interface Amount {
  amount: string;
  currency: string;
}

/** Return an amount with its currency. The digits are the API's own: no number is made of them. */
export function money({ amount, currency }: Amount): string {
  const [whole = "0", part] = amount.split(".");
  const sign = whole.startsWith("-") ? "−" : "";
  const grouped = whole.replace("-", "").replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  return `${currency} ${sign}${grouped}${part === undefined ? "" : `.${part}`}`;
}

/** Return what was typed with the digits of an amount of its currency, or null where it has more of them or is no amount. */
export function typedAmount(text: string, like: Amount): Amount | null {
  const [, whole, part = ""] = /^(\d{1,12})(?:\.(\d{1,4}))?$/.exec(text.trim()) ?? [];
  const digits = like.amount.split(".")[1]?.length ?? 0;
  if (whole === undefined || /[1-9]/.test(part.slice(digits))) return null;
  return { amount: digits ? `${whole}.${part.slice(0, digits).padEnd(digits, "0")}` : whole, currency: like.currency };
}

/** Return a whole number with its groups. */
export function count(value: number): string {
  return new Intl.NumberFormat(locale.value).format(value);
}

/** Return a share such as 0.25 as a percentage. */
export function percent(share: number): string {
  return new Intl.NumberFormat(locale.value, { style: "percent", maximumFractionDigits: 1 }).format(share);
}

/** The hour and minute, of 24 hours in both languages: Urdu's own habit is of 12, with English letters behind. */
export const HOUR: Intl.DateTimeFormatOptions = { timeStyle: "short", hourCycle: "h23" };
const DAY_AND_TIME: Intl.DateTimeFormatOptions = { dateStyle: "medium", ...HOUR };

const offsets = new Map<string, Intl.DateTimeFormat>();

/** Return how a zone's clock is set at a time, such as `GMT+5`; `""` is the reader's own zone. */
function offsetOf(at: Date, zone: string): string {
  let reading = offsets.get(zone);
  if (reading === undefined) {
    reading = new Intl.DateTimeFormat("en-GB", { timeZone: zone || undefined, timeZoneName: "shortOffset" });
    offsets.set(zone, reading);
  }
  return reading.formatToParts(at).find(({ type }) => type === "timeZoneName")?.value ?? zone;
}

/** Return a zone's offset behind a time that it shows, where its clock is not the reader's: nobody guesses whose time it is. */
function zoneBehind(at: Date, zone: string | null | undefined, style: Intl.DateTimeFormatOptions): string {
  if (!zone || !(style.timeStyle ?? style.hour)) return "";
  const offset = offsetOf(at, zone);
  return offset === offsetOf(at, "") ? "" : ` ${offset}`;
}

/** Return a time of the API in the zone of its event, or the browser's where none is given. Another zone is named. */
export function time(value: string, zone?: string | null, style: Intl.DateTimeFormatOptions = DAY_AND_TIME): string {
  const at = new Date(value);
  if (Number.isNaN(at.getTime())) return value;
  try {
    return new Intl.DateTimeFormat(locale.value, { ...style, timeZone: zone ?? undefined }).format(at) + zoneBehind(at, zone, style);
  } catch {
    return new Intl.DateTimeFormat(locale.value, style).format(at); // a zone that this browser does not know
  }
}

/** Return a date of the API, which has no zone. */
export function dateOf(value: string): string {
  return time(`${value}T12:00:00Z`, "UTC", { dateStyle: "medium" });
}

/** Return a month of the API, such as `2026-11`. */
export function monthOf(value: string): string {
  return time(`${value}-15T12:00:00Z`, "UTC", { month: "short", year: "numeric" });
}

/** Return the hour and minute of a time, with its day where that is not today. */
export function clock(value: string, zone?: string | null): string {
  const date = (at: Date): string => time(at.toISOString(), zone, { dateStyle: "short" });
  const at = new Date(value);
  if (Number.isNaN(at.getTime())) return value;
  return time(value, zone, date(new Date(now())) === date(at) ? HOUR : DAY_AND_TIME);
}

/** Isolate a part of a sentence, such as a percentage, from the direction of the words around it. */
export function isolated(text: string): string {
  return `\u2068${text}\u2069`;
}

/** Isolate a number, a code, a phone number or another's name from the direction of the text around it. */
export function Num({ children, label }: { children: ComponentChildren; label?: string }): JSX.Element {
  return (
    <bdi class="num" aria-label={label}>
      {children}
    </bdi>
  );
}

/** A sentence of the platform in the language of the page; one that is not known there stays English, marked as such. */
export function Said({ children }: { children: string }): JSX.Element {
  const words = saidBy(children);
  if (words !== null) return <>{words}</>;
  return (
    <bdi lang="en" dir="auto">
      {children}
    </bdi>
  );
}
