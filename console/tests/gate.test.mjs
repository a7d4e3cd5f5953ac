// Gate's copies of the rule and of the reading of codes, held to the platform's vectors. They are bundled as the page is.
import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import test from "node:test";

import { build } from "esbuild";

const HERE = import.meta.dirname;
const VECTORS = path.join(HERE, "..", "..", "tests", "vectors");

/** Return a module of gate; `more` is what is asked for in place of all that the file exports. */
async function bundled(file, more) {
  const folder = path.join(HERE, "..", "src", "gate");
  const source = more === undefined ? { entryPoints: [path.join(folder, file)] } : { stdin: { contents: more, resolveDir: folder } };
  const { outputFiles } = await build({ ...source, bundle: true, format: "esm", write: false, logLevel: "warning" });
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
    for (const [seconds, cards = {}] of readings) {
      await kept.put("cards", { ...card, ...cards });
      const entry = { scan_id: `scn_${(number += 1)}`, event_id: "evt_a", owner: "o", state: "asking", seq: null, kind: "scan", direction: "entry", shown: { card_id: "04A1B2C3D4E5F6" }, sun: null, gate: null, scanned_at: iso(seconds) };
      const { outcome } = await decideHere(entry, event, "usher");
      shown.push(outcome.repeat ? "repeat" : (outcome.reason ?? outcome.result));
    }
    return shown;
  };
  assert.deepEqual(await taps({}, [0], [1], [3], [4], [6]), ["valid", "repeat", "valid", "repeat", "already_scanned"]);
  assert.deepEqual(await taps({}, [0], [-600], [-590]), ["valid", "valid", "already_scanned"], "the clock was set back");
  assert.deepEqual(await taps({}, [0], [1, { status: "blocked" }]), ["valid", "card_blocked"]);
  assert.deepEqual(await taps({}, [0], [1, { secure: true }]), ["valid", "clone_suspected"]);
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
