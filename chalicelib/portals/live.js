// Live updates for browsers: an ES module without dependencies (contract, "Live updates").
//
//   import { io, websocketService } from "https://…/api/live.js";
//   const socket = io(API_URL);
//   socket.on("ticket-scanned", (ticket) => …);
//   socket.emit("join-organization", organizationId);
//   websocketService.connect(eventId);  // fires `attendance-update` on itself and on the window
//
// A connection fetches a one-time ticket with the caller's access token, opens the socket, and subscribes. After a
// lost connection it comes back with the id of the last message, so that nothing of the last ten minutes is missed.
// Where more was missed, `resync` is fired: the client then reloads what it shows.

const HERE = new URL(".", import.meta.url);
// Milliseconds: the first and the longest pause before a new try; between pings, since the gateway closes a socket that
// is idle for ten minutes (AWS: "WebSocket API quotas"); for a fetch.
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 15_000;
const PING_EVERY = 4 * 60_000;
const FETCH_TIMEOUT = 10_000;
// The names under which the clients keep their access token.
const TOKEN_NAMES = ["token", "access", "access_token", "accessToken"];

function storedToken() {
  for (const kept of [globalThis.localStorage, globalThis.sessionStorage]) {
    for (const name of TOKEN_NAMES) {
      const token = kept?.getItem(name);
      if (token) return token;
    }
  }
  return null;
}

// The address under which the routes are: this module's own, or that of another host.
function baseOf(url) {
  if (!url) return HERE;
  const given = new URL(url, globalThis.location?.href ?? HERE);
  if (given.origin === HERE.origin) return HERE;
  const end = given.pathname.indexOf("/api");
  // At execute-api the path begins with the stage's name.
  const base = end < 0 ? given.pathname.replace(/\/+$/, "") : given.pathname.slice(0, end);
  return new URL(`${base}/api/`, given.origin);
}

class Connection {
  #listeners = new Map();
  // The last message of each channel; null before the first.
  #channels = new Map();
  #socket = null;
  #tries = 0;
  #wake = null;
  #pings = null;
  #ended = false;
  #options;

  constructor(options) {
    this.#options = options;
  }

  get connected() {
    return this.#socket?.readyState === 1;
  }

