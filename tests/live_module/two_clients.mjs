// Two clients of Tix scan together, live, with the module that a run serves: node two_clients.mjs RUN_URL EMAIL PASSWORD
import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [url, email, password] = process.argv.slice(2);
const served = await fetch(`${url}/api/live.js`);
assert.match(served.headers.get("content-type"), /^text\/javascript/);
const file = join(mkdtempSync(join(tmpdir(), "live-")), "live.mjs");
writeFileSync(file, await served.text());
const { io } = await import(file);

async function ask(method, path, body, token) {
  const headers = { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) };
  const answer = await fetch(`${url}/api/tix/${path}`, { method, headers, body: body && JSON.stringify(body) });
  assert.ok(answer.ok, `${path}: ${answer.status}`);
  return answer.json();
}

const { token, user } = await ask("POST", "auth/login", { email, password });
const [first, second, third, fourth] = await ask("POST", "tickets/generate", { count: 4, prefix: "TWO" }, token);
const scan = ({ id }) => ask("PUT", `tickets/${id}/scan`, undefined, token);

async function until(holds, what) {
  for (const end = Date.now() + 30_000; !holds(); ) {
    assert.ok(Date.now() < end, `${what} did not come`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function client() {
  const sockets = [];
  class Watched extends WebSocket {
    constructor(...address) {
      super(...address);
      sockets.push(this);
    }
  }
  const socket = io(`${url}/api/tix`, { auth: { token }, WebSocket: Watched });
  const seen = { scanned: [], generated: [], subscribed: 0, resyncs: 0, sockets };
  socket.on("ticket-scanned", ({ id }) => seen.scanned.push(id));
  socket.on("tickets-generated", (made) => seen.generated.push(made));
  socket.on("subscribed", () => (seen.subscribed += 1));
  socket.on("resync", () => (seen.resyncs += 1));
  socket.emit("join-organization", user.organizationId);
  return { socket, seen };
}

const desk = client();
const gate = client();
const both = [desk, gate];
const ours = (seen) => seen.scanned.filter((id) => [first, second, third, fourth].some((ticket) => ticket.id === id));
await until(() => both.every(({ seen }) => seen.subscribed === 1), "the subscriptions");

await Promise.all([scan(first), scan(second)]);
await until(() => both.every(({ seen }) => ours(seen).length === 2), "two scans");
assert.deepEqual(ours(desk.seen), ours(gate.seen));

// A connection that breaks: what happens meanwhile comes with the next one.
gate.seen.sockets.at(-1).close();
await scan(third);
await until(() => gate.seen.subscribed === 2, "the new subscription");
await until(() => both.every(({ seen }) => ours(seen).length === 3), "the scan meanwhile");
await scan(fourth);
await until(() => both.every(({ seen }) => ours(seen).length === 4), "the last scan");
for (const { seen } of both) {
  assert.deepEqual(ours(seen), ours(desk.seen));
  assert.equal(new Set(ours(seen)).size, 4);
  assert.equal(seen.resyncs, 0);
}
await ask("POST", "tickets/generate", { count: 1, prefix: "TWO" }, token);
await until(() => both.every(({ seen }) => seen.generated.length > 0), "the new ticket");

for (const { socket } of both) socket.disconnect();
console.log(JSON.stringify({ scanned: ours(gate.seen).length, sockets: gate.seen.sockets.length }));
