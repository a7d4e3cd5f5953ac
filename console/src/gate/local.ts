// Decisions of this phone without the platform: the rule, asked of the snapshot and of who passed here since.
import { eventTag, fingerprint, readCode, readKeys, type Keys, type TicketCode } from "./code.ts";
import { decide, goesOut, type Case, type Kind, type Presence, type Presented } from "./rule.ts";
import { uidOfCardId } from "./scanned.ts";
import { decideAndStore, store, type Entry, type KeptAttendee, type KeptEvent, type Known, type Outcome, type Passage } from "./store.ts";

// A second reading of a card so soon after its admission is the same tap (contract, "The scan").
const REPEAT_MS = 2000;
// What the platform's lists may be behind an answer: its stream is read once a second.
const LAG_MS = 1000;

/** What a scan is about, found out before the store is asked. */
interface Reading {
  wanted: { fingerprint?: string; ticket_id?: string };
  presented: Presented;
  code: TicketCode | null;
  tag: string;
}

let keysOf: { texts: string; keys: Promise<Keys> } | null = null;

/** Return the platform's keys, read once. */
export function keys(texts: readonly string[]): Promise<Keys> {
  const name = texts.join(" ");
  if (keysOf?.texts !== name) keysOf = { texts: name, keys: readKeys(texts) };
  return keysOf.keys;
}

/** Return the platform's time by this phone's clock, never before the snapshot was made. */
export function platformNow(event: KeptEvent): Date {
  const made = Date.parse(event.attendees?.generated_at ?? "") || 0;
  return new Date(Math.max(made, Date.now() - event.clock_offset_ms));
}

/** Return when a scan was read, by the platform's clock: a passage has the time of its reading, as the platform's has. */
export function readAt(entry: Pick<Entry, "scanned_at">, event: Pick<KeptEvent, "attendees" | "clock_offset_ms">): string {
  const made = Date.parse(event.attendees?.generated_at ?? "") || 0;
  return new Date(Math.max(made, Date.parse(entry.scanned_at) - event.clock_offset_ms)).toISOString();
}

/** Return why this phone cannot decide now, as a key of messages, or null: it can. */
export function uselessness(event: KeptEvent): "no_data" | "expired" | null {
  if (event.attendees === undefined || event.cards === undefined) return "no_data";
  const now = platformNow(event).getTime();
  const usable = [event.attendees, event.cards].every(({ expires_at: end }) => now < Date.parse(end));
  return usable ? null : "expired";
}

async function read(entry: Entry, event: KeptEvent): Promise<Reading | string> {
  const presented: Presented = { by_card: false, signature: "none", credential: null, counter: null, uid_matches: true };
  const tag = await eventTag(event.event_id);
  const shown = entry.shown;
  if (shown === null) return "no_data";
  if ("qr" in shown) {
    const known = await keys(event.server_public_keys);
    if (known.size === 0) return "no_key";
    const code = await readCode(shown.qr, known);
    if (code === null) return { wanted: {}, presented: { ...presented, signature: "bad" }, code, tag };
    return { wanted: { ticket_id: code.ticket_id }, presented: { ...presented, signature: "good", credential: code.credential }, code, tag };
  }
  if ("ticket_id" in shown) return { wanted: { ticket_id: shown.ticket_id }, presented, code: null, tag };
  // The message of a secure card can be checked by the platform only.
  if (entry.sun !== null || event.fingerprint_key === undefined) return entry.sun !== null ? "secure" : "no_data";
  const uid = uidOfCardId(shown.card_id) ?? shown.card_id;
  return { wanted: { fingerprint: await fingerprint(event.fingerprint_key, uid) }, presented: { ...presented, by_card: true }, code: null, tag };
}

interface Weighed {
  asked: Case;
  ticket: Known["tickets"][number] | null;
}

function weigh(entry: Entry, event: KeptEvent, reading: Reading, known: Known, now: string): Weighed[] {
  const { event: facts } = event;
  const base: Case = {
    presented: reading.presented,
    card: known.card ? { status: known.card.status, type: known.card.secure ? "secure" : "uid", last_counter: known.card.counter ?? -1 } : null,
    ticket: null,
    event: {
      event_id: facts.id,
      status: facts.status,
      opens_at: facts.scanning_opens_at,
      closes_at: facts.scanning_closes_at,
      scanning_enabled: facts.scanning_enabled,
      re_entry_allowed: facts.re_entry_allowed,
    },
    at: now,
    direction: entry.direction,
    kind: entry.kind === "count" ? "scan" : entry.kind,
  };
  if (reading.code !== null && reading.code.event_tag !== reading.tag) {
    const elsewhere = { event_id: "", status: "valid", credential: reading.code.credential, presence: null };
    return [{ asked: { ...base, ticket: elsewhere }, ticket: null }];
  }
  if (!known.tickets.length) return [{ asked: base, ticket: null }];
  return known.tickets.map((ticket) => {
    const { attendee, passage } = ticket;
    const presence = passage?.presence ?? attendee.presence;
    return { asked: { ...base, ticket: { event_id: facts.id, status: attendee.status, credential: attendee.credential, presence } }, ticket };
  });
}

/** What a gate shows of an attendee. */
function faceOf(attendee: KeptAttendee | undefined): Partial<Outcome> {
  if (attendee === undefined) return {};
  const { name, tier, photo_url, labels, ticket_id, number } = attendee;
  return { name, tier, photo_url, labels, ticket_id, number };
}

