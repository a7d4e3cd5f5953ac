// Gate's copies of the rule and of the reading of codes, held to the platform's vectors. They are bundled as the page is.
import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import test from "node:test";

import { build } from "esbuild";

const HERE = import.meta.dirname;
const VECTORS = path.join(HERE, "..", "..", "tests", "vectors");

/** Return a module of gate; `more` is what is asked for in place of all that the file exports, `define` as esbuild has it. */
async function bundled(file, more, define = {}) {
  const folder = path.join(HERE, "..", "src", "gate");
  const source = more === undefined ? { entryPoints: [path.join(folder, file)] } : { stdin: { contents: more, resolveDir: folder } };
  const { outputFiles } = await build({ ...source, define, bundle: true, format: "esm", write: false, logLevel: "warning" });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);
}

const vectors = async (name) => JSON.parse(await readFile(path.join(VECTORS, name), "utf8")).cases;

test("the rule gives the result and the reason of each vector of admission", async () => {
  const { decide } = await bundled("rule.ts");
  const cases = await vectors("admission.json");
  assert.ok(cases.length > 1000);
  for (const { id, rule, input, expected } of cases) assert.deepEqual(decide(input), expected, `${id}: ${rule}`);
});

test("a vector with another result or another reason fails", async () => {
  const { decide } = await bundled("rule.ts");
  for (const { id, input, expected } of await vectors("admission.json")) {
    const { result, reason } = decide(input);
    assert.notDeepEqual({ result, reason }, { ...expected, result: expected.result === "valid" ? "invalid" : "valid" }, id);
    assert.notDeepEqual({ result, reason }, { ...expected, reason: `${expected.reason}?` }, id);
  }
});