  on(type, listener) {
    if (!this.#listeners.has(type)) this.#listeners.set(type, new Set());
    this.#listeners.get(type).add(listener);
    return this;
  }

  off(type, listener) {
    if (listener) this.#listeners.get(type)?.delete(listener);
    else this.#listeners.delete(type);
    return this;
  }

  // Only what is fired by this module; a listener that throws does not stop the others.
  fire(type, data) {
    for (const listener of [...(this.#listeners.get(type) ?? [])]) {
      try {
        listener(data);
      } catch (error) {
        console.error(error);
      }
    }
  }

  join(channel) {
    if (this.#channels.has(channel)) return;
    this.#channels.set(channel, null);
    if (this.connected) this.#subscribe(channel);
    else this.#open();
  }

  leave(channel) {
    if (this.#channels.delete(channel) && this.connected) this.#send({ action: "unsubscribe", channel });
  }

  disconnect() {
    this.#ended = true;
    clearTimeout(this.#wake);
    clearInterval(this.#pings);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    if (socket) this.fire("disconnect", "client");
    return this;
  }

  #open() {
    if (this.#socket || this.#wake || this.#ended) return;
    this.#wake = setTimeout(() => this.#try(), 0);
  }

  async #try() {
    try {
      const { url, ticket } = await this.#ticket();
      this.#wake = null;
      if (this.#ended) return;
      const Socket = this.#options.WebSocket ?? globalThis.WebSocket;
      const socket = new Socket(`${url}?ticket=${encodeURIComponent(ticket)}`);
      this.#socket = socket;
      socket.onopen = () => this.#opened(socket);
      socket.onmessage = (frame) => this.#socket === socket && this.#take(JSON.parse(frame.data));
      socket.onerror = () => {};
      socket.onclose = () => this.#closed(socket);
    } catch (error) {
      this.fire("connect_error", error);
      this.#later();
    }
  }

  // Fetch a one-time ticket. An access token that has expired is read again at the next try.
  async #ticket() {
    const token = (await this.#options.token?.()) ?? storedToken();
    const { path, body } = this.#options.ticket([...this.#channels.keys()]);
    const answer = await fetch(new URL(path, this.#options.base), {
      method: body ? "POST" : "GET",
      headers: { "Content-Type": "application/json", ...(token ? { Authorization: `Bearer ${token}` } : {}) },
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(FETCH_TIMEOUT),
    });
    const said = await answer.json();
    if (!answer.ok) throw Object.assign(new Error(said.error?.message ?? said.error), { status: answer.status });
    return said;
  }

  #opened(socket) {
    if (this.#socket !== socket) return;
    this.#tries = 0;
    this.#pings = setInterval(() => this.#send({ action: "ping" }), PING_EVERY);
    for (const channel of this.#channels.keys()) this.#subscribe(channel);
    this.fire("connect");
  }

  #closed(socket) {
    if (this.#socket !== socket) return;
    this.#socket = null;
    clearInterval(this.#pings);
    this.fire("disconnect", "transport close");
    this.#later();
  }

  #later() {
    this.#wake = null;
    if (this.#ended) return;
    const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** this.#tries++);
    // Many clients lose their connections at once; they come back one after another.
    this.#wake = setTimeout(() => this.#try(), pause * (0.5 + Math.random() / 2));
  }

  #send(command) {
    if (this.connected) this.#socket.send(JSON.stringify(command));
  }

  #subscribe(channel) {
    const after = this.#channels.get(channel);
    this.#send({ action: "subscribe", channel, ...(after === null ? {} : { after }) });
  }

  #take({ type, channel, data, id }) {
    if (type === "pong") return;
    if (type === "error") return this.fire("error", { channel, ...data });
    if (!this.#channels.has(channel)) return;
    const last = this.#channels.get(channel);
    if (type === "subscribed") {
      if (last === null) this.#channels.set(channel, id ?? 0);
      this.fire("subscribed", { channel });
    } else if (type === "resync") {
      this.#channels.set(channel, id ?? last);
      this.fire("resync", { channel });
    } else if (id === null || id === undefined) {
      this.fire(type, data);
    } else if (last === null || id > last) {
      this.#channels.set(channel, id);
      this.fire(type, data);
    }
  }
}

const ofPortals = () => ({ path: "realtime/ticket/", body: {} });

// What the client of Tix knows: `on`, `off`, `emit("join-organization", id)`, `disconnect`.
// `options.auth.token` is the access token, or a function that returns it; without it, it is read from the storage.
export function io(url, options = {}) {
  const { token } = options.auth ?? {};
  const connection = new Connection({
    base: baseOf(url),
    token: typeof token === "function" ? token : () => token,
    ticket: ofPortals,
    WebSocket: options.WebSocket,
  });
  connection.emit = (type, name) => {
    if (type === "join-organization") connection.join(`org-${name}`);
    else if (type === "leave-organization") connection.leave(`org-${name}`);
    else if (type === "subscribe") connection.join(name);
    else if (type === "unsubscribe") connection.leave(name);
    else throw new Error(`nothing is sent as ${type}`);
    return connection;
  };
  return connection;
}

// What the client of campus knows: `connect(eventId)` fires `attendance-update`; `on`, `off`, `disconnect`.
class WebsocketService {
  #connection = null;
  #listeners = [];

  connect(eventId, options = {}) {
    this.disconnect();
    const connection = new Connection({
      base: baseOf(options.url),
      token: options.token ? () => options.token : undefined,
      ticket: () => ({ path: `campus/analytics/realtime/ws/${encodeURIComponent(eventId)}/` }),
      WebSocket: options.WebSocket,
    });
    for (const [type, listener] of this.#listeners) connection.on(type, listener);
    connection.on("attendance-update", (detail) => {
      if (globalThis.dispatchEvent && globalThis.CustomEvent) {
        globalThis.dispatchEvent(new CustomEvent("attendance-update", { detail }));
      }
    });
    connection.join(`attendance-${eventId}`);
    this.#connection = connection;
    return connection;
  }

  on(type, listener) {
    this.#listeners.push([type, listener]);
    this.#connection?.on(type, listener);
    return this;
  }

  off(type, listener) {
    this.#listeners = this.#listeners.filter(([of, known]) => of !== type || (listener && known !== listener));
    this.#connection?.off(type, listener);
    return this;
  }

  disconnect() {
    this.#connection?.disconnect();
    this.#connection = null;
  }
}

export const websocketService = new WebsocketService();
export default { io, websocketService };
