// The routes that a search asks, all at once; a role asks only what it may read.
import { Refused } from "../../ui/api/client.ts";
import { api, ask, asked, may, type Permission } from "../parts/api.ts";
import { placeOf } from "../parts/shown.tsx";

import { recognize, type Kind, type Typed } from "./forms.ts";

/** One thing that was found. */
export interface Hit {
  to: string;
  /** Its name or number. */
  name: string;
  /** What tells it from others of its kind. */
  about: readonly (string | null | undefined)[];
  state?: string;
}
export type Group = "customers" | "tickets" | "cards" | "orders" | "devices" | "events" | "users" | "venues";
export interface Found {
  group: Group;
  hits: readonly Hit[];
  more: boolean;
  error: unknown;
}

const SIZE = "8";
const seen = (text: string): never => asked({ search: text, page_size: SIZE });
type Answer = { hits: Hit[]; more: boolean };
type Asking = readonly [group: Group, answer: Promise<Answer>];

/** Return the order's own part of its tickets' numbers: they begin with the end of its id. */
export const orderStem = (orderId: string): string => orderId.slice(-8);

async function customers(text: string): Promise<Answer> {
  const page = await ask(() => api.GET("/api/customers/", { params: { query: seen(text) } }));
  return {
    hits: page.results.map((each) => ({ to: `/staff/customers/${each.id}`, name: each.name, about: [each.mobile_number, each.email], state: each.status })),
    more: Boolean(page.next),
  };
}

/** Ask with each spelling of a phone number, and return each customer once. */
async function customersByPhone(spellings: readonly string[]): Promise<Answer> {
  const answers = await Promise.all(spellings.map(customers));
  const hits = new Map(answers.flatMap((each) => each.hits).map((hit) => [hit.to, hit]));
  return { hits: [...hits.values()], more: answers.some((each) => each.more) };
}

async function tickets(text: string): Promise<Answer> {
  const page = await ask(() => api.GET("/api/tickets/", { params: { query: seen(text) } }));
  return {
    hits: page.results.map((each) => ({ to: `/staff/tickets/${each.id}`, name: each.number, about: [each.holder_name, each.tier], state: each.status })),
    more: Boolean(page.next),
  };
}

async function cards(text: string): Promise<Answer> {
  const page = await ask(() => api.GET("/api/nfc-cards/", { params: { query: seen(text) } }));
  return { hits: page.results.map((each) => ({ to: `/staff/cards/${each.id}`, name: each.uid, about: [each.type], state: each.status })), more: Boolean(page.next) };
}

async function users(text: string): Promise<Answer> {
  const page = await ask(() => api.GET("/api/users/", { params: { query: seen(text) } }));
  return {
    hits: page.results.map((each) => ({
      to: `/staff/users/${each.id}`,
      name: each.name,
      about: [each.type, each.mobile_number ?? each.email ?? each.username],
      state: each.status,
    })),
    more: Boolean(page.next),
  };
}

async function devices(text: string): Promise<Answer> {
  const page = await ask(() => api.GET("/api/devices/", { params: { query: seen(text) } }));
  return {
    hits: page.results.map((each) => ({ to: `/staff/devices/${each.id}`, name: each.name, about: [each.gate, each.kind], state: each.status })),
    more: Boolean(page.next),
  };
}

async function events(text: string): Promise<Answer> {
  const page = await ask(() => api.GET("/api/events/", { params: { query: seen(text) } }));
  return {
    hits: page.results.map((each) => ({ to: `/staff/events/${each.id}`, name: each.title, about: [each.organizer_name, each.venue?.name], state: each.status })),
    more: Boolean(page.next),
  };
}

async function venues(text: string): Promise<Answer> {
  const page = await ask(() => api.GET("/api/venues/", { params: { query: seen(text) } }));
  return { hits: page.results.map((each) => ({ to: `/staff/venues/${each.id}`, name: each.name, about: [each.city] })), more: Boolean(page.next) };
}

/** Return the orders whose tickets have numbers that begin like this. */
async function orders(text: string, orderId?: string): Promise<Answer> {
  const page = await ask(() => api.GET("/api/tickets/", { params: { query: asked({ search: text, page_size: "100" }) } }));
  const found = new Map<string, number>();
  for (const { booking_id: id } of page.results) if (id && (!orderId || id === orderId)) found.set(id, (found.get(id) ?? 0) + 1);
  return { hits: [...found].map(([id]) => ({ to: `/staff/orders/${id}`, name: id, about: [] })), more: false };
}

