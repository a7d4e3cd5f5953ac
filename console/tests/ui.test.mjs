// Shared parts: whose time is shown, the platform's time, names within sentences of the other direction, what the platform
// says in the other language, what a form sends.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import test from "node:test";

import { build } from "esbuild";

process.env.TZ = "Asia/Karachi"; // the reader's own clock
const stored = new Map();
globalThis.localStorage = { getItem: (name) => stored.get(name) ?? null, setItem: (name, value) => stored.set(name, value), removeItem: (name) => stored.delete(name) };
globalThis.document = { documentElement: {} };
globalThis.location = { search: "", origin: "http://localhost", pathname: "/", hostname: "localhost" };
globalThis.addEventListener ??= () => undefined;

const source = path.join(import.meta.dirname, "..", "src", "ui");
const LEAVE = ["organizer/data.ts", "merchant/data.ts", "tix/api.ts", "campus/api.ts", "board/login.tsx", "shop/access.tsx", "staff/parts/api.ts"];
const leaves = LEAVE.map((file, place) => `export { logOut as leave${place} } from ${JSON.stringify(path.join(source, "..", file))};`);
const parts = ["format.tsx", "i18n.ts", "api/client.ts", "now.ts", "form.tsx", "api/session.ts", "again.ts"].map((file) => `export * from ${JSON.stringify(path.join(source, file))};`);
const { outputFiles } = await build({ stdin: { contents: [...parts, ...leaves].join("\n"), resolveDir: source }, bundle: true, format: "esm", write: false, jsx: "automatic", jsxImportSource: "preact", logLevel: "warning" });
const ui = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);

const AT = "2026-12-01T19:25:00Z";
const catalogue = { en: { hello: "The appeal of {name} is decided.", made: "Made: {count}" }, ur: async () => ({ default: { hello: "{name} کی اپیل", made: "بنے: {count}" } }) };

test("a time of another zone names its offset, of that day; one of the reader's own clock does not", () => {
  assert.match(ui.time(AT, "America/New_York"), /14:25 GMT-5$/);
  assert.match(ui.time("2026-07-01T19:25:00Z", "America/New_York"), /15:25 GMT-4$/);
  assert.match(ui.clock(AT, "Europe/London"), /19:25 GMT(\+0)?$/);
  for (const zone of ["Asia/Karachi", "Asia/Tashkent", null, undefined]) assert.match(ui.time(AT, zone), /00:25$/, zone);
});

test("a time has 24 hours in both languages, and a month its name", async () => {
  await ui.loadMessages(catalogue);
  assert.equal(ui.monthOf("2026-11"), "Nov 2026");
  await ui.speak("ur");
  for (const shown of [ui.time(AT, "America/New_York"), ui.clock(AT, "America/New_York"), ui.clock("2026-12-01T18:05:00Z")]) assert.match(shown, /(14:25 GMT-5|23:05)$/);
  assert.match(ui.monthOf("2026-11"), /^[^A-Za-z-]+ 2026$/);
  await ui.speak("en");
});

test("a date has no zone, and what is no time is shown as it came", () => {
  assert.equal(ui.dateOf("2026-12-01"), "1 Dec 2026");
  assert.doesNotMatch(ui.time(AT, "America/New_York", { dateStyle: "medium" }), /GMT/);
  for (const show of [ui.time, ui.clock, ui.dateOf]) assert.match(show("soon", "Europe/London"), /^soon/);
});

test("a value in the letters of the other direction is isolated from the sentence around it", async () => {
  await ui.loadMessages(catalogue);
  assert.equal(ui.t("hello", { name: "Sana" }), "The appeal of Sana is decided.");
  assert.equal(ui.t("hello", { name: "ثنا" }), "The appeal of \u2068ثنا\u2069 is decided.");
  await ui.speak("ur");
  assert.equal(ui.t("hello", { name: "Sana (2)" }), "\u2068Sana (2)\u2069 کی اپیل");
  assert.equal(ui.t("hello", { name: "ثنا" }), "ثنا کی اپیل");
  await ui.speak("en");
});

test("an answer that is not the platform's own says what to do; the platform's says its own words", () => {
  const of = (status, body) => ui.refusalOf(new Response(null, { status }), body);
  for (const body of [null, "<html>", { message: "Too Many Requests" }, { error: "x" }, []]) {
    assert.match(of(429, body).message, /Wait a minute and try again/);
    assert.match(of(502, body).message, /status 502.*Try again in a moment/);
    assert.match(of(413, body).message, /smaller/);
    assert.match(of(403, body).message, /Reload the page/);
  }
  assert.equal(of(409, { error: { code: "SOLD_OUT", message: "Sold out." } }).message, "Sold out.");
  assert.equal(of(409, { error: "Taken.", code: "CONFLICT" }).message, "Taken.");
});

