// The module's rules with a fetch and sockets of the test: node rules.mjs PATH_OF_THE_MODULE
import assert from "node:assert/strict";

const asked = [];
let answers = [];
globalThis.fetch = async (url, { method, headers, body }) => {
  asked.push({ url: String(url), method, token: headers.Authorization, body });
  const { status = 200, said = { url: "wss://live.example/live", ticket: "t/1" } } = answers.shift() ?? {};
  return { ok: status < 400, status, json: async () => said };
};
const kept = new Map();
globalThis.localStorage = { getItem: (name) => kept.get(name) ?? null };
const fired = [];
globalThis.CustomEvent ??= class extends Event {};
globalThis.dispatchEvent = (event) => fired.push([event.type, event.detail]);

const sockets = [];
class Socket {
  readyState = 0;
  sent = [];
  constructor(url) {
    this.url = url;
    sockets.push(this);
  }
  send(text) {
    this.sent.push(JSON.parse(text));
  }
  open() {
    this.readyState = 1;
    this.onopen();
  }
  say(type, channel, id, data = {}) {
    this.onmessage({ data: JSON.stringify({ type, channel, id, data }) });
  }
  close() {
    this.readyState = 3;
    this.onclose();
  }
}
const { io, websocketService } = await import(process.argv[2]);

async function next(count) {
  for (const end = Date.now() + 5_000; sockets.length < count; ) {
    assert.ok(Date.now() < end, `socket ${count} was not opened`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return sockets[count - 1];
}

// Tix: the token of the storage, the address beside the API's own, one ticket for each socket.
kept.set("token", "kept");
const socket = io("https://api.example/prod/api/tix", { WebSocket: Socket });
const seen = [];
const note = (type) => socket.on(type, (data) => seen.push([type, data]));
for (const type of ["connect", "disconnect", "connect_error", "ticket-scanned", "resync", "error"]) note(type);
socket.on("ticket-scanned", () => {
  throw new Error("a listener of the client");
});
console.error = () => {};
socket.emit("join-organization", "ogn_1");
const one = await next(1);
assert.deepEqual(asked[0], {
  url: "https://api.example/prod/api/realtime/ticket/",
  method: "POST",
  token: "Bearer kept",
  body: "{}",
});
assert.equal(one.url, "wss://live.example/live?ticket=t%2F1");
one.open();
assert.deepEqual(one.sent, [{ action: "subscribe", channel: "org-ogn_1" }]);
one.say("subscribed", "org-ogn_1", 7);
one.say("ticket-scanned", "org-ogn_1", 8, { id: "a" });
one.say("ticket-scanned", "org-ogn_1", 8, { id: "a" });
one.say("ticket-scanned", "org-other", 9, { id: "x" });
one.say("pong", null, null);
one.say("error", "org-ogn_1", null, { code: "NOT_FOUND" });

// Come back with the last id, also after a refused ticket; what comes twice is fired once.
answers = [{ status: 401, said: { error: "expired" } }];
kept.set("token", "fresh");
one.close();
const two = await next(2);
assert.equal(asked.at(-1).token, "Bearer fresh");
two.open();
assert.deepEqual(two.sent, [{ action: "subscribe", channel: "org-ogn_1", after: 8 }]);
two.say("subscribed", "org-ogn_1", 9);
two.say("ticket-scanned", "org-ogn_1", 9, { id: "b" });
two.say("resync", "org-ogn_1", 20);
two.say("ticket-scanned", "org-ogn_1", 20, { id: "c" });
two.say("ticket-scanned", "org-ogn_1", 21, { id: "d" });
socket.emit("subscribe", "event-evt_1");
socket.emit("leave-organization", "ogn_1");
assert.deepEqual(two.sent.slice(1), [
  { action: "subscribe", channel: "event-evt_1" },
  { action: "unsubscribe", channel: "org-ogn_1" },
]);
assert.throws(() => socket.emit("anything"), /nothing is sent/);
socket.disconnect();
assert.deepEqual(
  seen.map(([type, data]) => (type === "ticket-scanned" ? data.id : type)),
  ["connect", "a", "error", "disconnect", "connect_error", "connect", "b", "resync", "d", "disconnect"],
);

// Campus: the event's own ticket, and the event that its pages listen to.
const heard = [];
websocketService.on("attendance-update", (data) => heard.push(data));
websocketService.connect("evt/2", { url: "https://api.example/api/campus", token: "of campus", WebSocket: Socket });
const three = await next(3);
assert.deepEqual(asked.at(-1), {
  url: "https://api.example/api/campus/analytics/realtime/ws/evt%2F2/",
  method: "GET",
  token: "Bearer of campus",
  body: undefined,
});
three.open();
three.say("subscribed", "attendance-evt/2", 0);
three.say("attendance-update", "attendance-evt/2", 1, { present: 3 });
assert.deepEqual(heard, [{ present: 3 }]);
assert.deepEqual(fired, [["attendance-update", { present: 3 }]]);
websocketService.disconnect();
assert.equal(sockets.length, 3);

// An address without the API's path: the stage's name of execute-api stays in it.
const staged = io("https://api.example/prod/", { WebSocket: Socket });
staged.emit("join-organization", "ogn_1");
await next(4);
assert.equal(asked.at(-1).url, "https://api.example/prod/api/realtime/ticket/");
staged.disconnect();
