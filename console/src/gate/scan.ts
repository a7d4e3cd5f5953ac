// One scan after the other: stored, asked of the platform, decided here where it does not answer, and shown.
import { signal } from "@preact/signals";

import { Refused, Unreachable, type Schemas } from "../ui/api/client.ts";
import { saidOfRefusal } from "../ui/i18n.ts";

import { decideHere, isUnsent, passageOf, readAt } from "./local.ts";
import { ask, barred, NoSession, reachable } from "./net.ts";
import { loggedIn, person, type Person } from "./person.ts";
import { shownOf, visible, type Shown } from "./scanned.ts";
import { counted, current, deciding, direction, event, gate, isFormer, leaveReason, mode, queue, storageFailed, storageProblem } from "./state.ts";
import { put, queued, settle, ticketOfNumber, type Entry, type Outcome } from "./store.ts";
import { announce } from "./senses.ts";

type Decision = Schemas["UsherDecisionOut"];
const RESULTS = new Set(["valid", "invalid", "already_scanned", "not_found"]);
// A person waits for so long where this phone can decide by itself, and so long where it cannot.
const SHORT_MS = 1_500;
const LONG_MS = 8_000;
// A scan without a verdict is asked again for so long: a later admission would be of somebody who went away.
const GIVEN_UP_MS = 30_000;

/** A reading: a text of a scanner or a hand, or a card with its secure message. */
export interface Reading {
  text: string;
  sun?: { picc_data: string; cmac: string } | null;
  typed?: boolean;
  /** When the picture or the last key came, by the page's clock. */
  at?: number;
}

/** Rises with each scan that waits to be sent. */
export const scanStored = signal(0);

/** Scans that this tab is deciding; the retries leave them alone. */
const inFlight = new Set<string>();
let line: Promise<void> = Promise.resolve();

/** Take a reading; its verdict follows those of earlier readings. */
export function scan(reading: Reading): void {
  const usher = person.peek();
  if (usher === null || mode.peek() === "count") return;
  deciding.value += 1;
  isFormer.value = true;
  const began = reading.at ?? performance.now();
  // Mode, direction and gate are those of the reading, however long earlier scans keep it waiting.
  const taken = blank(usher, null, reading.sun ?? null);
  line = line
    .then(() => one(usher, reading, taken, began))
    // The next person's scan goes on after whatever happened to this one.
    .catch((error: unknown) => show({ ...taken, state: "done", outcome: unknown("fault", error instanceof Error ? error.message : String(error)) }, began))
    .finally(() => (deciding.value -= 1));
}

function blank(usher: Person, shown: Shown | null, sun: Entry["sun"] = null): Entry {
  const kind = mode.peek();
  return {
    scan_id: crypto.randomUUID(),
    owner: usher.owner,
    event_id: usher.event_id,
    state: "asking",
    seq: null,
    kind,
    shown,
    direction: kind === "scan" ? direction.peek() : "entry",
    delta: null,
    gate: gate.peek(),
    reason: kind === "leave" ? leaveReason.peek().trim() || null : null,
    sun,
    scanned_at: new Date().toISOString(),
    snapshot_cursor: null,
    offline: null,
    outcome: null,
    answered: null,
  };
}

const unknown = (why: string, message?: string): Outcome => ({ result: "not_found", reason: null, undecided: why, message, offline: true });

async function subject({ text, typed }: Reading, eventId: string): Promise<Shown> {
  if (typed) {
    const found = await ticketOfNumber(eventId, visible(text)).catch(() => null);
    if (found !== null) return { ticket_id: found };
  }
  return shownOf(text);
}

/**
 * Return the scan of the same thing that has no verdict yet, or this one. As a second scan it would be refused for the
 * sake of the first, once that is answered. The message of a secure card is good once.
 */
