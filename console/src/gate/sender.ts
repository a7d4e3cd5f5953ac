// The queue's way to the platform: in slices, one tab at a time, each usher's by that usher's session.
import { Refused, Unreachable, type Schemas } from "../ui/api/client.ts";

import { ask, NoSession } from "./net.ts";
import type { Person } from "./person.ts";
import { counted, corrections, current, deciding } from "./state.ts";
import { queued, store, type Answered, type Entry } from "./store.ts";

type Verdict = Schemas["RecordsVerdictsOut"]["results"][number];
const SLICE = 500;
// These refusals are about what is sent; others may be about the usher, the address or a deployment, and pass.
const ABOUT_CONTENT = new Set([400, 413, 422]);
const STATUSES = new Set(["accepted", "replayed", "conflict", "rejected"]);

/** Return an entry as the platform reads a record; it says the same each time that it is sent. */
export function recordOf(entry: Entry): Record<string, unknown> {
  return {
    scan_id: entry.scan_id,
    kind: entry.kind,
    ...entry.shown,
    sun: entry.sun ?? undefined,
    direction: entry.kind === "scan" ? entry.direction : undefined,
    delta: entry.delta ?? undefined,
    gate: entry.gate ?? undefined,
    scanned_at: entry.scanned_at,
    seq: entry.seq ?? undefined,
    snapshot_cursor: entry.snapshot_cursor ?? undefined,
    offline: entry.offline ?? undefined,
  };
}

function answeredOf(verdict: Verdict): Answered {
  const collides = verdict.conflict?.with;
  return {
    status: verdict.status,
    result: verdict.result,
    reason: verdict.reason,
    conflict: verdict.conflict?.kind ?? null,
    with: collides ? { gate: collides.gate, scanned_at: collides.scanned_at, by: collides.by } : null,
    error: verdict.error?.message ?? null,
  };
}

/** Whether the platform found something else than what was shown at the gate. */
export function isCorrected({ answered, offline, kind }: Entry): boolean {
  if (answered === null) return false;
  if (answered.status === "conflict" || answered.status === "rejected") return true;
  return kind !== "count" && offline !== null && offline.result !== answered.result;
}

/** Store what the platform said of some entries. Returns how many it named. */
async function note(sent: readonly Entry[], verdicts: readonly Verdict[]): Promise<number> {
  const ids = new Set(sent.map((each) => each.scan_id));
  const kept = (await store()).transaction(["entries", "passages"], "readwrite", { durability: "strict" });
  let named = 0;
  for (const verdict of verdicts) {
    const id = verdict?.scan_id;
    if (typeof id !== "string" || !ids.delete(id) || !STATUSES.has(verdict.status)) continue;
    const entry = await kept.objectStore("entries").get(id);
    if (entry === undefined) continue;
    named += 1;
    const done: Entry = { ...entry, state: "done", answered: answeredOf(verdict) };
    await kept.objectStore("entries").put(done);
    if (isCorrected(done)) corrections.value += 1;
    if (current.peek()?.scan_id === id) current.value = done;
    const ticket = entry.outcome?.ticket_id;
    const passage = ticket ? await kept.objectStore("passages").get([entry.event_id, ticket]) : undefined;
    if (passage?.scan_id === id) await kept.objectStore("passages").put({ ...passage, known_at: Date.now() });
  }
  await kept.done;
  return named;
}

const idle = async (): Promise<void> => {
  // The scan of the person at the gate goes first.
  while (deciding.peek() > 0) await new Promise((done) => setTimeout(done, 50));
};

async function slices(usher: Person): Promise<void> {
  let size = SLICE;
  for (;;) {
    const entries = await queued(usher.owner, "waiting", size);
    if (!entries.length) return;
    await idle();
    const body = { logs: entries.map(recordOf), device_time: new Date().toISOString() };
    let results: readonly Verdict[];
    try {
      ({ results } = await ask<Schemas["RecordsVerdictsOut"]>(usher.owner, "POST", "/api/usher/sync/logs/", body, { milliseconds: 30_000, quiet: true }));
    } catch (error) {
      if (!(error instanceof Refused) || !ABOUT_CONTENT.has(error.status)) throw error;
      // One record may be what the platform refuses the others for: find it, and go on without it.
      if (entries.length > 1) {
        size = Math.ceil(entries.length / 2);
        continue;
      }
      results = [{ ...refusedAs(error), scan_id: entries[0]?.scan_id ?? null }];
    }
    if (!Array.isArray(results) || (await note(entries, results)) === 0) throw new Unreachable("no verdicts");
    size = Math.min(SLICE, size * 2);
    await counted();
  }
}

const refusedAs = (error: Refused): Verdict => ({
  index: 0,
  scan_id: null,
  status: "rejected",
  result: "invalid",
  reason: null,
  corrected_at: null,
  conflict: null,
  error: { code: error.code, message: error.message },
});

/** Send what waits of an usher. Nothing is lost where it fails: it is sent again, and counts once. */
export async function send(usher: Person): Promise<void> {
  try {
    if (navigator.locks) await navigator.locks.request(`gatehouse.gate.send.${usher.owner}`, () => slices(usher));
    else await slices(usher);
  } catch (error) {
    if (!(error instanceof Unreachable || error instanceof NoSession || error instanceof Refused)) throw error;
  }
}
