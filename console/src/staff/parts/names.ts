// Names of what lists name by an id alone: each is read once, a few at a time, and the id stands until then.
import { signal } from "@preact/signals";

import { api, ask, may } from "./api.ts";

const names = signal<ReadonlyMap<string, string>>(new Map());
const wanted: string[] = [];
const begun = new Set<string>();
const AT_ONCE = 3;
let running = 0;

type Reader = (id: string) => Promise<string>;

const customer: Reader = async (id) => (await ask(() => api.GET("/api/customers/{customer_id}/", { params: { path: { customer_id: id } } }))).name;
const event: Reader = async (id) => (await ask(() => api.GET("/api/events/{event_id}/", { params: { path: { event_id: id } } }))).title;
const user: Reader = async (id) => (await ask(() => api.GET("/api/users/{user_id}/", { params: { path: { user_id: id } } }))).name;
const ticket: Reader = async (id) => (await ask(() => api.GET("/api/tickets/{ticket_id}/", { params: { path: { ticket_id: id } } }))).number;
const card: Reader = async (id) => (await ask(() => api.GET("/api/nfc-cards/{card_id}/", { params: { path: { card_id: id } } }))).uid;

function readerOf(id: string): Reader | null {
  const kind = id.split("_")[0] ?? "";
  if (kind === "evt") return may("read") ? event : null;
  if (kind === "adm" || kind === "org" || kind === "mer") return may("read") ? user : null;
  if (kind === "ush") return may("read", "ushers") ? user : null;
  if (!may("read", "support")) return null;
  return { cus: customer, tkt: ticket, crd: card }[kind] ?? null;
}

async function work(): Promise<void> {
  running += 1;
  for (let id = wanted.shift(); id !== undefined; id = wanted.shift()) {
    try {
      const name = await readerOf(id)?.(id);
      if (name) names.value = new Map(names.value).set(id, name);
    } catch {
      // Gone, or not for this role: the id stays.
    }
  }
  running -= 1;
}

/** Return the name of a thing where it is known; ask for it otherwise. Read within a view. */
export function nameOf(id: string): string | null {
  const found = names.value.get(id);
  if (found !== undefined) return found;
  if (!begun.has(id) && readerOf(id) !== null) {
    begun.add(id);
    wanted.push(id);
    if (running < AT_ONCE) queueMicrotask(() => void work());
  }
  return null;
}