// Things that are read by their id; the others have a list alone.
const BY_ID: Readonly<Record<string, readonly [Group, (id: string) => Promise<Hit>]>> = {
  cus: ["customers", async (id) => one(await ask(() => api.GET("/api/customers/{customer_id}/", { params: { path: { customer_id: id } } })))],
  tkt: ["tickets", async (id) => one(await ask(() => api.GET("/api/tickets/{ticket_id}/", { params: { path: { ticket_id: id } } })))],
  crd: ["cards", async (id) => one(await ask(() => api.GET("/api/nfc-cards/{card_id}/", { params: { path: { card_id: id } } })))],
  evt: ["events", async (id) => one(await ask(() => api.GET("/api/events/{event_id}/", { params: { path: { event_id: id } } })))],
  ven: ["venues", async (id) => one(await ask(() => api.GET("/api/venues/{venue_id}/", { params: { path: { venue_id: id } } })))],
  ...Object.fromEntries(
    ["org", "mer", "ush", "adm"].map((kind) => [
      kind,
      ["users", async (id: string) => one(await ask(() => api.GET("/api/users/{user_id}/", { params: { path: { user_id: id } } })))] as const,
    ]),
  ),
};

interface Named {
  id: string;
  name?: string;
  title?: string;
  number?: string;
  uid?: string;
  status?: string;
  mobile_number?: string | null;
  holder_name?: string;
}
function one(thing: Named): Hit {
  const name = thing.number ?? thing.uid ?? thing.title ?? thing.name ?? thing.id;
  return { to: placeOf(thing.id) ?? "/staff", name, about: [thing.holder_name, thing.mobile_number], state: thing.status };
}

async function byId(read: (id: string) => Promise<Hit>, id: string): Promise<Answer> {
  try {
    return { hits: [await read(id)], more: false };
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return { hits: [], more: false };
    throw error;
  }
}

/** Return a device by its id: devices have no address of their own, so their list is read through. */
export async function deviceById(id: string): Promise<Awaited<ReturnType<typeof devicePage>>["results"][number] | null> {
  let cursor: string | undefined;
  do {
    const page = await devicePage(cursor);
    const found = page.results.find((each) => each.id === id);
    if (found) return found;
    cursor = page.next ?? undefined;
  } while (cursor);
  return null;
}
const devicePage = (cursor: string | undefined) => ask(() => api.GET("/api/devices/", { params: { query: asked({ page_size: "100" }, cursor) } }));

function askingById(id: string): Asking[] {
  const prefix = id.slice(0, 3);
  if (prefix === "ord") return may("read", "support") ? [["orders", orders(orderStem(id), id)]] : [];
  if (prefix === "dev") {
    if (!may("devices", "read")) return [];
    return [["devices", deviceById(id).then((each) => ({ hits: each ? [one(each)] : [], more: false }))]];
  }
  const known = BY_ID[prefix];
  const allowed = known && (known[0] === "users" ? may("read", "ushers") : known[0] === "events" || known[0] === "venues" ? may("read") : may("read", "support"));
  return known && allowed ? [[known[0], byId(known[1], id)]] : [];
}

type Way = readonly [group: Group, kinds: readonly Kind[], needs: readonly Permission[], ask: (typed: Typed) => Promise<Answer>];

const PEOPLE: readonly Permission[] = ["read", "support"];
const WAYS: readonly Way[] = [
  ["customers", ["phone"], PEOPLE, ({ phones }) => customersByPhone(phones)],
  ["customers", ["email", "name"], PEOPLE, ({ text }) => customers(text)],
  ["tickets", ["number"], PEOPLE, ({ text }) => tickets(text)],
  ["orders", ["number"], PEOPLE, ({ text }) => orders(text)],
  ["cards", ["uid"], PEOPLE, ({ uid }) => cards(uid)],
  ["users", ["email", "name"], ["read"], ({ text }) => users(text)],
  ["users", ["phone"], ["read"], ({ text, phones }) => users(phones[0] ?? text)],
  ["events", ["name"], ["read"], ({ text }) => events(text)],
  ["devices", ["name"], ["devices", "read"], ({ text }) => devices(text)],
  ["venues", ["name"], ["read"], ({ text }) => venues(text)],
];

function askings(typed: Typed): Asking[] {
  if (typed.kinds.includes("id")) return askingById(typed.text);
  const wanted = WAYS.filter(([, kinds, needs]) => may(...needs) && kinds.some((each) => typed.kinds.includes(each)));
  return wanted.map(([group, , , asking]) => [group, asking(typed)]);
}

/** Return how a text was understood, and what each route found; one that fails hides none of the others. */
export async function search(typed: string): Promise<{ typed: Typed; found: readonly Found[] }> {
  const understood = recognize(typed);
  const wanted = askings(understood);
  const answers = await Promise.allSettled(wanted.map(([, answer]) => answer));
  const found = answers.map((answer, place): Found => {
    const group = wanted[place]?.[0] ?? "customers";
    return answer.status === "fulfilled" ? { group, ...answer.value, error: null } : { group, hits: [], more: false, error: answer.reason };
  });
  return { typed: understood, found };
}
