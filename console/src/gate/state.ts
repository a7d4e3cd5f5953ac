// What the views show: the last verdict, the queue, the data, and what is wrong with this phone.
import { signal } from "@preact/signals";

import type { Direction, Kind } from "./rule.ts";
import { kept, person } from "./person.ts";
import { change, waiting, type Entry, type EventShown, type KeptEvent } from "./store.ts";

export type Mode = Kind | "count";

/** The scan whose verdict is shown; the next one replaces it. */
export const current = signal<Entry | null>(null);
/** How many scans are being decided. */
export const deciding = signal(0);
/** Whether something was read after the verdict that is shown: that verdict is of somebody before. */
export const isFormer = signal(false);
/** What is known of the event. */
export const event = signal<KeptEvent | null>(null);
/** How many scans wait on this phone: of this usher, of others, and of all at this event. */
export const queue = signal({ own: 0, others: 0, here: 0 });
/** Rises when the list of the last scans changes. */
export const listed = signal(0);
/** Why this phone cannot keep scans, in the browser's words; empty while it can. */
export const storageProblem = signal("");
/** What the platform found of this phone's own decisions since the page was opened. */
export const corrections = signal(0);

export const mode = signal<Mode>("scan");
export const direction = kept<Direction>("direction", "entry");
export const gate = kept<string | null>("gate", null);
export const sound = kept("sound", true);
/** Why somebody leaves, in the usher's words. */
export const leaveReason = signal("");

const channel = "BroadcastChannel" in globalThis ? new BroadcastChannel("gatehouse.gate") : null;

/** Count the queue again, here and in the other tabs. */
export async function counted(tellOthers = true): Promise<void> {
  const owner = person.peek()?.owner;
  if (owner === undefined) return;
  try {
    queue.value = await waiting(owner);
    listed.value += 1;
  } catch (error) {
    storageFailed(error);
  }
  if (tellOthers) channel?.postMessage("counted");
}

/** Follow what the other tabs do. */
export function followTabs(): void {
  if (channel !== null) channel.onmessage = () => void counted(false);
}

/** Say that this phone cannot keep scans. */
export function storageFailed(error: unknown): void {
  const name = error instanceof DOMException || error instanceof Error ? error.name : String(error);
  storageProblem.value = name || "error";
}

const fresh = (shown: EventShown): KeptEvent => ({ event_id: shown.id, event: shown, server_public_keys: [], clock_offset_ms: 0, seq: 0 });

/** Keep an event as the platform shows it now. */
export async function keepEvent(shown: EventShown): Promise<void> {
  await keepOfEvent(shown.id, (before) => (before === undefined ? fresh(shown) : { ...before, event: shown }));
}

/** Change what is kept of the event, and show it; where nothing can be stored it is kept in the page. */
export async function keepOfEvent(eventId: string, by: (before: KeptEvent | undefined) => KeptEvent | undefined): Promise<void> {
  let next: KeptEvent | undefined;
  try {
    next = await change(eventId, by);
  } catch (error) {
    storageFailed(error);
    const held = event.peek();
    next = by(held?.event_id === eventId ? held : undefined);
  }
  if (next !== undefined && person.peek()?.event_id === eventId) event.value = next;
}
