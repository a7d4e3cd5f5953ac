// The API with the types of its own document. `schema.ts` is generated from the document and is not kept.
import createClient, { type Client, type Middleware } from "openapi-fetch";

import { t } from "../i18n.ts";
import { learn } from "../now.ts";

import { hasEnded, keep, latest, type Portal, type Session } from "./session.ts";
import type { components, paths } from "./schema.ts";

export type Schemas = components["schemas"];
export type Api = Client<paths, "application/json">;

/** What is wrong with a field. */
export interface Detail {
  readonly field: string;
  readonly message: string;
}

/** A refusal of the platform, or a fault: `code` is for programs, `message` for people. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly details: readonly Detail[] = [],
    readonly requestId: string | null = null,
    /** Seconds to wait, of a 429 or 503. */
    readonly retryAfter: number | null = null,
    /** The whole body: some refusals of Tix and campus carry more. */
    readonly body: unknown = null,
  ) {
    super(message);
  }
}

/** Return an error with a page's own words, which follow its language. */
export function inWords<E extends Error>(error: E, words: () => string): E {
  return Object.defineProperty(error, "message", { get: words });
}

/** Return a refusal of the page itself: what is wrong with a field, before anything is sent. */
export function refusedAt(field: string, words: () => string): Refused {
  const detail: Detail = {
    field,
    get message() {
      return words();
    },
  };
  return inWords(new Refused(400, "VALIDATION_ERROR", "", [detail]), words);
}

/** The request got no answer: no network, or no platform at its other end. */
export class Unreachable extends Error {}

interface Refresh {
  path: string;
  /** Campus keeps its refresh token; the others rotate it. */
  rotates: boolean;
}
const REFRESHES: Readonly<Record<Portal, Refresh | null>> = {
  webapp: { path: "/api/v1/users/token/refresh/", rotates: true },
  usher: { path: "/api/usher/token/refresh/", rotates: true },
  organizer: { path: "/api/organizer/token/refresh/", rotates: true },
  merchant: { path: "/api/merchant/token/refresh/", rotates: true },
  admin: { path: "/api/auth/refresh/", rotates: true },
  campus: { path: "/api/campus/auth/refresh/", rotates: false },
  tix: null, // its token lives for twelve hours, and there is none to refresh it
};

/** Say what to do about an answer that is not the platform's own, such as one of the gateway before it. */
function wordsOf(status: number): string {
  const known = status === 429 ? "many" : status === 413 ? "large" : status >= 500 ? "fault" : "other";
  return t(`ui.answer.${known}`, { status });
}

/** Return a refusal made of an answer's body, whichever of the two envelopes it has. */
export function refusalOf(response: Response, body: unknown): Refused {
  const said = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  const inner = (typeof said.error === "object" && said.error !== null ? said.error : said) as Record<string, unknown>;
  const text = typeof said.error === "string" ? said.error : inner.message;
  const wait = Number(response.headers.get("Retry-After"));
  const own = typeof inner.code === "string" && typeof text === "string" ? text : null;
  const refused = new Refused(
    response.status,
    typeof inner.code === "string" ? inner.code : "UNKNOWN",
    own ?? "",
    Array.isArray(inner.details) ? (inner.details as Detail[]) : [],
    response.headers.get("X-Request-Id"),
    Number.isFinite(wait) && wait > 0 ? Math.min(wait, 3600) : null,
    body,
  );
  return own === null ? inWords(refused, () => wordsOf(response.status)) : refused;
}

/** What a list answers without a `format`: its page, and no job that writes a file. */
export type Answered<T> = [Exclude<T, Schemas["AdminExportOut"]>] extends [never] ? T : Exclude<T, Schemas["AdminExportOut"]>;

/** Return what a call answers. Raises Refused and Unreachable. */
export async function answerOf<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<Answered<T>> {
  const { data, error, response } = await call.catch((cause: unknown) => {
    // A body that ends in its middle, or that is no JSON of the platform, is no answer.
    throw cause instanceof TypeError || cause instanceof SyntaxError ? new Unreachable("The answer did not arrive whole.", { cause }) : cause;
  });
  if (!response.ok) throw refusalOf(response, error);
  return data as Answered<T>;
}

/** Return the answer of a route that answers a file's job where a file was asked for (`ui/file.ts` reads those). */
export function shown<T extends object>(answer: T | Schemas["OrganizerFileJobOut"]): T {
  if ("job_id" in answer) throw new Error("no file was asked for");
  return answer;
}

const sending: typeof fetch = async (input, init) => {
  const sentAt = Date.now();
  let response: Response;
  try {
    response = await fetch(input, init);
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw new Unreachable("The platform cannot be reached.", { cause });
  }
  // A network that wants a log-in of its own answers everything by its page: nothing was done, and no file has come.
  if (response.ok && response.headers.get("Content-Type")?.startsWith("text/html")) throw new Unreachable("A page of the network has answered.");
  learn(response, sentAt);
  return response;
};

async function exchanged(portal: Portal, { path, rotates }: Refresh, spent: string): Promise<string | null> {
  const before = latest(portal);
  if (before === null) return null;
  if (before.access !== spent) return before.access; // another tab, or another request, was first
  if (before.refresh === undefined && before.csrf === undefined) {
    keep(portal, null);
    return null;
  }
  const response = await sending(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...(before.csrf === undefined ? {} : { "X-CSRF-Token": before.csrf }) },
    body: JSON.stringify({ refresh: before.refresh }), // left out where it is in the cookie
  });
  const refusal = response.ok ? null : refusalOf(response, await response.json().catch(() => null));
  // A firewall or a captive portal refuses too, without a code: that ends nobody's session.
  if (refusal !== null && refusal.code !== "UNKNOWN" && (refusal.status === 401 || refusal.status === 403)) {
    keep(portal, null);
    return null;
  }
  if (refusal !== null) throw refusal;
  return kept(portal, before, { ...((await response.json()) as Pair), rotates });
}

