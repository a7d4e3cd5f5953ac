// Shared parts: whose time is shown, names within sentences of the other direction, answers that are not the platform's.
import assert from "node:assert/strict";
import path from "node:path";
import test from "node:test";

import { build } from "esbuild";

process.env.TZ = "Asia/Karachi"; // the reader's own clock
const stored = new Map();
globalThis.localStorage = { getItem: (name) => stored.get(name) ?? null, setItem: (name, value) => stored.set(name, value), removeItem: (name) => stored.delete(name) };
globalThis.document = { documentElement: {} };
globalThis.location = { search: "", origin: "http://localhost" };
globalThis.addEventListener ??= () => undefined;

const source = path.join(import.meta.dirname, "..", "src", "ui");
const parts = ["format.tsx", "i18n.ts", "api/client.ts"].map((file) => `export * from ${JSON.stringify(path.join(source, file))};`);
const { outputFiles } = await build({ stdin: { contents: parts.join("\n"), resolveDir: source }, bundle: true, format: "esm", write: false, jsx: "automatic", jsxImportSource: "preact", logLevel: "warning" });
const ui = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);

const AT = "2026-12-01T19:25:00Z";
const catalogue = { en: { hello: "The appeal of {name} is decided.", made: "Made: {count}" }, ur: async () => ({ default: { hello: "{name} کی اپیل", made: "بنے: {count}" } }) };

test("a time of another zone names its offset, of that day; one of the reader's own clock does not", () => {
  assert.match(ui.time(AT, "America/New_York"), /14:25 GMT-5$/);
  assert.match(ui.time("2026-07-01T19:25:00Z", "America/New_York"), /15:25 GMT-4$/);
  assert.match(ui.clock(AT, "Europe/London"), /19:25 GMT(\+0)?$/);
  for (const zone of ["Asia/Karachi", "Asia/Tashkent", null, undefined]) assert.match(ui.time(AT, zone), /00:25$/, zone);
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
