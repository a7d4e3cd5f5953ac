// A channel of the live socket. Where the socket cannot be had, the caller's own reading is repeated, which it says.
import { signal, type Signal } from "@preact/signals";

import { answerOf, connect, Refused } from "./api/client.ts";
import type { Portal } from "./api/session.ts";

export interface LiveMessage {
  type: string;
  channel: string;
  data: unknown;
  id: string | number;
  at: string;
}

/** How news arrive: by the socket, by polling while it is tried again, or not at all. */
export type LiveState = "connecting" | "live" | "polling" | "ended";

export interface Followed {
  state: Signal<LiveState>;
  end(): void;
}

export interface Follow {
  portal: Portal;
  channel: string;
  take(message: LiveMessage): void;
  /** Read everything again: after a gap, and every few seconds while there is no socket. */
  reload(): void | Promise<void>;
  /** Milliseconds between two readings without a socket. */
  every?: number;
  /** Another source of a connection ticket, such as campus has. */
  ticket?: () => Promise<{ url: string; ticket: string }>;
}

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 15_000;
// The gateway closes a socket that is idle for ten minutes (AWS: "WebSocket API quotas").
const PING_EVERY = 4 * 60_000;

/** Follow a channel until `end()`: after a lost connection it goes on behind the last message. */
export function follow({ portal, channel, take, reload, every = 5000, ticket }: Follow): Followed {
  const state = signal<LiveState>("connecting");
  let socket: WebSocket | null = null;
  let last: string | number | null = null;
  let tries = 0;
  let wake = 0;
  let pings = 0;
  let polling = 0;

  const ask = ticket ?? (() => answerOf(connect(portal).POST("/api/realtime/ticket/", { body: { channels: [channel] } })));

  const poll = (): void => {
    if (state.value === "ended" || polling) return;
    state.value = "polling";
    polling = setInterval(() => void reload(), every);
  };
  const later = (): void => {
    if (state.value === "ended") return;
    poll();
    tries += 1;
    wake = setTimeout(() => void open(), Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** tries) * (0.5 + Math.random() / 2));
  };
  const heard = (message: LiveMessage): void => {
    if (message.type === "subscribed") {
      state.value = "live";
      tries = 0;
      clearInterval(polling);
      polling = 0;
      if (last === null) void reload(); // what happened between the first reading and this answer
    } else if (message.type === "resync") void reload();
    else if (message.type !== "pong" && message.type !== "error") {
      last = message.id;
      take(message);
    }
  };
  const open = async (): Promise<void> => {
    try {
      const { url, ticket: once } = await ask();
      if (state.value === "ended") return;
      const made = new WebSocket(`${url}?ticket=${encodeURIComponent(once)}`);
      socket = made;
      made.onopen = () => {
        made.send(JSON.stringify({ action: "subscribe", channel, ...(last === null ? {} : { after: last }) }));
        pings = setInterval(() => made.send(JSON.stringify({ action: "ping" })), PING_EVERY);
      };
      made.onmessage = (frame) => heard(JSON.parse(String(frame.data)) as LiveMessage);
      made.onclose = () => {
        clearInterval(pings);
        if (socket === made) later();
      };
    } catch (error) {
      if (error instanceof Refused && (error.status === 401 || error.status === 403)) poll();
      else later();
    }
  };
  void open();
  return {
    state,
    end() {
      state.value = "ended";
      clearTimeout(wake);
      clearInterval(pings);
      clearInterval(polling);
      const open = socket;
      socket = null;
      open?.close();
    },
  };
}