test("scanned codes, ids and cards are read as the platform reads them", async () => {
  const { cardName, codes, identifier } = await bundled("scanned.ts");
  const read = { identifier, card_name: cardName };
  const cases = await vectors("scanned.json");
  const counts = {};
  for (const { kind, form, input, expected } of cases) {
    if (kind === "ticket_code") assert.ok([...codes(input)].includes(expected), `${kind}, ${form}`);
    else if (kind in read) assert.equal(read[kind](input), expected, `${kind}, ${form}`);
    else continue;
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  for (const kind of ["ticket_code", "identifier", "card_name"]) assert.ok(counts[kind] > 10, kind);
});

test("what was shown is a code, a card or a ticket", async () => {
  const { shownOf, uidOfCardId } = await bundled("scanned.ts");
  assert.deepEqual(shownOf("]Q3 04:a1:b2:c3:d4:e5:f6\r"), { card_id: "04A1B2C3D4E5F6" });
  assert.deepEqual(shownOf("TKT_01JDEM00000000000000000001\n"), { ticket_id: "tkt_01JDEM00000000000000000001" });
  assert.deepEqual(shownOf("https://example.com"), { qr: "https://example.com" });
  assert.equal(uidOfCardId("crd_01JDEM"), null);
});

const BASE45 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

function base45(bytes) {
  let text = "";
  for (let place = 0; place < bytes.length; place += 2) {
    const pair = bytes.subarray(place, place + 2);
    let value = pair.reduce((sum, each) => sum * 256 + each, 0);
    for (let digit = 0; digit <= pair.length; digit += 1, value = Math.floor(value / 45)) text += BASE45[value % 45];
  }
  return text;
}

test("a card read again within two seconds repeats its entry, however long the platform was waited for", async () => {
  const { readAt, repeated } = await bundled("local.ts");
  const at = (milliseconds) => readAt({ scanned_at: new Date(Date.UTC(2026, 10, 27, 18) + milliseconds).toISOString() }, { clock_offset_ms: 60_000 });
  const passage = (presence, by_card = true) => ({ presence, by_card, at: at(0) });
  const known = (...passages) => ({ card: {}, tickets: passages.map((each) => ({ attendee: {}, passage: each })) });
  const scan = { kind: "scan", direction: "entry" };
  assert.equal(at(0), "2026-11-27T17:59:00.000Z");
  assert.equal(repeated(scan, known(undefined, passage("inside")), at(1_999))?.repeat, true);
  for (const [entry, passed, read] of [
    [scan, passage("inside"), at(2_000)],
    [scan, passage("outside"), at(1_000)],
    [scan, passage("inside", false), at(1_000)],
    [{ kind: "scan", direction: "exit" }, passage("inside"), at(1_000)],
    [{ kind: "leave", direction: "entry" }, passage("inside"), at(1_000)],
    [{ kind: "return", direction: "entry" }, passage("inside"), at(1_000)],
  ]) assert.equal(repeated(entry, known(passed), read), null, JSON.stringify([entry, passed, read]));
});

test("a card that is read again repeats its entry only where nothing else speaks against it, wherever the clock goes", async () => {
  await import("fake-indexeddb/auto");
  const { decideHere, fingerprint, fingerprintKey, store } = await bundled("local.ts", 'export * from "./local.ts"; export * from "./code.ts"; export { store } from "./store.ts";');
  const now = Date.now();
  const iso = (seconds) => new Date(now + seconds * 1000).toISOString();
  const head = { generated_at: iso(-86_000), expires_at: iso(86_000) };
  const facts = { id: "evt_a", status: "live", scanning_opens_at: iso(-90_000), scanning_closes_at: iso(90_000), scanning_enabled: true, re_entry_allowed: false };
  const event = { event_id: "evt_a", event: facts, attendees: head, cards: head, server_public_keys: [], clock_offset_ms: 0, seq: 0 };
  event.fingerprint_key = await fingerprintKey("A".repeat(43));
  const card = { event_id: "evt_a", fingerprint: await fingerprint(event.fingerprint_key, "04A1B2C3D4E5F6"), status: "active", secure: false, counter: null, ticket_ids: ["tkt_1", "tkt_2"] };
  const ticket = (ticket_id) => ({ event_id: "evt_a", ticket_id, number: ticket_id, status: "valid", credential: 1, presence: null, scanned_at: null });
  const kept = await store();
  let number = 0;
  const taps = async (rows, ...readings) => {
    await kept.clear("passages");
    for (const id of card.ticket_ids) await kept.put("attendees", { ...ticket(id), ...rows });
    const shown = [];
    for (const [seconds, cards = {}, kind = "scan"] of readings) {
      await kept.put("cards", { ...card, ...cards });
      const entry = { scan_id: `scn_${(number += 1)}`, event_id: "evt_a", owner: "o", state: "asking", seq: null, kind, direction: "entry", shown: { card_id: "04A1B2C3D4E5F6" }, sun: null, gate: null, scanned_at: iso(seconds) };
      const { outcome } = await decideHere(entry, event, "usher");
      shown.push(outcome.repeat ? "repeat" : (outcome.reason ?? outcome.result));
    }
    return shown;
  };
  assert.deepEqual(await taps({}, [0], [1], [3], [4], [6]), ["valid", "repeat", "valid", "repeat", "already_scanned"]);
  assert.deepEqual(await taps({}, [0], [-600], [-590]), ["valid", "valid", "already_scanned"], "the clock was set back");
  assert.deepEqual(await taps({}, [0], [1, { status: "blocked" }]), ["valid", "card_blocked"]);
  assert.deepEqual(await taps({}, [0], [1, { secure: true }]), ["valid", "clone_suspected"]);
  event.event = { ...facts, re_entry_allowed: true };
  const one = { ticket_ids: ["tkt_1"] };
  const came = [[0, one], [5, one, "leave"], [9, one, "return"], [10, one]];
  assert.deepEqual(await taps({}, ...came), ["valid", "valid", "valid", "already_scanned"], "a return is not repeated by a scan");
  kept.close();
});

test("a row of the snapshot that may be older than a passage of this phone does not undo it", async () => {
  const { isSettled } = await bundled("local.ts");
  const passage = (known_at, presence = "inside") => ({ known_at, presence });
  for (const [found, presence, asked, expected] of [
    [passage(null), "inside", 9_000, false], // the platform does not have it yet
    [passage(5_000), "inside", 5_000, false], // asked before it had
    [passage(5_000), null, 5_900, false],
    [passage(5_000), "outside", 6_000, false],
    [passage(5_000, "outside"), "inside", 5_001, false],
    [passage(5_000), "inside", 5_001, true], // says the same
    [passage(5_000), "outside", 6_001, true], // left by another gate since
    [passage(5_000), null, 6_001, true], // the platform took it back
  ]) assert.equal(isSettled(found, { presence }, asked), expected, JSON.stringify([found, presence, asked]));
});

test("a code is genuine only with the platform's signature", async () => {
  const { readCode, readKeys, eventTag } = await bundled("code.ts");
  const pair = await webcrypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]);
  const raw = Buffer.from(await webcrypto.subtle.exportKey("raw", pair.publicKey));
  const kid = Buffer.from(await webcrypto.subtle.digest("SHA-256", raw)).subarray(0, 4);
  const tag = Buffer.from(await eventTag("evt_a"), "hex");
  const body = Buffer.concat([Buffer.from([1]), kid, Buffer.from("0193583a0000000000000000000000ff", "hex"), Buffer.from([0, 3]), tag]);
  const signed = Buffer.concat([Buffer.from("gatehouse ticket code\0"), body]);
  const signature = Buffer.from(await webcrypto.subtle.sign("Ed25519", pair.privateKey, signed));
  const keys = await readKeys([raw.toString("base64url"), "no key"]);
  const code = `GH1:${base45(Buffer.concat([body, signature]))}`;
  assert.equal(keys.size, 1);
  const found = await readCode(`]Q1${code.toLowerCase()}\r\n`, keys);
  assert.equal(found.credential, 3);
  assert.equal(found.event_tag, tag.toString("hex"));
  assert.match(found.ticket_id, /^tkt_01JDC3M[0-9A-Z]+7Z$/);
  signature[5] ^= 1;
  assert.equal(await readCode(`GH1:${base45(Buffer.concat([body, signature]))}`, keys), null);
  assert.equal(await readCode(code, new Map()), null);
});

