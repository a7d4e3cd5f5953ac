// Requests of the gate: each with the session of its own usher, a limit of time, and no trust in what comes back.
import { signal } from "@preact/signals";

import { refreshed, Refused, refusalOf, Unreachable } from "../ui/api/client.ts";
import { latest, type Session } from "../ui/api/session.ts";
import { saidOfRefusal } from "../ui/i18n.ts";
import { Said } from "../ui/said.ts";
import { learn } from "../ui/now.ts";

import { personOf } from "./person.ts";

/** There is no session of this usher now: what waits is kept for the next one. */
export class NoSession extends Error {}

/** The platform says that this usher or phone may not work here; its words say why. */
export const barred = new Said();
/** Whether the last request got an answer of the platform. */
export const online = signal(navigator.onLine);

const SHORTEST_MS = 2_000;
// A Retry-After may name a century: a gate asks again soon.
const LONGEST_MS = 8_000;
let pause = 0;
let tryAt = 0;

/** Whether a request is worth its time now: not right after one that got no answer. */
export const reachable = (): boolean => performance.now() >= tryAt && navigator.onLine;

function failed(seconds: number | null): void {
  pause = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, pause * 2, (seconds ?? 0) * 1000));
  tryAt = performance.now() + pause;
  online.value = false;
}

function worked(): void {
  pause = 0;
  tryAt = 0;
  online.value = true;
}

/** Forget earlier failures: the browser says that there is a network again. */
export function hope(): void {
  tryAt = 0;
}

/** Raise NoSession where this usher has no session any more. */
export function stays(owner: string): Session {
  const session = latest("usher");
  // Another usher may have logged in meanwhile, also in another tab: nobody sends another's scans.
  if (session === null || personOf(session)?.owner !== owner) throw new NoSession("log in");
  return session;
}

async function sent(owner: string, path: string, init: RequestInit & { milliseconds: number }): Promise<Response> {
  const { milliseconds, ...rest } = init;
  for (let turn = 0; ; turn += 1) {
    const session = stays(owner);
    const headers = new Headers(rest.headers);
    headers.set("Authorization", `Bearer ${session.access}`);
    const sentAt = Date.now();
    const response = await fetch(path, { ...rest, headers, signal: AbortSignal.timeout(milliseconds) });
    learn(response, sentAt);
    if (response.status !== 401) return response;
    if (turn > 0 || (await refreshed("usher", session.access)) === null) throw new NoSession("log in");
  }
}

/** Whether a refusal says nothing about the usher or the scan: a fault, or that of a firewall, which has no code. */
const isForeign = ({ status, code }: Refused): boolean => status >= 500 || status === 429 || code === "UNKNOWN";

/**
 * Send a request as an usher, and return what the platform answered. Raises Refused for its refusals, NoSession, and
 * Unreachable for everything that is no answer of the platform: no network, 5xx, 429, a page or the JSON of a proxy.
 */
export async function ask<T>(owner: string, method: "GET" | "POST", path: string, body?: unknown, { milliseconds = 10_000, quiet = false } = {}): Promise<T> {
  let response: Response;
  let said: unknown;
  try {
    const more = body === undefined ? {} : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
    response = await sent(owner, path, { method, ...more, milliseconds });
    said = await response.json();
  } catch (error) {
    if (error instanceof NoSession) throw error;
    failed(error instanceof Refused ? error.retryAfter : null);
    throw new Unreachable("no answer", { cause: error });
  }
  return taken(response, said as T, quiet);
}

/** Return what the platform answered, and note what it says of the road and of the usher. */
function taken<T>(response: Response, said: T, quiet: boolean): T {
  const refusal = response.ok ? null : refusalOf(response, said);
  if (typeof said !== "object" || said === null || (refusal !== null && isForeign(refusal))) {
    // A background request that is put off says nothing about scans.
    if (!quiet) failed(refusal?.retryAfter ?? null);
    throw new Unreachable(refusal?.message ?? "no answer", { cause: refusal });
  }
  worked();
  if (refusal === null) {
    barred.value = "";
    return said;
  }
  if (refusal.status === 403) barred.value = () => saidOfRefusal(refusal.code, refusal.message, false);
  throw refusal;
}
