// The session of each portal, kept in localStorage so that tabs share it and a reload keeps it.
import { signal, type Signal } from "@preact/signals";

export type Portal = "webapp" | "usher" | "organizer" | "merchant" | "admin" | "tix" | "campus";

/** Tokens of one principal; `who` is what the portal's log-in said of them, for the page's head. */
export interface Session {
  access: string;
  refresh?: string;
  /** Staff: the refresh token is in a cookie that scripts cannot read, and is sent together with this. */
  csrf?: string;
  who: { id: string; name: string; role?: string; [more: string]: unknown };
}

/** Whether a session of this page ended by itself, such as by its time; one that its owner left did not. */
export const hasEnded = signal(false);
const keyOf = (portal: Portal): string => `gatehouse.session.${portal}`;
const signals = new Map<Portal, Signal<Session | null>>();

function stored(portal: Portal): Session | null {
  try {
    const text = localStorage.getItem(keyOf(portal));
    return text === null ? null : (JSON.parse(text) as Session);
  } catch {
    return null; // storage that is blocked, or that another release wrote
  }
}

// What was typed in this tab, and the keys of deeds that were begun.
const OF_PERSON = ["gatehouse.draft.", "gatehouse.once.", "gatehouse.organizer.new"];

/**
 * Note whose session this tab has. An expired session costs the person nothing, but what somebody typed is never in a
 * form of the next one who logs in here.
 */
function ownedBy(portal: Portal, value: Session | null): Session | null {
  if (value === null) return null;
  try {
    const name = `gatehouse.person.${portal}`;
    const before = sessionStorage.getItem(name);
    sessionStorage.setItem(name, value.who.id);
    if (before === null || before === value.who.id) return value;
    for (const each of Object.keys(sessionStorage)) if (OF_PERSON.some((start) => each.startsWith(start))) sessionStorage.removeItem(each);
  } catch {
    // nothing is kept where there is no storage
  }
  return value;
}

/** Return the signal of a portal's session; null where nobody is logged in. */
export function session(portal: Portal): Signal<Session | null> {
  let found = signals.get(portal);
  if (found === undefined) {
    found = signal(ownedBy(portal, stored(portal)));
    signals.set(portal, found);
  }
  return found;
}

/** Keep a session, or end it with null; other tabs follow. */
export function keep(portal: Portal, value: Session | null): void {
  try {
    if (value === null) localStorage.removeItem(keyOf(portal));
    else localStorage.setItem(keyOf(portal), JSON.stringify(value));
  } catch {
    // A browser that keeps nothing: the session lasts as long as the page.
  }
  take(portal, ownedBy(portal, value));
}

function take(portal: Portal, value: Session | null): void {
  hasEnded.value = value === null && (hasEnded.peek() || session(portal).peek() !== null);
  session(portal).value = value;
}

/** Return what is stored now: another tab may have rotated the tokens since the signal was set. */
export function latest(portal: Portal): Session | null {
  const found = stored(portal) ?? session(portal).peek();
  if (found?.access !== session(portal).peek()?.access) session(portal).value = ownedBy(portal, found);
  return found;
}

addEventListener("storage", (event) => {
  for (const portal of signals.keys()) if (event.key === keyOf(portal)) take(portal, ownedBy(portal, stored(portal)));
});