test("an answer that ends in its middle, or that is no JSON, is no answer of the platform", async () => {
  for (const cause of [new TypeError("network error"), new SyntaxError("Unexpected end of JSON input")]) {
    await assert.rejects(ui.answerOf(Promise.reject(cause)), (error) => error instanceof ui.Unreachable && error.cause === cause);
  }
  const refused = new ui.Refused(409, "CONFLICT", "Taken.");
  await assert.rejects(ui.answerOf(Promise.reject(refused)), refused);
});

const MINUTE = 60_000;
// An answer whose date is that of a platform which is so far from this device's clock.
const answered = (ahead, caching = "no-store") => new Response(null, { headers: { Date: new Date(Date.now() + ahead).toUTCString(), ...(caching === null ? {} : { "Cache-Control": caching }) } });
const off = () => ui.now() - Date.now();

test("the platform's time is told from the date of an answer, where this device's clock is wrong by minutes", () => {
  ui.learn(answered(0), Date.now());
  assert.ok(Math.abs(off()) < 20, "a right clock is left alone");
  for (const ahead of [-10 * MINUTE, 10 * MINUTE, 0]) {
    ui.learn(answered(ahead), Date.now());
    assert.ok(Math.abs(off() - ahead) <= 1100, `${ahead}: ${off()}`);
  }
});

test("a slow answer and one of a cache move the time only as far as they prove it wrong", () => {
  ui.learn(answered(0), Date.now());
  ui.learn(answered(-20_000), Date.now() - 20_000); // sent 20 s ago, and made at once
  assert.ok(Math.abs(off()) < 1100, String(off()));
  ui.learn(answered(-25_000, "public, max-age=30"), Date.now());
  assert.ok(Math.abs(off()) < 1100, String(off()));
  ui.learn(answered(-10 * MINUTE, null), Date.now());
  ui.learn(new Response(null, { headers: { Date: "soon", "Cache-Control": "no-store" } }), Date.now());
  assert.ok(Math.abs(off()) < 1100, "what says nothing about its age changes nothing");
});

test("an age and a day go by the platform's clock", () => {
  ui.learn(answered(24 * 60 * MINUTE), Date.now());
  assert.match(ui.clock(new Date(ui.now()).toISOString()), /^\d\d:\d\d$/);
  assert.match(ui.clock(new Date(Date.now()).toISOString()), /\d{4}/);
  ui.learn(answered(0), Date.now());
});

const platform = path.join(import.meta.dirname, "..", "..", "chalicelib", "errors.py");
const messagesOf = async (file) => JSON.parse(await readFile(path.join(source, file), "utf8"));

test("every code of a refusal has its words in both languages", async () => {
  const codes = [...(await readFile(platform, "utf8")).matchAll(/^ {4}code = "(\w+)"$/gm)].map(([, code]) => code);
  assert.ok(codes.length > 30);
  for (const language of ["en", "ur"]) {
    const said = await messagesOf(`said.${language}.json`);
    for (const code of [...codes, "INTERNAL"]) assert.ok(said[`refusal.${code}`]?.trim(), `${language}: ${code}`);
  }
});

test("a refusal and its fields are in the language of the page, and what has no translation is not lost", async () => {
  await ui.loadMessages(catalogue);
  const refused = (code, message, details = []) => ui.messageOf(new ui.Refused(409, code, message, details));
  const soldOut = "Not enough tickets are available. Choose fewer, or another category.";
  assert.equal(refused("SOLD_OUT", soldOut), soldOut);
  assert.equal(ui.saidOfField("must be at least 3"), "must be at least 3");
  await ui.speak("ur");
  const urdu = await messagesOf("said.ur.json");
  const plain = (text) => text.replace(/[\u2066\u2068\u2069]/g, "");
  assert.equal(refused("SOLD_OUT", soldOut), urdu["refusal.SOLD_OUT"]);
  assert.equal(refused("INVALID_STATE", "This gate is painted."), `${urdu["refusal.INVALID_STATE"]} (\u2066This gate is painted.\u2069)`);
  assert.equal(refused("NOT_FOUND", "There is no such ticket."), urdu["refusal.NOT_FOUND"]);
  assert.match(refused("NOT_FOUND", "There is no such shop. Without merchant_id any shop hands the card out."), /any shop hands/);
  assert.equal(plain(refused("NOT_FOUND", "There is no such ticket. Type its number as printed, such as VIP-000001.")), urdu["said.ticket_typed"].replace("{example}", "VIP-000001"));
  assert.equal(refused("OF_TOMORROW", "Something else."), "Something else.");
  assert.equal(refused("NOT_FOUND", "یہ یہاں نہیں"), "یہ یہاں نہیں");
  assert.equal(refused("VALIDATION_ERROR", "name: is required", [{ field: "name", message: "is required" }]), urdu["refusal.VALIDATION_ERROR"]);
  assert.equal(ui.saidOfField("is required"), urdu["said.required"]);
  assert.equal(plain(ui.saidOfField("must be at least 3")), urdu["said.least"].replace("{bound}", "3"));
  assert.equal(plain(ui.saidOfField("must be at least 12 characters")), urdu["said.short"].replace("{bound}", "12"));
  assert.equal(plain(ui.saidOfField("must be a list, or: must be an object")), `${urdu["said.list"]} یا ${urdu["said.object"]}`);
  assert.equal(ui.saidOfField("reads well"), "reads well");
  await ui.speak("en");
});