const OWNER = "evt_a/ush_1";
const EMPTY = { state: "waiting", seq: 1, kind: "scan", shown: { card_id: "04A1B2C3D4E5F6" }, direction: "entry", delta: null, gate: null, reason: null, sun: null, snapshot_cursor: null, offline: null, outcome: null, answered: null };
const entryOf = (scan_id, more = {}) => ({ ...EMPTY, scan_id, owner: OWNER, event_id: "evt_a", scanned_at: "2026-11-28T18:00:00.000Z", ...more });
const json = (body, status = 200) => new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });

let pages = 0;

/** Return modules of gate in a page of their own where an usher is logged in, whose requests `answer` answers. */
async function opened(answer, more) {
  const kept = new Map();
  const storage = { getItem: (name) => kept.get(name) ?? null, setItem: (name, value) => void kept.set(name, value), removeItem: (name) => void kept.delete(name) };
  const who = { id: "ush_1", name: "Usher", username: "usher", event_id: "evt_a" };
  storage.setItem("gatehouse.session.usher", JSON.stringify({ access: "h.e30.s", refresh: "r", who }));
  storage.setItem("gatehouse.gate.person", JSON.stringify({ owner: OWNER, event_id: "evt_a", usher_id: who.id, username: who.username, name: who.name }));
  const given = { localStorage: storage, sessionStorage: storage, addEventListener: () => undefined, requestAnimationFrame: (done) => done(), navigator: { onLine: true } };
  for (const [name, value] of Object.entries(given)) Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  delete globalThis.BroadcastChannel;
  await import("fake-indexeddb/auto");
  const { IDBFactory } = await import("fake-indexeddb");
  globalThis.indexedDB = new IDBFactory();
  pages += 1; // the same text would be the same page
  // A page of a test before may still ask: it is answered there.
  const fetch = `fetch${pages}`;
  globalThis[fetch] = answer;
  return bundled("", `${more}; export const page = ${pages}; export { Refused, Unreachable } from "../ui/api/client.ts"; export * from "./state.ts"; export * from "./store.ts"; export { person } from "./person.ts"; export { session } from "../ui/api/session.ts";`, { fetch });
}