function outcomeOf(chosen: Weighed, rest: readonly Weighed[], several: boolean): Outcome {
  const verdict = decide(chosen.asked);
  const { ticket } = chosen;
  const passage = ticket?.passage;
  const at = passage?.at ?? ticket?.attendee.scanned_at ?? null;
  const isSecond = verdict.result === "already_scanned" && at !== null;
  return {
    ...verdict,
    ...faceOf(ticket?.attendee),
    first: isSecond ? { scanned_at: at, gate: passage?.gate ?? null, by: passage?.by ?? null } : null,
    remaining: several && verdict.result === "valid" ? rest.length : null,
    rest: rest.map(({ ticket: other }) => other?.attendee.name ?? "").filter(Boolean),
    offline: true,
  };
}

/**
 * Decide a scan by what this phone keeps, and store the decision. An entry that cannot be decided comes back unchanged
 * but for the reason in its outcome, and is not stored. Raises DOMException where the phone cannot store.
 */
export async function decideHere(entry: Entry, event: KeptEvent, by: string): Promise<Entry> {
  const undecided = (why: string): Entry => ({ ...entry, outcome: { result: "not_found", reason: null, undecided: why, offline: true } });
  const useless = uselessness(event);
  if (useless !== null) return undecided(useless);
  const reading = await read(entry, event);
  if (typeof reading === "string") return undecided(reading);
  const now = platformNow(event).toISOString();
  const moment = readAt(entry, event);
  return decideAndStore(entry, reading.wanted, (known) => {
    const weighed = weigh(entry, event, reading, known, now);
    const open = weighed.filter(({ asked }) => decide(asked).result === "valid");
    // As at the platform, nothing else may speak against a repeat: a card that was blocked since is refused.
    const seconds = weighed.filter(({ asked }) => decide(asked).result === "already_scanned").flatMap(({ ticket }) => ticket ?? []);
    const again = repeated(entry, { ...known, tickets: seconds }, moment);
    const chosen = open[0] ?? weighed[0];
    if (chosen === undefined) throw new Error("a scan has a case");
    const outcome = again ?? outcomeOf(chosen, open.slice(1), known.tickets.length > 1);
    const admits = outcome.result === "valid" && again === null;
    // A repeat let nobody in that its first reading had not: its record must not claim an admission.
    const offline = again === null ? { result: outcome.result, reason: outcome.reason } : { result: "already_scanned" as const, reason: null };
    const decided: Entry = { ...entry, state: "waiting", snapshot_cursor: event.attendees?.cursor ?? null, offline, outcome };
    const passage = admits && chosen.ticket !== null ? passageOf(entry, chosen.ticket.attendee.ticket_id, moment, by) : null;
    return { entry: decided, passage };
  });
}

/** Whether two readings are so near, in either order: where the phone's clock was set back, an earlier one looks later. */
const isNear = (one: string, other: string): boolean => Math.abs(Date.parse(one) - Date.parse(other)) < REPEAT_MS;

/**
 * Return the admission that a card got a moment ago, which this reading is a part of; null where there was none. The time
 * between the readings counts, however long the platform was waited for.
 */
export function repeated(entry: Pick<Entry, "kind" | "direction">, { card, tickets }: Known, read: string): Outcome | null {
  if (card === undefined || entry.kind !== "scan" || entry.direction === "exit") return null;
  const just = tickets.find(({ passage }) => passage?.presence === "inside" && passage.by_card && isNear(read, passage.at));
  if (just === undefined) return null;
  return { result: "valid", reason: null, ...faceOf(just.attendee), offline: true, repeat: true };
}

/** Return where a ticket's holder is after an admission or a leave. */
export function passageOf(entry: Entry, ticketId: string, at: string, by: string): Passage {
  const presence = goesOut(entry.kind as Kind, entry.direction) ? "outside" : "inside";
  // A return is no entry that a second reading could repeat.
  const byCard = entry.kind === "scan" && entry.shown !== null && "card_id" in entry.shown;
  return { event_id: entry.event_id, ticket_id: ticketId, presence, at, gate: entry.gate, by, by_card: byCard, scan_id: entry.scan_id, known_at: null };
}

/**
 * Whether a row of a snapshot, asked for at a moment of this phone's clock, may take the place of a passage: it says the
 * same, or was asked for when the platform had known the passage for longer than its stream may be behind.
 */
export function isSettled(passage: Pick<Passage, "known_at" | "presence">, row: { presence: Presence }, asked: number): boolean {
  if (passage.known_at === null || passage.known_at >= asked) return false;
  return row.presence === passage.presence || asked - passage.known_at > LAG_MS;
}

/** Whether this phone holds a passage of the ticket that the platform does not know yet: then it must not be asked. */
export async function isUnsent(entry: Entry, event: KeptEvent): Promise<boolean> {
  if (uselessness(event) !== null) return false;
  const reading = await read(entry, event);
  if (typeof reading === "string") return false;
  const database = await store();
  const { fingerprint: card, ticket_id: ticket } = reading.wanted;
  const ids = card === undefined ? [ticket ?? ""] : ((await database.get("cards", [entry.event_id, card]))?.ticket_ids ?? []);
  const found = await Promise.all(ids.map((id) => database.get("passages", [entry.event_id, id])));
  return found.some((passage) => passage?.known_at === null);
}
