// What goes on beside the scans: the queue is sent, the snapshot kept fresh, and the phone's state reported.
import { effect, signal } from "@preact/signals";

import { Refused, Unreachable, type Schemas } from "../ui/api/client.ts";
import { session } from "../ui/api/session.ts";
import { now } from "../ui/now.ts";

import { ask, barred, hope, online, reachable } from "./net.ts";
import { hasNfc } from "./inputs.ts";
import { installation, loggedIn, person, type Person } from "./person.ts";
import { retry } from "./scan.ts";
import { send } from "./sender.ts";
import { refresh } from "./snapshot.ts";
import { counted, current, event, gate, keepEvent, keepOfEvent, queue, storageFailed, storageProblem } from "./state.ts";
import { change, forget, tidy } from "./store.ts";

declare const GATE_VERSION: string | undefined;
const VERSION = typeof GATE_VERSION === "string" ? GATE_VERSION : "1.0.0";
const BEAT_MS = 1_000;
const SNAPSHOT_MS = 20_000;
const EVENT_MS = 60_000;
const COUNTS_MS = 10_000;

/** The event's head counts, as the platform last said. */
export const heads = signal<Schemas["UsherEventStatusOut"] | null>(null);
/** Whether the first snapshot is being fetched. */
export const fetching = signal(false);

/** Something that is done again and again, one at a time; a failure waits longer. */
class Duty {
  private due = 0;
  private running = false;

  constructor(
    private readonly every: () => number,
    private readonly work: (usher: Person) => Promise<void>,
  ) {}

  /** Do it at the next beat. */
  now(): void {
    this.due = 0;
  }

  async beat(usher: Person): Promise<void> {
    if (this.running || performance.now() < this.due) return;
    this.running = true;
    this.due = performance.now() + this.every();
    try {
      await this.work(usher);
    } catch (error) {
      const wait = error instanceof Unreachable && error.cause instanceof Refused ? error.cause.retryAfter : null;
      if (wait !== null) this.due = performance.now() + Math.min(wait, 15) * 1000;
      if (error instanceof DOMException) storageFailed(error);
    } finally {
      this.running = false;
    }
  }
}

async function battery(): Promise<number | undefined> {
  const found = await (navigator as { getBattery?: () => Promise<{ level: number }> }).getBattery?.().catch(() => undefined);
  return found === undefined ? undefined : Math.round(found.level * 100);
}

let heartbeatSeconds = 30;
let echo: string | undefined;

async function heartbeat(): Promise<Schemas["UsherPhoneHeartbeatIn"]> {
  const known = event.peek();
  return {
    // The phone is one device of the event, whoever holds it.
    queue_depth: queue.peek().here,
    clock_offset_ms: Math.round(known?.clock_offset_ms ?? 0),
    snapshot_cursor: known?.attendees?.cursor,
    snapshot_generated_at: known?.attendees?.generated_at,
    app_version: VERSION,
    battery: await battery(),
    nfc: hasNfc() ? "web" : "none",
    gate: gate.peek() ?? undefined,
    seq: known?.seq || undefined,
    installation_id: installation(),
    last_error: storageProblem.peek() || undefined,
    test: echo,
  };
}

async function report(usher: Person): Promise<void> {
  const body = await heartbeat();
  const asked = Date.now();
  let answer: Schemas["UsherPhoneHeartbeatOut"];
  try {
    answer = await ask(usher.owner, "POST", "/api/usher/sync/status/", body, { quiet: true });
  } catch (error) {
    // A gate that the event no longer has is chosen again.
    if (error instanceof Refused && error.details.some(({ field }) => field === "gate")) gate.value = null;
    throw error;
  }
  await take(usher, answer, asked);
}

