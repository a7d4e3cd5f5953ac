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
// A connection that was lost without a word gives no answer to a ping; a new one is opened after this time.
const PONG_WITHIN = 10_000;

/** Follow a channel until `end()`: after a lost connection it goes on behind the last message. */
export function follow({ portal, channel, take, reload, every = 5000, ticket }: Follow): Followed {
  const state = signal<LiveState>("connecting");
  let socket: WebSocket | null = null;
  let last: string | number | null = null;
  let tries = 0;
  let wake = 0;
  let pings = 0;
  let pong = 0;
  let polls = false;
  let nextPoll = 0;
  let refused = false;
  let opening = false;

  const ask = ticket ?? (() => answerOf(connect(portal).POST("/api/realtime/ticket/", { body: { channels: [channel] } })));
  const ended = (): boolean => state.peek() === "ended";

  // One reading at a time, however slow: the next pause begins with its answer.
  const read = (): Promise<void> => Promise.resolve(reload()).catch(() => undefined); // the page shows its own errors
  const round = async (): Promise<void> => {
    await read();
    if (polls && !ended()) nextPoll = setTimeout(() => void round(), every);
  };
  const poll = (): void => {
    if (ended() || polls) return;
    state.value = "polling";
    polls = true;
    void round();
  };
  const later = (): void => {
    if (ended()) return;
    poll();
    tries += 1;
    wake = setTimeout(() => void open(), Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** tries) * (0.5 + Math.random() / 2));
  };
  const lose = (lost: WebSocket): void => {
    if (socket !== lost) return;
    socket = null;
    clearInterval(pings);
    clearTimeout(pong);
    lost.close();
    later();
  };
  const ping = (): void => {
    const asked = socket;
    if (asked?.readyState !== WebSocket.OPEN) return;
    asked.send(JSON.stringify({ action: "ping" }));
    clearTimeout(pong);
    pong = setTimeout(() => lose(asked), PONG_WITHIN);
  };
  const heard = (message: LiveMessage, by: WebSocket): void => {
    clearTimeout(pong);
    if (message.type === "subscribed") {
      state.value = "live";
      tries = 0;
      polls = false;
      clearTimeout(nextPoll);
      if (last === null) void read(); // what happened between the first reading and this answer
    } else if (message.type === "resync") {
      last = message.id;
      void read();
    } else if (message.type === "error") {
      if (state.peek() !== "live") lose(by);
    } else if (message.type !== "pong") {
      last = message.id;
      take(message);
    }
  };
  const open = async (): Promise<void> => {
    if (opening || ended()) return;
    opening = true;
    try {
      const { url, ticket: once } = await ask();
      if (ended()) return;
      const made = new WebSocket(`${url}?ticket=${encodeURIComponent(once)}`);
      socket = made;
      made.onopen = () => {
        made.send(JSON.stringify({ action: "subscribe", channel, ...(last === null ? {} : { after: last }) }));
        pings = setInterval(ping, PING_EVERY);
      };
      made.onmessage = (frame) => {
        if (socket === made) heard(JSON.parse(String(frame.data)) as LiveMessage, made);
      };
      made.onclose = () => lose(made);
    } catch (error) {
      // Without a session there is nothing to try again: the page follows once more after a log-in.
      refused = error instanceof Refused && (error.status === 401 || error.status === 403);
      if (refused) poll();
      else later();
    } finally {
      opening = false;
    }
  };
  // The browser knows first that the network is gone or back, and a page that was asleep looks whether its socket lives.
  const retry = (): void => {
    if (socket !== null || refused || state.peek() === "connecting") return;
    clearTimeout(wake);
    tries = 0;
    void open();
  };
  const drop = (): void => {
    if (socket !== null) lose(socket);
  };
  const look = (): void => {
    if (document.visibilityState === "visible") ping();
  };
  addEventListener("online", retry);
  addEventListener("offline", drop);
  document.addEventListener("visibilitychange", look);
  void open();
  return {
    state,
    end() {
      state.value = "ended";
      removeEventListener("online", retry);
      removeEventListener("offline", drop);
      document.removeEventListener("visibilitychange", look);
      for (const timer of [wake, pong, nextPoll]) clearTimeout(timer);
      clearInterval(pings);
      polls = false;
      const open = socket;
      socket = null;
      open?.close();
    },
  };
}
