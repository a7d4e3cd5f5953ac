// Who works at this phone, at which event, and at which gate. An usher stays when the session expires: scans go on.
import { effect, signal, type Signal } from "@preact/signals";

import { answerOf, connect, type Schemas } from "../ui/api/client.ts";
import { keep, session, type Session } from "../ui/api/session.ts";

export interface Person {
  /** Names the queue of this usher at this event. */
  owner: string;
  event_id: string;
  usher_id: string;
  username: string;
  name: string;
}

const PERSON = "gatehouse.gate.person";
const INSTALLATION = "gatehouse.gate.installation";

function read<T>(key: string): T | null {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "null") as T | null;
  } catch {
    return null;
  }
}

/** Keep a value under a key, or nothing with null; a browser that keeps nothing forgets it with the page. */
export function write(key: string, value: unknown): void {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // the store's own error says it loudly
  }
}

/** A setting of this phone that survives a reload and that its tabs share. */
export function kept<T>(name: string, initial: T): Signal<T> {
  const key = `gatehouse.gate.${name}`;
  const found = signal<T>(read<T>(key) ?? initial);
  let first = true;
  effect(() => {
    const value = found.value;
    if (!first) write(key, value);
    first = false;
  });
  return found;
}

/** The usher, also after the session has expired; null after a log-out. */
export const person = signal<Person | null>(read<Person>(PERSON));

function claimsOf(token: string): Record<string, unknown> {
  try {
    const part = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    return JSON.parse(atob(part)) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** Return who a session belongs to: its token names the event. */
export function personOf(kept: Session | null): Person | null {
  if (kept === null) return null;
  const claims = claimsOf(kept.access);
  const event = kept.who.event_id ?? claims.event_id;
  if (typeof event !== "string" || !kept.who.id) return null;
  const username = typeof kept.who.username === "string" ? kept.who.username : kept.who.name;
  return { owner: `${event}/${kept.who.id}`, event_id: event, usher_id: kept.who.id, username, name: kept.who.name };
}

/** Whether the usher has a session now. */
export const loggedIn = (): boolean => {
  const now = personOf(session("usher").value);
  return now !== null && now.owner === person.value?.owner;
};

/** Follow the session: another usher's log-in, in this tab or another, changes who works here; its end does not. */
export function followSession(): void {
  effect(() => {
    const now = personOf(session("usher").value);
    if (now !== null && now.owner !== person.peek()?.owner) become(now);
  });
  addEventListener("storage", (event) => {
    if (event.key === PERSON) person.value = read<Person>(PERSON);
  });
}

function become(next: Person | null): void {
  person.value = next;
  write(PERSON, next);
}

/** Return this installation's random id, which makes the phone a device of each event. */
export function installation(): string {
  const found = read<string>(INSTALLATION);
  if (typeof found === "string" && found.length >= 16) return found;
  const made = crypto.randomUUID();
  write(INSTALLATION, made);
  return read<string>(INSTALLATION) ?? made;
}

/** Log in at an event. Raises Refused and Unreachable. */
export async function logIn(eventId: string, username: string, password: string): Promise<Schemas["UsherEventOut"]> {
  const body = { event_id: eventId, username, password, installation_id: installation() };
  const { access, refresh, usher, event } = await answerOf(connect(null).POST("/api/usher/login/", { body }));
  const who = { id: usher.id, name: usher.name, username: usher.username, event_id: event.id };
  keep("usher", { access, refresh, who });
  become(personOf({ access, refresh, who }));
  return event;
}

/** End the session here and at the platform; what waits to be sent stays on this phone. */
export async function logOut(): Promise<void> {
  if (session("usher").peek() !== null) await answerOf(connect("usher").POST("/api/usher/logout/")).catch(() => undefined);
  keep("usher", null);
  become(null);
}