async function continued(entry: Entry): Promise<Entry> {
  const isSame = (each: Entry): boolean => JSON.stringify([each.shown, each.kind, each.direction, each.sun]) === JSON.stringify([entry.shown, entry.kind, entry.direction, null]);
  const isRecent = (each: Entry): boolean => Math.abs(Date.parse(entry.scanned_at) - Date.parse(each.scanned_at)) < GIVEN_UP_MS;
  const open = entry.sun === null ? await queued(entry.owner, "asking").catch(() => []) : [];
  const earlier = open.find((each) => !inFlight.has(each.scan_id) && isSame(each) && isRecent(each));
  return earlier === undefined ? entry : { ...entry, scan_id: earlier.scan_id, scanned_at: earlier.scanned_at };
}

async function one(usher: Person, reading: Reading, taken: Entry, began: number): Promise<void> {
  const shown = await subject(reading, usher.event_id);
  const entry = await continued({ ...taken, shown });
  if (reading.typed && "qr" in shown && !shown.qr.toUpperCase().includes("GH1")) {
    // A number that this phone does not know, and nothing that the platform could be asked.
    show({ ...entry, state: "done", outcome: unknown("no_number") }, began);
    return;
  }
  inFlight.add(entry.scan_id);
  try {
    const isKept = await keepEntry(entry);
    const answered = (await askFirst(usher, entry)) ?? (isKept ? await decideAlone(usher, entry) : { ...entry, outcome: unknown("not_kept") });
    show(answered, began);
    if (isKept) await store(usher, answered);
    if (answered.state === "waiting") scanStored.value += 1;
    else void introduce(usher, answered);
  } finally {
    inFlight.delete(entry.scan_id);
    void counted();
  }
}

async function keepEntry(entry: Entry): Promise<boolean> {
  try {
    await put(entry);
    storageProblem.value = "";
    return true;
  } catch (error) {
    storageFailed(error);
    return false;
  }
}

/** Store what the platform answered; what was decided here is stored already. */
async function store(usher: Person, entry: Entry): Promise<void> {
  if (entry.state === "waiting") return;
  const { outcome } = entry;
  const passed = entry.state === "done" && outcome?.result === "valid" && !outcome.repeat && outcome.ticket_id;
  const passage = passed ? { ...passageOf(entry, passed, readAt(entry, event.peek() ?? { clock_offset_ms: 0 }), usher.name), known_at: Date.now() } : null;
  await settle(entry, passage).catch(storageFailed);
}

async function askFirst(usher: Person, entry: Entry): Promise<Entry | null> {
  if (!loggedIn() || !reachable()) return null;
  const known = event.peek();
  // The platform does not know yet who passed here; it must not admit them again.
  if (queue.peek().own + queue.peek().others > 0 && known !== null && (await isUnsent(entry, known).catch(() => false))) return null;
  const canDecide = known?.attendees !== undefined && known.cards !== undefined;
  return askOnce(usher, entry, canDecide ? SHORT_MS : LONG_MS);
}

async function askOnce(usher: Person, entry: Entry, milliseconds: number): Promise<Entry | null> {
  const isLeave = entry.kind === "leave" || entry.kind === "return";
  const body = {
    scan_id: entry.scan_id,
    ...entry.shown,
    sun: entry.sun ?? undefined,
    gate: entry.gate ?? undefined,
    ...(isLeave ? { action: entry.kind, reason: entry.reason ?? undefined } : { direction: entry.direction, scanned_at: entry.scanned_at }),
  };
  try {
    const path = isLeave ? "/api/usher/scan/part-time-leave/" : "/api/usher/scan/result/";
    const decision = await ask<Decision>(usher.owner, "POST", path, body, { milliseconds });
    if (!RESULTS.has(decision.result)) throw new Unreachable("no decision");
    return { ...entry, state: "done", outcome: outcomeOf(decision) };
  } catch (error) {
    if (error instanceof Unreachable || error instanceof NoSession) return null;
    if (error instanceof Refused) return { ...entry, state: "done", outcome: unknown(barred.value ? "barred" : "refused", saidOfRefusal(error.code, error.message, false)) };
    throw error;
  }
}

