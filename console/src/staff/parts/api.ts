// The staff's own API: who is logged in, what they may do, and calls that wait for a log-in that ran out.
import { effect, signal } from "@preact/signals";

import { type Answered, answerOf, connect, deed as onceOnly, inWords, leave, Refused } from "../../ui/api/client.ts";
import { session } from "../../ui/api/session.ts";
import { messageOf } from "../../ui/form.tsx";
import { t } from "../../ui/i18n.ts";

export const api = connect("admin");
export const me = session("admin");

export type Permission = "read" | "devices" | "ushers" | "support" | "finance" | "manage" | "own";

/** Whether somebody works here now: an expired session then asks for the password above the page, which stays. */
export const working = signal(me.peek() !== null);
let worker = me.peek()?.who.id;

/** Whether the role of the one who is logged in grants one of these permissions. */
export function may(...wanted: readonly Permission[]): boolean {
  const granted = (me.value?.who.permissions ?? lastGranted) as readonly string[];
  if (me.value !== null) lastGranted = granted;
  return wanted.some((each) => granted.includes(each));
}
let lastGranted: readonly string[] = [];

/** The id of the one who is logged in, or was until the session ran out. */
export const myself = (): string => me.value?.who.id ?? worker ?? "";

type Call<T> = () => Promise<{ data?: T; error?: unknown; response: Response }>;

/** Wait until somebody is logged in, or nobody works here any more. */
function loggedIn(): Promise<void> {
  return new Promise((resolve) => {
    const stop = effect(() => {
      if (me.value === null && working.value) return;
      queueMicrotask(() => stop());
      resolve();
    });
  });
}

/** Whether a request would be answered now: what is read again by the clock waits for no log-in. */
export const isIn = (): boolean => me.peek() !== null;

/** Return what a call answers. Where the session has run out, the call waits for the log-in and is sent again. */
export async function ask<T>(call: Call<T>): Promise<Answered<T>> {
  const before = (worker = me.peek()?.who.id ?? worker);
  try {
    return await answerOf(call());
  } catch (error) {
    const ranOut = error instanceof Refused && error.status === 401 && me.peek() === null && working.peek();
    if (!ranOut) throw error;
    await loggedIn();
    if (!working.peek()) throw error; // left: a later log-in is another visit
    if (me.peek()?.who.id !== before) throw inWords(new Refused(401, "OTHER_PERSON", ""), () => t("staff.session.other"));
    return answerOf(call());
  }
}

/**
 * Do a deed that moves money, stock, tickets or admissions: once, also when it is sent again after a lost answer.
 * `body` is what is sent: another body is another deed.
 */
export function deed<T>(name: string, body: unknown, call: (headers: { "Idempotency-Key": string }) => ReturnType<Call<T>>): Promise<Answered<T>> {
  return onceOnly(`staff.${name}.${JSON.stringify(body ?? null)}`, (headers) => ask(() => call(headers)));
}

/** The longest value of a present state that is said, in characters. */
const MOST_SAID = 100;

/** Return a conflict with the present state in words: of `present`, else of what its details name. */
export function withPresent(error: unknown): unknown {
  if (!(error instanceof Refused) || error.status !== 409) return error;
  const { present } = (error.body as { error?: { present?: Record<string, unknown> } } | null)?.error ?? {};
  const facts = present ? Object.entries(present) : error.details.map(({ field, message }) => [field, message] as const);
  const said = facts.flatMap(([field, value]) => {
    const words = present && field === "version" ? null : inShort(value);
    return words === null ? [] : [`${field.replaceAll("_", " ")}: ${words || "–"}`];
  });
  if (said.length === 0) return error;
  return inWords(new Refused(409, error.code, "", [], error.requestId), () => `${messageOf(error)} ${t("staff.present", { state: said.join("; ") })}`);
}

/** Return a value in a few words; null for what has no short ones. */
function inShort(value: unknown): string | null {
  if (value === null) return "";
  if (Array.isArray(value)) return value.every((each) => typeof each === "string") ? inShort(value.join(", ")) : null;
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") return null;
  const text = String(value);
  return text.length > MOST_SAID ? null : text;
}

/** End the session here and at the platform. */
export async function logOut(): Promise<void> {
  working.value = false;
  await leave("admin", () => api.POST("/api/auth/logout/"));
  worker = undefined;
}

/** Filters and cursor as a query. The platform checks them, and names those that it does not know. */
export function asked(filters: Readonly<Record<string, string | undefined>>, cursor?: string): never {
  return { ...filters, cursor } as never;
}
