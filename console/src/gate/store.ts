// What a phone keeps on its disk: the snapshot of an event, who passed here, and every scan until the platform has it.
import { openDB, type DBSchema, type IDBPDatabase } from "idb";

import type { Schemas } from "../ui/api/client.ts";

import type { Direction, Kind, Presence, Result } from "./rule.ts";
import type { Shown } from "./scanned.ts";

export type Attendee = Schemas["UsherSyncedAttendeeOut"];
export type Card = Schemas["UsherSyncedCardOut"];
export type EventShown = Schemas["UsherEventOut"];

/** An attendee or a card as it is kept; `turn` says which full snapshot it is of. */
export type KeptAttendee = Attendee & { event_id: string; turn: string };
export type KeptCard = Card & { event_id: string; turn: string };

/** How far a sync has come. */
export interface Head {
  cursor: string;
  generated_at: string;
  expires_at: string;
}

/** What is known of an event beside its attendees and cards. */
export interface KeptEvent {
  event_id: string;
  event: EventShown;
  attendees?: Head;
  cards?: Head;
  fingerprint_key?: CryptoKey;
  /** The full snapshot that the rows are of. */
  turns?: { attendees?: string; cards?: string };
  server_public_keys: string[];
  /** This phone's clock minus the platform's, in milliseconds. */
  clock_offset_ms: number;
  /** The last number that a record got. */
  seq: number;
}

/** Where a ticket's holder is by what happened at this phone. `known_at`: since when the platform knows it too. */
export interface Passage {
  event_id: string;
  ticket_id: string;
  presence: Exclude<Presence, null>;
  at: string;
  gate: string | null;
  by: string;
  /** Whether it was an ordinary scan of a card. */
  by_card: boolean;
  scan_id: string;
  known_at: number | null;
}

/** What was shown for a scan. */
export interface Outcome {
  result: Result;
  reason: string | null;
  /** Where no verdict could be given: why, as a key of messages. */
  undecided?: string;
  /** The platform's words for that, where it has any. */
  message?: string;
  name?: string | null;
  tier?: string | null;
  photo_url?: string | null;
  labels?: readonly string[];
  ticket_id?: string | null;
  number?: string | null;
  first?: { scanned_at: string; gate: string | null; by: string | null } | null;
  remaining?: number | null;
  /** Names of those who may still come in by the same card. */
  rest?: readonly string[];
  offline: boolean;
  repeat?: boolean;
}

/** What the platform said of a record that this phone had decided. */
export interface Answered {
  status: "accepted" | "replayed" | "conflict" | "rejected";
  result: Result;
  reason: string | null;
  conflict?: string | null;
  with?: { gate: string | null; scanned_at: string; by: string | null } | null;
  error?: string | null;
}

/** `asking`: sent online, its answer not here yet. `waiting`: to be sent by sync. `done`: the platform has it. */
export type State = "asking" | "waiting" | "done";

export interface Entry {
  scan_id: string;
  /** Event and usher: each queue is sent by its own session. */
  owner: string;
  event_id: string;
  state: State;
  seq: number | null;
  kind: Kind | "count";
  shown: Shown | null;
  direction: Direction;
  delta: number | null;
  gate: string | null;
  /** Why somebody leaves, in the usher's words. */
  reason: string | null;
  /** The message of a secure card, which only the platform can check. */
  sun: { picc_data: string; cmac: string } | null;
  scanned_at: string;
  snapshot_cursor: string | null;
  /** The decision of this phone, as the platform is to be sent it. */
  offline: { result: Result; reason: string | null } | null;
  outcome: Outcome | null;
  answered: Answered | null;
}

interface Stored extends DBSchema {
  events: { key: string; value: KeptEvent };
  attendees: { key: [string, string]; value: KeptAttendee; indexes: { number: [string, string] } };
  cards: { key: [string, string]; value: KeptCard };
  passages: { key: [string, string]; value: Passage };
  entries: { key: string; value: Entry; indexes: { queue: [string, State]; recent: [string, string] } };
}

export type Database = IDBPDatabase<Stored>;
const STRICT = { durability: "strict" } as const;
// Entries that the platform has are kept for the list of the last scans, and no longer than that takes.
const MOST_DONE = 200;

let opening: Promise<Database> | null = null;

