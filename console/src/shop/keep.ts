// What the shop keeps on this device: tickets that were opened, for when the network is lost. It is kept for one
// account, and erased as soon as that account's session ends here.
import { session } from "../ui/api/session.ts";
import { now } from "../ui/now.ts";

import type { ShopEvent, Ticket } from "./api.ts";

export interface KeptTicket {
  ticket: Ticket;
  /** The picture of its code as a `data:` address, and the text in it. */
  image: string;
  payload: string;
  event: Pick<ShopEvent, "timezone" | "ends_at" | "venue"> | null;
  at: string;
}

/** What the platform answered to a deed and shows nowhere else: a gift that waits, a refund that was asked for. */
export interface Note {
  kind: "gift" | "refund";
  /** The receiver's number or name; the amount of a refund. */
  about: string;
  at: string;
}

interface Kept {
  tickets: Record<string, KeptTicket>;
  notes: Record<string, Note>;
}

const PREFIX = "gatehouse.shop.kept.";
const nameOf = (): string | null => {
  const who = session("webapp").peek()?.who.id;
  return who ? PREFIX + who : null;
};

function read(): Kept {
  const nothing: Kept = { tickets: {}, notes: {} };
  try {
    const name = nameOf();
    const text = name === null ? null : localStorage.getItem(name);
    return text === null ? nothing : { ...nothing, ...(JSON.parse(text) as Partial<Kept>) };
  } catch {
    return nothing;
  }
}

function write(kept: Kept): void {
  try {
    const name = nameOf();
    if (name !== null) localStorage.setItem(name, JSON.stringify(kept));
  } catch {
    // no room or no storage: the ticket is shown from the network only
  }
}

export const keptTicket = (id: string): KeptTicket | null => read().tickets[id] ?? null;

/** The tickets that were opened here, the next event first. */
export function keptTickets(): KeptTicket[] {
  return Object.values(read().tickets).sort((one, other) => one.ticket.event.starts_at.localeCompare(other.ticket.event.starts_at));
}

/** Keep a ticket with its code. Those of events that ended two days ago are dropped. */
export function keepTicket(opened: KeptTicket): void {
  const kept = read();
  const over = new Date(now() - 2 * 86_400_000).toISOString();
  const current = Object.entries(kept.tickets).filter(([, { ticket, event }]) => (event?.ends_at ?? ticket.event.starts_at) > over);
  write({ ...kept, tickets: { ...Object.fromEntries(current), [opened.ticket.id]: opened } });
}

/** Drop a ticket that was given away or cannot be used any more: its old code must not be shown. */
export function dropTicket(id: string): void {
  const kept = read();
  if (!(id in kept.tickets)) return;
  delete kept.tickets[id];
  write(kept);
}

export const noteOf = (ticketId: string): Note | null => read().notes[ticketId] ?? null;

export function note(ticketId: string, said: Note | null): void {
  const kept = read();
  if (said === null) delete kept.notes[ticketId];
  else kept.notes[ticketId] = said;
  write(kept);
}

function eraseFrom(storage: Storage, starts: readonly string[]): void {
  const names = Array.from({ length: storage.length }, (_, place) => storage.key(place) ?? "");
  for (const name of names) if (starts.some((start) => name.startsWith(start))) storage.removeItem(name);
}

/** Erase what this device keeps of accounts; at a log-out also what was typed or begun. */
export function erase({ drafts }: { drafts: boolean }): void {
  try {
    eraseFrom(localStorage, [PREFIX]);
    if (drafts) eraseFrom(sessionStorage, ["gatehouse.draft.", "gatehouse.once."]);
  } catch {
    // nothing is kept where there is no storage
  }
}

/** Forget the keys of deeds whose names begin like this. */
export function forgetDeeds(start: string): void {
  try {
    eraseFrom(sessionStorage, [`gatehouse.once.${start}`]);
  } catch {
    // nothing was kept
  }
}

/** Read and write a value that survives a reload of this tab. */
export function drafted<T>(name: string): T | null {
  try {
    return JSON.parse(sessionStorage.getItem(`gatehouse.draft.${name}`) ?? "null") as T | null;
  } catch {
    return null;
  }
}

export function draft(name: string, value: unknown): void {
  try {
    if (value === null) sessionStorage.removeItem(`gatehouse.draft.${name}`);
    else sessionStorage.setItem(`gatehouse.draft.${name}`, JSON.stringify(value));
  } catch {
    // kept for as long as the view
  }
}