/** Take what the platform answered to a heartbeat: settings, keys, its time, a test, and the order to forget. */
async function take(usher: Person, answer: Schemas["UsherPhoneHeartbeatOut"], asked: number): Promise<void> {
  const made = event.peek()?.attendees?.generated_at;
  echo = answer.test ?? undefined;
  if (echo !== undefined) duties.heartbeat.now();
  heartbeatSeconds = Math.min(300, Math.max(5, Number(answer.config?.heartbeat_seconds) || 30));
  // The answer is half a round trip old.
  const measured = (asked + Date.now()) / 2 - Date.parse(answer.time);
  const keys = Array.isArray(answer.server_public_keys) ? answer.server_public_keys : [];
  if (answer.revoked_before && made && made < answer.revoked_before) {
    await forget(usher.event_id);
    duties.snapshot.now();
  }
  await keepOfEvent(usher.event_id, (before) => before && { ...before, server_public_keys: keys, clock_offset_ms: Number.isFinite(measured) ? measured : 0 });
}

async function fetchEvent(usher: Person): Promise<void> {
  await keepEvent(await ask<Schemas["UsherEventOut"]>(usher.owner, "GET", `/api/usher/events/${encodeURIComponent(usher.event_id)}/`, undefined, { quiet: true }));
}

async function fetchSnapshot(usher: Person): Promise<void> {
  const known = event.peek();
  if (known?.event_id !== usher.event_id) {
    duties.snapshot.now();
    return;
  }
  fetching.value = known.attendees === undefined;
  try {
    await refresh(usher.owner, (await change(usher.event_id, (before) => before)) ?? known);
  } finally {
    fetching.value = false;
    // Another tab may have fetched it.
    await keepOfEvent(usher.event_id, (before) => before);
  }
  await tidy(usher.owner, usher.event_id, new Date(now()).toISOString());
}

async function fetchHeads(usher: Person): Promise<void> {
  heads.value = await ask(usher.owner, "GET", `/api/usher/events/${encodeURIComponent(usher.event_id)}/status/`, undefined, { quiet: true });
}

const duties = {
  event: new Duty(() => EVENT_MS, fetchEvent),
  heartbeat: new Duty(() => heartbeatSeconds * 1000, report),
  retry: new Duty(() => 1_000, retry),
  send: new Duty(() => (queue.peek().own ? 2_000 : 15_000), async (usher) => {
    await send(usher);
    await counted();
  }),
  snapshot: new Duty(() => SNAPSHOT_MS, fetchSnapshot),
  heads: new Duty(() => COUNTS_MS, fetchHeads),
};

/** Send what waits at once: after a scan of this phone's own, or when the network is back. */
export function sendSoon(): void {
  duties.send.now();
  void beat();
}

async function beat(): Promise<void> {
  const usher = person.peek();
  if (usher === null) return;
  if (!loggedIn() || !reachable()) {
    await duties.retry.beat(usher); // gives up what is too old, also without a network
    return;
  }
  await Promise.all(Object.values(duties).map((duty) => duty.beat(usher)));
}

/** Begin: for each usher who works here, what the phone keeps is read, and the duties are done again and again. */
export function begin(): void {
  effect(() => {
    const usher = person.value;
    heads.value = null;
    barred.value = "";
    event.value = null;
    current.value = null;
    queue.value = { own: 0, others: 0, here: 0 };
    if (usher === null) return;
    void keepOfEvent(usher.event_id, (before) => before);
    void counted(false);
    for (const duty of Object.values(duties)) duty.now();
    queueMicrotask(() => void beat());
  });
  effect(() => {
    // After a log-in in place the work goes on where it was.
    if (session("usher").value === null) return;
    barred.value = "";
    for (const duty of Object.values(duties)) duty.now();
    queueMicrotask(() => void beat());
  });
  effect(() => {
    // The readiness board shows at which gate this phone is.
    void gate.value;
    duties.heartbeat.now();
  });
  addEventListener("online", () => {
    hope();
    for (const duty of Object.values(duties)) duty.now();
    void beat();
  });
  addEventListener("offline", () => (online.value = false));
  document.addEventListener("visibilitychange", () => void beat());
  setInterval(() => void beat(), BEAT_MS);
  // A store that the browser may clear when space is short would lose scans that wait.
  void navigator.storage?.persist?.().catch(() => false);
}

