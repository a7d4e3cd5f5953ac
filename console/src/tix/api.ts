// What all views of Tix share: the API, the caller, deeds that are done once, and the news of the organization.
import { signal } from "@preact/signals";

import { answerOf, connect, deed as onceOnly, leave, type Schemas } from "../ui/api/client.ts";
import { keep } from "../ui/api/session.ts";
import { follow, type Followed } from "../ui/live.ts";

export type Ticket = Schemas["TixTicketOut"];
export type Me = Schemas["TixMeOut"];

export const api = connect("tix");

/** Keep the session of a log-in or a registration. */
export function enter({ token, user }: Schemas["TixLoggedInOut"]): void {
  keep("tix", { access: token, who: { ...user } });
}

export const logOut = (): Promise<void> => leave("tix", () => api.POST("/api/tix/auth/logout", {}));

/** Do a deed once (`ui/api/client.ts`), with its key as a header of the call. */
export function deed<T>(name: string, send: (key: { header: { "Idempotency-Key": string } }) => Promise<T>, keptFor?: number): Promise<T> {
  return onceOnly(name, (header) => send({ header }), keptFor);
}

/** Return the number of a range's end as it is printed. */
export const numberOf = (prefix: string, number: number): string => `${prefix}-${String(number).padStart(6, "0")}`;

/** Return the whole number that was typed; the platform refuses what is none, at its field. */
export const typed = (text = ""): number => (/^\d+$/.test(text.trim()) ? Number(text) : (text.trim() as unknown as number));

// The organization's news

const RECENT = 50;
const NAMES_AT_MOST = 5;

/** The newest scans of the organization, by whom ever they were made. */
export const recent = signal<readonly Ticket[]>([]);
export const liveState = signal<"connecting" | "live" | "polling" | "ended">("connecting");
/** The organization's time zone, in which all times are shown. */
export const zone = signal<string | null>(null);
/** Rises when totals or lists may have changed. */
export const news = signal(0);
/** Names of the members by their ids; null until they are read. */
export const names = signal<ReadonlyMap<string, string> | null>(null);
/** Why the members' names or their scans could not be read; null where they could. */
export const trouble = signal<unknown>(null);

/** Put scans into the list of recent ones, each once. */
export function heardOf(tickets: readonly Ticket[]): void {
  const known = new Map([...recent.peek(), ...tickets].map((each) => [each.id, each]));
  recent.value = [...known.values()].sort((one, other) => (other.scanned_at ?? "").localeCompare(one.scanned_at ?? "")).slice(0, RECENT);
  news.value += 1;
}

async function readRecent(): Promise<void> {
  const page = await answerOf(api.GET("/api/tix/tickets", { params: { query: { filter: "scanned", limit: 100 } } }));
  heardOf(page.tickets);
}

export async function readNames(): Promise<void> {
  const found = new Map(names.peek() ?? []);
  let cursor: string | undefined;
  for (let page = 0; page < NAMES_AT_MOST; page += 1) {
    const { results, next } = await answerOf(api.GET("/api/tix/members", { params: { query: { page_size: 100, cursor } } }));
    for (const each of results) found.set(each.id, each.name);
    if (!next) break;
    cursor = next;
  }
  names.value = found;
}

/** Read the members and what they have scanned. */
export async function readAll(): Promise<void> {
  try {
    if (names.peek() === null) await readNames();
    await readRecent();
    trouble.value = null;
  } catch (problem) {
    trouble.value = problem;
  }
}

/** Follow what the organization's members do, until the returned function is called. */
export function followOrganization(id: string): () => void {
  recent.value = [];
  names.value = null;
  const followed: Followed = follow({
    portal: "tix",
    channel: `org-${id}`,
    take(message) {
      if (message.type === "ticket-scanned") heardOf([message.data as Ticket]);
      else news.value += 1;
    },
    reload: readAll,
  });
  const stop = followed.state.subscribe((state) => (liveState.value = state));
  void readAll();
  return () => {
    stop();
    followed.end();
  };
}