function outcomeOf(decision: Decision): Outcome {
  return {
    result: decision.result,
    reason: decision.reason,
    name: decision.attendee?.name,
    photo_url: decision.attendee?.photo_url,
    labels: decision.attendee?.labels ?? [],
    tier: decision.ticket?.tier,
    ticket_id: decision.ticket?.id,
    number: decision.ticket?.number,
    first: decision.first_scan,
    remaining: decision.remaining,
    offline: false,
    repeat: decision.repeat,
  };
}

async function decideAlone(usher: Person, entry: Entry): Promise<Entry> {
  if (barred.value) return { ...entry, state: "done", outcome: unknown("barred", barred.value) };
  const known = event.peek();
  if (known === null) return { ...entry, outcome: unknown("no_data") };
  try {
    return await decideHere(entry, known, usher.name);
  } catch (error) {
    storageFailed(error);
    return { ...entry, outcome: unknown("not_kept") };
  }
}

/** Show the photo of who shows a card, and name the others who may still come in by it, once the verdict is shown. */
async function introduce(usher: Person, entry: Entry): Promise<void> {
  const { shown, outcome } = entry;
  if (!outcome?.name || shown === null || !("card_id" in shown)) return;
  // Without data on health: an usher may see those of 60 people an hour, by an act of their own.
  const path = `/api/usher/scan/attendee/${encodeURIComponent(shown.card_id)}/?health=false`;
  const found = await ask<Schemas["UsherAttendeeOut"]>(usher.owner, "GET", path, undefined, { milliseconds: 4_000, quiet: true }).catch(() => null);
  if (found === null || current.peek()?.scan_id !== entry.scan_id) return;
  const others = outcome.remaining ? [...found.children, ...found.more].filter(({ scan_status: status }) => status === "not_scanned") : [];
  const photo = found.ticket_id === outcome.ticket_id ? found.photo_url : null;
  if (others.length === 0 && !photo) return;
  current.value = { ...entry, outcome: { ...outcome, photo_url: photo, rest: others.map(({ name }) => name) } };
}

function show(entry: Entry, began: number): void {
  current.value = entry;
  isFormer.value = false;
  if (entry.outcome !== null) announce(entry.outcome);
  // The figures of docs/performance.md: from the picture or the last key to the painted verdict.
  requestAnimationFrame(() => {
    performance.measure(entry.outcome?.offline ? "gate.offline" : "gate.online", { start: began });
  });
}

/** Ask again for scans that have no verdict; give those up whose person went away: nobody was admitted by them. */
export async function retry(usher: Person): Promise<void> {
  for (const entry of await queued(usher.owner, "asking")) {
    if (inFlight.has(entry.scan_id)) continue;
    const age = Date.now() - Date.parse(entry.scanned_at);
    if (age < 3_000 && entry.outcome === null) continue; // another tab may be deciding it
    if (age < GIVEN_UP_MS && age > -GIVEN_UP_MS) {
      if (!loggedIn() || !reachable()) continue;
      const answered = await askOnce(usher, entry, SHORT_MS);
      // It may have been scanned again meanwhile, and decided here.
      const isOpen = !inFlight.has(entry.scan_id) && (await queued(usher.owner, "asking")).some(({ scan_id: id }) => id === entry.scan_id);
      if (answered === null || !isOpen) continue;
      await store(usher, answered);
      if (current.peek() === null || current.peek()?.scan_id === entry.scan_id) show(answered, performance.now());
    } else {
      const outcome = entry.outcome ?? unknown("interrupted");
      await settle({ ...entry, state: "waiting", outcome, offline: { result: "invalid", reason: "no_verdict" } }, null);
    }
    void counted();
  }
}

/** Count people without a ticket, `delta` in or, below zero, out. Raises DOMException where it cannot be stored. */
export async function count(delta: number): Promise<void> {
  const usher = person.peek();
  if (usher === null) return;
  const entry: Entry = { ...blank(usher, null), kind: "count", direction: "entry", state: "waiting", delta };
  entry.outcome = { result: "valid", reason: null, offline: true };
  await settle(entry, null).catch((error: unknown) => {
    storageFailed(error);
    throw error;
  });
  await counted();
}