interface Pair {
  access: string;
  refresh?: string | null;
  csrf_token?: string | null;
}

/** Keep a fresh pair in the place of the one that was spent, unless that has ended or is somebody else's by now. */
function kept(portal: Portal, spent: Session, pair: Pair & { rotates: boolean }): string | null {
  const now = latest(portal);
  if (now?.access !== spent.access) return now?.access ?? null;
  const refresh = pair.rotates ? (pair.refresh ?? undefined) : spent.refresh;
  keep(portal, { ...spent, access: pair.access, refresh, csrf: pair.csrf_token ?? undefined });
  return pair.access;
}

/** Exchange the refresh token once over all tabs, since a spent one ends the whole session. */
export async function refreshed(portal: Portal, spent: string): Promise<string | null> {
  const refresh = REFRESHES[portal];
  if (refresh === null) {
    keep(portal, null);
    return null;
  }
  const exchange = (): Promise<string | null> => exchanged(portal, refresh, spent);
  return navigator.locks ? await navigator.locks.request(`gatehouse.refresh.${portal}`, exchange) : await exchange();
}

/** Whether a 401 is about a password or code in the request: the token was good, and another try would count again. */
async function isOfDeed(response: Response): Promise<boolean> {
  const body: unknown = await response.clone().json().catch(() => null);
  return refusalOf(response, body).code === "INVALID_CREDENTIALS";
}

/** Send a request with the portal's token. An expired token is exchanged and the request sent once more. */
export async function authorized(portal: Portal, request: Request): Promise<Response> {
  const access = latest(portal)?.access;
  if (access === undefined) return sending(request);
  const again = request.clone();
  request.headers.set("Authorization", `Bearer ${access}`);
  const response = await sending(request);
  if (response.status !== 401 || (await isOfDeed(response))) return response;
  const next = await refreshed(portal, access);
  if (next === null) return response;
  again.headers.set("Authorization", `Bearer ${next}`);
  return sending(again);
}

/** End a session at the platform and here; here it ends also where the platform cannot be reached: there it ends by itself. */
export async function leave(portal: Portal, logOut: () => Promise<unknown>): Promise<void> {
  await logOut().catch(() => undefined);
  keep(portal, null);
  hasEnded.value = false;
}

const clients = new Map<Portal | null, Api>();

/** Return the API as a portal's principal; null for routes that anybody may call. */
export function connect(portal: Portal | null): Api {
  const found = clients.get(portal);
  if (found !== undefined) return found;
  const client = createClient<paths, "application/json">({
    baseUrl: "",
    fetch: (request) => (portal === null ? sending(request) : authorized(portal, request)),
  });
  client.use(unquoted);
  clients.set(portal, client);
  return client;
}

// Left-out filters: the platform refuses an empty value of an enumerated one.
const unquoted: Middleware = {
  onRequest({ request }) {
    const url = new URL(request.url);
    let changed = false;
    for (const [name, value] of [...url.searchParams]) {
      if (value === "") {
        url.searchParams.delete(name);
        changed = true;
      }
    }
    return changed ? new Request(url, request) : undefined;
  },
};

// Where the browser keeps nothing, or has no room, keys live as long as the page.
const keys = new Map<string, string>();

/**
 * Return the `Idempotency-Key` of one deed: the same until `done(deed)`, also after a reload, so that a repeated
 * click or a lost answer moves money once. `deed` names it with its target and what is sent, such as `book:evt_1:2`.
 * After `keptFor` milliseconds the same is another deed.
 */
export function once(deed: string, keptFor = Infinity): string {
  const name = `gatehouse.once.${deed}`;
  const kept = keptKey(name);
  // A key begins with the time at which it was made.
  if (kept !== null && parseInt(kept, 36) > Date.now() - keptFor) return kept;
  const made = `${Date.now().toString(36)}.${crypto.randomUUID()}`;
  keys.set(name, made);
  try {
    sessionStorage.setItem(name, made);
    keys.delete(name);
  } catch {
    // no storage
  }
  return made;
}

function keptKey(name: string): string | null {
  try {
    return keys.get(name) ?? sessionStorage.getItem(name);
  } catch {
    return null;
  }
}

/** Forget the key of a deed that has its final answer. */
export function done(deed: string): void {
  keys.delete(`gatehouse.once.${deed}`);
  try {
    sessionStorage.removeItem(`gatehouse.once.${deed}`);
  } catch {
    // nothing was kept
  }
}

// Refusals that say nothing of the deed: the platform keeps none of them as the answer of a key.
const UNDECIDED = new Set([401, 408, 425, 429]);

/** Whether an error says for good that a deed was not done. */
export function isFinal(error: unknown): boolean {
  return error instanceof Refused && error.status < 500 && !UNDECIDED.has(error.status) && error.retryAfter === null && error.code !== "IDEMPOTENCY_IN_PROGRESS";
}

/**
 * Do something once, however often it is sent; `name` says what, with all that is sent. Its key is kept until an answer
 * decides it: a refusal is the answer of its key for days, and what was refused may be right later. After `keptFor`
 * milliseconds the same is another deed. Raises Refused, Unreachable.
 */
export async function deed<T>(name: string, send: (key: { "Idempotency-Key": string }) => Promise<T>, keptFor = Infinity): Promise<T> {
  try {
    const answer = await send({ "Idempotency-Key": once(name, keptFor) });
    done(name);
    return answer;
  } catch (error) {
    if (isFinal(error)) done(name);
    throw error;
  }
}