/** Open the phone's store. Raises DOMException where the browser keeps nothing. */
export function store(): Promise<Database> {
  opening ??= openDB<Stored>("gatehouse-gate", 1, {
    upgrade(made) {
      made.createObjectStore("events", { keyPath: "event_id" });
      made.createObjectStore("attendees", { keyPath: ["event_id", "ticket_id"] }).createIndex("number", ["event_id", "number"]);
      made.createObjectStore("cards", { keyPath: ["event_id", "fingerprint"] });
      made.createObjectStore("passages", { keyPath: ["event_id", "ticket_id"] });
      const entries = made.createObjectStore("entries", { keyPath: "scan_id" });
      entries.createIndex("queue", ["owner", "state"]);
      entries.createIndex("recent", ["owner", "scanned_at"]);
    },
    // A newer release in another tab may change the store: this tab steps aside, and opens it again when needed.
    blocking: (_from, _to, event) => {
      (event.target as IDBDatabase).close();
      opening = null;
    },
    terminated: () => (opening = null),
  });
  opening.catch(() => (opening = null));
  return opening;
}

/** Store an entry before anything is shown of it. Raises DOMException where the disk is full. */
export async function put(entry: Entry): Promise<void> {
  const kept = (await store()).transaction("entries", "readwrite", STRICT);
  await Promise.all([kept.store.put(entry), kept.done]);
}

/** What is read for a decision of this phone, within the same step in which the decision is stored. */
export interface Known {
  card: KeptCard | undefined;
  tickets: readonly { attendee: KeptAttendee; passage: Passage | undefined }[];
}

/**
 * Decide an entry by what is kept, and store the decision with the person's passage: in one step, so that of two tabs
 * one admits. Raises DOMException where it cannot be stored; then nothing was decided.
 */
export async function decideAndStore(
  entry: Entry,
  wanted: { fingerprint?: string; ticket_id?: string },
  by: (known: Known) => { entry: Entry; passage: Passage | null },
): Promise<Entry> {
  const kept = (await store()).transaction(["entries", "passages", "events", "attendees", "cards"], "readwrite", STRICT);
  const event = entry.event_id;
  const card = wanted.fingerprint === undefined ? undefined : await kept.objectStore("cards").get([event, wanted.fingerprint]);
  const ids = wanted.ticket_id === undefined ? (card?.ticket_ids ?? []) : [wanted.ticket_id];
  const tickets: { attendee: KeptAttendee; passage: Passage | undefined }[] = [];
  for (const id of ids) {
    const attendee = await kept.objectStore("attendees").get([event, id]);
    if (attendee !== undefined) tickets.push({ attendee, passage: await kept.objectStore("passages").get([event, id]) });
  }
  const decided = by({ card, tickets });
  const next = { ...decided.entry };
  const found = await kept.objectStore("events").get(event);
  if (next.state === "waiting" && next.seq === null && found !== undefined) {
    next.seq = found.seq + 1;
    await kept.objectStore("events").put({ ...found, seq: next.seq });
  }
  await kept.objectStore("entries").put(next);
  if (decided.passage !== null) await kept.objectStore("passages").put(decided.passage);
  await kept.done;
  return next;
}

/** Store an entry with the person's passage, in one step; a record that waits gets the event's next number. */
export async function settle(entry: Entry, passage: Passage | null): Promise<Entry> {
  const kept = (await store()).transaction(["entries", "passages", "events"], "readwrite", STRICT);
  const entries = kept.objectStore("entries");
  const before = await entries.get(entry.scan_id);
  // Another tab may have sent it meanwhile: what the platform said of it stays.
  const next = before?.state === "done" ? { ...entry, state: before.state, answered: before.answered, seq: before.seq } : { ...entry };
  if (next.state === "waiting" && next.seq === null) {
    const events = kept.objectStore("events");
    const event = await events.get(entry.event_id);
    if (event !== undefined) {
      next.seq = event.seq + 1;
      await events.put({ ...event, seq: next.seq });
    }
  }
  await entries.put(next);
  if (passage !== null) {
    const passages = kept.objectStore("passages");
    const known = await passages.get([passage.event_id, passage.ticket_id]);
    if (known === undefined || known.at <= passage.at) await passages.put(passage);
  }
  await kept.done;
  return next;
}

/** Return the entries of a queue in the order in which they were made. */
export async function queued(owner: string, state: State, most?: number): Promise<Entry[]> {
  const found = await (await store()).getAllFromIndex("entries", "queue", [owner, state]);
  found.sort((one, other) => (one.seq ?? 0) - (other.seq ?? 0) || one.scanned_at.localeCompare(other.scanned_at));
  return most === undefined ? found : found.slice(0, most);
}

