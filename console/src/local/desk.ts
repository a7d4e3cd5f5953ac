// What a local run serves under `/_local`: the platform's own routes know nothing of it.
import { refusalOf, Unreachable } from "../ui/api/client.ts";
import type { Portal } from "../ui/api/session.ts";

export interface Message {
  channel: "sms" | "email";
  to: string;
  body: string;
  subject?: string;
  attachments?: readonly string[];
  sent_at: string;
}

export interface Account {
  portal: Portal;
  role: string;
  name: string;
  password: string;
  event_id?: string;
}

export interface Demo {
  accounts: readonly Account[];
  cards: readonly { uid: string; of: string }[];
}

export interface Cost {
  calls: number;
  dynamodb_requests: number;
  read_units: number;
  write_units: number;
}

export interface Usage {
  since: string;
  requests: Readonly<Record<string, Cost>>;
  background: Readonly<Record<string, Cost>>;
}

export interface Schedule {
  name: string;
  period_s: number | null;
  ran_at: string | null;
}

export interface Tap {
  sequence: number;
  what: string;
  scanned_at: string;
  state: "pending" | "dead" | "done";
  at_gate: string | null;
  result: string | null;
}

export interface Verdict {
  result: string;
  by?: "platform" | "gate" | "hub";
  reason?: string;
  why?: string;
  attendee?: { name?: string | null };
  ticket?: { tier?: string | null; number?: string | null };
}

export interface Agent {
  id: string;
  gate: string;
  device_id: string;
  connected: boolean;
  error?: string;
  state?: { queue_depth: number; dead_letters: number; reader_open: boolean; alarm: string | null; snapshot: { tickets?: number; generated_at: string | null } };
  taps?: readonly Tap[];
  screen?: readonly string[];
  verdict?: Verdict;
}

export interface Agents {
  /** What to do where no agent can be started here. */
  missing: string | null;
  gates: readonly string[];
  most: number;
  agents: readonly Agent[];
}

async function ask<T>(path: string, init: RequestInit = {}): Promise<T> {
  let response: Response;
  try {
    response = await fetch(`/_local/${path}`, init);
  } catch (cause) {
    throw new Unreachable("The local run cannot be reached.", { cause });
  }
  const body: unknown = response.status === 204 ? null : await response.json().catch(() => null);
  if (!response.ok) throw refusalOf(response, body);
  return body as T;
}

/** Read something of the local run. Raises Refused and Unreachable. */
export const read = <T>(path: string): Promise<T> => ask<T>(path);

/** Change something of the local run, with the header that no form of another site can send. */
export const write = <T>(method: "POST" | "PUT" | "DELETE", path: string, body?: unknown): Promise<T> =>
  ask<T>(path, {
    method,
    headers: { "X-Gatehouse-Local": "1", "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });

/** Return the messages that were sent to somebody, the newest first. */
export async function sentTo(to: string): Promise<readonly Message[]> {
  return (await read<{ messages: Message[] }>(`outbox/?to=${encodeURIComponent(to)}`)).messages;
}

/** Return the code that a message carries, null where it carries none. */
export const codeIn = (body: string): string | null => /(?<![\w-])(?:\d{8}|\d{6})(?![\w-])/.exec(body)?.[0] ?? null;