const until = async (condition) => {
  for (let turn = 0; !(await condition()); turn += 1) {
    assert.ok(turn < 2000, "what was waited for did not come");
    await new Promise((done) => setTimeout(done, 5));
  }
};

test("a refusal without the platform's code is a firewall's, and says nothing of usher and scan", async () => {
  let said = [200, {}];
  const { ask, barred, Refused, Unreachable } = await opened(() => Promise.resolve(json(said[1], said[0])), 'export * from "./net.ts"');
  const asked = () => ask(OWNER, "GET", "/api/usher/events/");
  for (const foreign of [[403, { message: "Forbidden" }], [404, { message: "Not Found" }], [400, {}], [405, { error: "no" }]]) {
    said = foreign;
    await assert.rejects(asked, Unreachable, JSON.stringify(foreign));
    assert.equal(barred.value, "");
  }
  said = [403, { error: { code: "NOT_ASSIGNED", message: "not here" } }];
  await assert.rejects(asked, (error) => error instanceof Refused && error.code === "NOT_ASSIGNED");
  assert.equal(barred.value, "not here");
});

test("a firewall that refuses the exchange of a token ends no session", async () => {
  let refusal = [403, { message: "Forbidden" }];
  const { ask, session, Unreachable } = await opened((path) => Promise.resolve(String(path).includes("token/refresh") ? json(refusal[1], refusal[0]) : json({ error: { code: "TOKEN_EXPIRED", message: "old" } }, 401)), 'export * from "./net.ts"');
  await assert.rejects(ask(OWNER, "GET", "/api/usher/events/"), Unreachable);
  assert.notEqual(session("usher").value, null);
  refusal = [401, { error: { code: "UNAUTHENTICATED", message: "spent" } }];
  await assert.rejects(ask(OWNER, "GET", "/api/usher/events/"));
  assert.equal(session("usher").value, null);
});

test("only a refusal of its content sets a scan aside; all others wait", async () => {
  let said = [404, { error: { code: "NOT_FOUND", message: "no such route" } }];
  const { send, put, queued, person } = await opened(() => Promise.resolve(json(said[1], said[0])), 'export * from "./sender.ts"');
  for (const name of ["scn_1", "scn_2", "scn_3"]) await put(entryOf(name));
  const waiting = async () => (await queued(OWNER, "waiting")).length;
  for (const other of [said, [404, { message: "Not Found" }], [403, { message: "Forbidden" }], [409, { error: { code: "CONFLICT", message: "later" } }]]) {
    said = other;
    await send(person.value);
    assert.equal(await waiting(), 3, JSON.stringify(other));
  }
  said = [422, { error: { code: "VALIDATION_ERROR", message: "bad" } }];
  await send(person.value);
  assert.equal(await waiting(), 0);
});

test("a phone reports all scans of its event that wait on it, also those of other ushers", async () => {
  const reported = [];
  const { sendSoon, counted, put, queue } = await opened((path, { body }) => {
    if (String(path).endsWith("/sync/status/")) reported.push(JSON.parse(body).queue_depth);
    return Promise.resolve(json({}));
  }, 'export * from "./background.ts"');
  await put(entryOf("scn_own"));
  for (const name of ["scn_1", "scn_2"]) await put(entryOf(name, { owner: "evt_a/ush_2" }));
  await put(entryOf("scn_sent", { owner: "evt_a/ush_2", state: "done" }));
  await put(entryOf("scn_elsewhere", { owner: "evt_ab/ush_1", event_id: "evt_ab" }));
  await counted();
  assert.deepEqual(queue.value, { own: 1, others: 3, here: 3 });
  sendSoon();
  await until(() => reported.length > 0);
  assert.deepEqual(reported, [3]);
});