/** Return how many scans wait: of this owner, of others who used this phone, and of all at this owner's event. */
export async function waiting(owner: string): Promise<{ own: number; others: number; here: number }> {
  const database = await store();
  const event = owner.slice(0, owner.indexOf("/") + 1);
  let own = 0;
  let others = 0;
  let here = 0;
  const kept = database.transaction("entries").store.index("queue");
  for (let cursor = await kept.openKeyCursor(); cursor !== null; ) {
    const [whose, state] = cursor.key;
    // The index is in the order of owners and states, so finished entries are passed over in one step.
    if (state === "done") cursor = await cursor.continue([whose, "waiting"]);
    else {
      if (whose === owner) own += 1;
      else others += 1;
      if (whose.startsWith(event)) here += 1;
      cursor = await cursor.continue();
    }
  }
  return { own, others, here };
}

/** Return the newest entries of an owner. */
export async function recent(owner: string, most = 20): Promise<Entry[]> {
  const kept = (await store()).transaction("entries").store.index("recent");
  const found: Entry[] = [];
  const range = IDBKeyRange.bound([owner, ""], [owner, "\uffff"]);
  for (let cursor = await kept.openCursor(range, "prev"); cursor !== null && found.length < most; cursor = await cursor.continue()) found.push(cursor.value);
  return found;
}

/** Forget finished entries beyond the newest, and what is kept of events whose data expired. */
export async function tidy(owner: string, eventId: string, now: string): Promise<void> {
  const database = await store();
  const done = await database.getAllFromIndex("entries", "queue", [owner, "done"]);
  done.sort((one, other) => other.scanned_at.localeCompare(one.scanned_at));
  const kept = database.transaction("entries", "readwrite");
  await Promise.all([...done.slice(MOST_DONE).map((each) => kept.store.delete(each.scan_id)), kept.done]);
  for (const event of await database.getAll("events")) {
    if (event.event_id !== eventId && (event.attendees?.expires_at ?? "") < now) await forget(event.event_id);
  }
}

/** What is left of a verdict where nobody may be named any more. */
const unnamed = ({ result, reason, undecided, ticket_id, offline, repeat }: Outcome): Outcome => ({ result, reason, undecided, ticket_id, offline, repeat });

/**
 * Forget an event's attendees and cards, and the scans that the platform has. Scans that wait stay, without names, and
 * so do their passages: the platform would admit those people again.
 */
export async function forget(eventId: string): Promise<void> {
  const kept = (await store()).transaction(["events", "attendees", "cards", "passages", "entries"], "readwrite");
  const range = IDBKeyRange.bound([eventId, ""], [eventId, "\uffff"]);
  const event = await kept.objectStore("events").get(eventId);
  if (event !== undefined) {
    const nothing = { attendees: undefined, cards: undefined, fingerprint_key: undefined, turns: undefined };
    await kept.objectStore("events").put({ ...event, ...nothing });
  }
  for (const name of ["attendees", "cards"] as const) await kept.objectStore(name).delete(range);
  for (let passed = await kept.objectStore("passages").openCursor(range); passed !== null; passed = await passed.continue()) {
    if (passed.value.known_at !== null) await passed.delete();
  }
  const owners = IDBKeyRange.bound([`${eventId}/`], [`${eventId}/\uffff`]);
  for (let entry = await kept.objectStore("entries").index("queue").openCursor(owners); entry !== null; entry = await entry.continue()) {
    if (entry.value.state === "done") await entry.delete();
    else await entry.update({ ...entry.value, outcome: entry.value.outcome && unnamed(entry.value.outcome) });
  }
  await kept.done;
}

/** Return the ticket with a printed number, which may be typed in either case. */
export async function ticketOfNumber(eventId: string, number: string): Promise<string | null> {
  return (await (await store()).getFromIndex("attendees", "number", [eventId, number.trim().toUpperCase()]))?.ticket_id ?? null;
}

/** Change what is kept of an event; it is made where there is none yet. */
export async function change(eventId: string, by: (event: KeptEvent | undefined) => KeptEvent | undefined): Promise<KeptEvent | undefined> {
  const kept = (await store()).transaction("events", "readwrite");
  const next = by(await kept.store.get(eventId));
  if (next !== undefined) await kept.store.put(next);
  await kept.done;
  return next;
}