test("a form sends what differs from the thing as it knows it, and a number that is none as it was typed", () => {
  const before = { name: "Club", email: null, contact: { name: "Ali", number: "1" }, limit: 3 };
  assert.deepEqual(ui.changesOf({ ...before, contact: { ...before.contact } }, before), {});
  assert.deepEqual(ui.changesOf({ ...before, email: "a@example.com", contact: null }, before), { email: "a@example.com", contact: null });
  assert.deepEqual(["12", " 1.5 ", "twelve", "", "-3"].map((text) => ui.figureOf(text)), [12, 1.5, "twelve", "", -3]);
});

test("a session ends here where the platform cannot be reached, without an error that nobody catches", async () => {
  const portals = ["organizer", "merchant", "tix", "campus", "usher", "webapp", "admin"];
  for (const [place, portal] of portals.entries()) {
    ui.keep(portal, { access: "a", refresh: "r", who: { id: "1", name: "Sana" } });
    await ui[`leave${place}`](portal);
    assert.equal(ui.session(portal).peek(), null, LEAVE[place]);
  }
});

test("a long work is followed through lost answers, with pauses that grow, until it is over or refused for good", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const settled = async () => {
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  };
  const lost = () => Promise.reject(new ui.Unreachable("no network"));
  const follow = (answers) => {
    const seen = [];
    const read = () => answers.shift()?.() ?? assert.fail("read after its end");
    const stop = ui.readUntil({ read, isOver: (found) => found === "done", take: (found) => seen.push(found), fail: (problem) => seen.push(problem.constructor.name) });
    return { seen, stop };
  };
  const { seen } = follow([() => Promise.resolve("open"), lost, lost, lost, lost, lost, () => Promise.resolve("done")]);
  await settled();
  for (const pause of [1000, 2000, 4000, 8000, 15_000, 15_000]) {
    const before = seen.length;
    context.mock.timers.tick(pause - 1);
    await settled();
    assert.equal(seen.length, before, `${pause}`);
    context.mock.timers.tick(1);
    await settled();
    assert.equal(seen.length, before + 1, `${pause}`);
  }
  assert.deepEqual(seen, ["open", ...Array(5).fill("Unreachable"), "done"]);
  const gone = follow([() => Promise.reject(new ui.Refused(404, "NOT_FOUND", "Not found."))]);
  const left = follow([lost]);
  await settled();
  left.stop();
  context.mock.timers.tick(60_000);
  await settled();
  assert.deepEqual([gone.seen, left.seen], [["Refused"], ["Unreachable"]]);
});

test("an amount that was typed has the digits of its currency, or is refused before it is asked for", () => {
  const [dinar, yen, rupee] = [{ amount: "0.000", currency: "KWD" }, { amount: "0", currency: "JPY" }, { amount: "0.00", currency: "PKR" }];
  const shown = (text, like) => {
    const typed = ui.typedAmount(text, like);
    return typed && ui.money(typed);
  };
  assert.deepEqual(["1.234", "1.5", "1500", " 15.00 ", "1.2340"].map((text) => shown(text, dinar)), ["KWD 1.234", "KWD 1.500", "KWD 1,500.000", "KWD 15.000", "KWD 1.234"]);
  assert.deepEqual(["1500", "15.00", "1000000"].map((text) => shown(text, yen)), ["JPY 1,500", "JPY 15", "JPY 1,000,000"]);
  assert.deepEqual(["1500", "15.5"].map((text) => shown(text, rupee)), ["PKR 1,500.00", "PKR 15.50"]);
  for (const [text, like] of [["15.5", yen], ["1.234", rupee], ["1.2345", dinar], ["1,500", rupee], ["", yen], ["-1", yen], [".5", rupee], ["1.", rupee]]) assert.equal(shown(text, like), null, text);
});