test("a scan is what the place did at its reading, however long it waits for the scans before it", async () => {
  let release;
  const held = new Promise((done) => (release = done));
  const asked = [];
  const page = await opened(async (path, { body }) => {
    asked.push([path, JSON.parse(body)]);
    await held;
    return json({ scan_id: JSON.parse(body).scan_id, result: "valid", reason: null, labels: [] });
  }, 'export * from "./scan.ts"');
  const { scan, mode, direction, gate, deciding, store } = page;
  const began = Date.now();
  scan({ text: "04A1B2C3D4E5F6" });
  await until(() => asked.length === 1);
  scan({ text: "04A1B2C3D4E5F7" });
  await until(() => Date.now() > began + 5);
  mode.value = "count";
  direction.value = "exit";
  gate.value = "B";
  const changed = Date.now();
  release();
  await until(() => deciding.value === 0);
  const entries = await (await store()).getAll("entries");
  assert.deepEqual(entries.map(({ kind, direction: way, gate: at }) => [kind, way, at]), [["scan", "entry", null], ["scan", "entry", null]]);
  assert.ok(entries.every(({ scanned_at }) => Date.parse(scanned_at) <= changed));
  assert.deepEqual(asked.map(([, { direction: way }]) => way), ["entry", "entry"]);
});

test("a number is found however its digits and hyphens are typed", async () => {
  const asked = [];
  const { scan, deciding, store } = await opened((_, { body }) => {
    asked.push(JSON.parse(body).ticket_id);
    return Promise.resolve(json({ result: "valid", reason: null }));
  }, 'export * from "./scan.ts"');
  await (await store()).put("attendees", { event_id: "evt_a", ticket_id: "tkt_1", number: "GH-0042", turn: "t" });
  for (const text of ["gh-0042", "GH–0042", "GH-۰۰۴۲", " ＧＨ-００４２\u200f "]) scan({ text, typed: true });
  await until(() => deciding.value === 0);
  assert.deepEqual(asked, ["tkt_1", "tkt_1", "tkt_1", "tkt_1"]);
});

test("a phone that forgets an event names nobody, and still knows whom it let in unheard", async () => {
  const { forget, put, store, queued } = await opened(() => Promise.reject(new Error("no network")), 'export {} from "./local.ts"');
  const outcome = { result: "valid", reason: null, name: "Amina Demo", photo_url: "/p", labels: ["VIP"], rest: ["Bilal Demo"], number: "GH-0042", ticket_id: "tkt_1", offline: true };
  await put(entryOf("scn_sent", { state: "done", outcome }));
  await put(entryOf("scn_waits", { outcome }));
  await put(entryOf("scn_elsewhere", { owner: "evt_b/ush_1", event_id: "evt_b", state: "done", outcome }));
  const kept = await store();
  const passage = { event_id: "evt_a", presence: "inside", at: "2026-11-28T18:00:00.000Z", gate: null, by: "Usher", by_card: true };
  await kept.put("passages", { ...passage, ticket_id: "tkt_1", scan_id: "scn_waits", known_at: null });
  await kept.put("passages", { ...passage, ticket_id: "tkt_2", scan_id: "scn_sent", known_at: 1 });
  await forget("evt_a");
  assert.deepEqual((await kept.getAllKeys("passages")), [["evt_a", "tkt_1"]]);
  assert.deepEqual((await kept.getAllKeys("entries")).sort(), ["scn_elsewhere", "scn_waits"]);
  const [waits] = await queued(OWNER, "waiting");
  assert.deepEqual(waits.shown, EMPTY.shown);
  assert.doesNotMatch(JSON.stringify(waits), /Demo|GH-0042|VIP/);
});

test("a page of attendees that was on its way at a log-out is not kept", async () => {
  let release;
  const held = new Promise((done) => (release = done));
  let asked = 0;
  const { refresh, change, store, session } = await opened(async () => {
    asked += 1;
    await held;
    return json({ results: [{ ticket_id: "tkt_1", number: "GH-1", name: "Amina Demo" }], deleted: [], full: true, next: null, cursor: "c", generated_at: "2026-11-28T18:00:00Z", expires_at: "2026-11-29T18:00:00Z" });
  }, 'export * from "./snapshot.ts"');
  const event = { event_id: "evt_a", event: {}, server_public_keys: [], clock_offset_ms: 0, seq: 0 };
  await change("evt_a", () => event);
  const fetched = refresh(OWNER, event);
  await until(() => asked === 1);
  localStorage.removeItem("gatehouse.session.usher");
  session("usher").value = null;
  release();
  await assert.rejects(fetched);
  assert.deepEqual(await (await store()).getAll("attendees"), []);
});

test("a person who is scanned again before the first scan has its verdict is not refused for its sake", async () => {
  let isUp = false;
  const first = new Map();
  const { scan, retry, hope, current, deciding, person, queued } = await opened((_, { body }) => {
    if (!isUp) return Promise.reject(new TypeError("no network"));
    const { card_id, scan_id } = JSON.parse(body);
    if (!first.has(card_id)) first.set(card_id, scan_id);
    return Promise.resolve(json({ result: first.get(card_id) === scan_id ? "valid" : "already_scanned", reason: null }));
  }, 'export * from "./scan.ts"; export { hope } from "./net.ts"');
  for (const text of ["04A1B2C3D4E5F6", "04A1B2C3D4E5F7", "04A1B2C3D4E5F6"]) scan({ text });
  await until(() => deciding.value === 0);
  assert.equal(current.value.outcome.undecided, "no_data");
  assert.equal((await queued(OWNER, "asking")).length, 2);
  isUp = true;
  hope();
  await retry(person.value);
  assert.equal(current.value.outcome.result, "valid");
  assert.equal(first.size, 2);
});

test("a retry leaves a scan alone that was scanned again while it asked", async () => {
  let isUp = false;
  const held = [];
  const { scan, retry, hope, current, deciding, person, queued } = await opened((_, { body }) => {
    if (!isUp) return Promise.reject(new TypeError("no network"));
    return new Promise((answer) => held.push({ id: JSON.parse(body).scan_id, say: (result) => answer(json({ result, reason: null })) }));
  }, 'export * from "./scan.ts"; export { hope } from "./net.ts"');
  scan({ text: "04A1B2C3D4E5F6" });
  await until(() => deciding.value === 0);
  isUp = true;
  hope();
  const again = retry(person.value);
  await until(() => held.length === 1);
  scan({ text: "04A1B2C3D4E5F6" });
  await until(() => held.length === 2);
  assert.equal(held[0].id, held[1].id);
  held[1].say("valid");
  await until(() => deciding.value === 0);
  held[0].say("invalid");
  await again;
  assert.equal(current.value.outcome.result, "valid");
  assert.deepEqual(await queued(OWNER, "asking"), []);
});

test("a release that is taken loads the page again, also where the browser leaves it waiting", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const posted = [];
  let loads = 0;
  const worker = { postMessage: (text) => posted.push(text) };
  const registration = { waiting: worker, addEventListener: () => undefined, update: () => Promise.resolve() };
  const serviceWorker = { controller: {}, addEventListener: () => undefined, register: () => Promise.resolve(registration) };
  const given = { navigator: { onLine: true, serviceWorker }, document: { documentElement: {}, visibilityState: "hidden", addEventListener: () => undefined }, location: { search: "", origin: "http://localhost", reload: () => (loads += 1) } };
  const before = Object.fromEntries(Object.keys(given).map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)]));
  for (const [name, value] of Object.entries(given)) Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  try {
    const { register, updateReady } = await bundled("update.ts");
    await register();
    assert.equal(loads, 0);
    updateReady.value();
    assert.deepEqual(posted, ["take over"]);
    context.mock.timers.tick(60_000);
    assert.equal(loads, 1);
  } finally {
    for (const [name, was] of Object.entries(before)) if (was) Object.defineProperty(globalThis, name, was); else delete globalThis[name];
  }
});
