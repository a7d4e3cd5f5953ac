// What the audit log has recorded, as staff read it: prices in their currency, fields and categories by their names.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import test from "node:test";

import { build } from "esbuild";

globalThis.localStorage = { getItem: () => null, setItem: () => undefined };
globalThis.document = { documentElement: {} };
globalThis.location = { search: "", origin: "http://localhost", pathname: "/staff" };
globalThis.addEventListener ??= () => undefined;

const source = path.join(import.meta.dirname, "..", "src");
const parts = ["staff/things/recorded.ts", "ui/i18n.ts"].map((file) => `export * from ${JSON.stringify(path.join(source, file))};`);
const { outputFiles } = await build({ stdin: { contents: parts.join("\n"), resolveDir: source }, bundle: true, format: "esm", write: false, jsx: "automatic", jsxImportSource: "preact", logLevel: "warning" });
const ui = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);
const messagesOf = async (language) => JSON.parse(await readFile(path.join(source, "staff", `messages.${language}.json`), "utf8"));
await ui.loadMessages({ en: await messagesOf("en"), ur: async () => ({ default: await messagesOf("ur") }) });

test("a whole number that is a price is said in its currency, or as what it is", () => {
  assert.equal(ui.said([{ name: "Standard", price: 150_000, currency: "PKR", capacity: 100 }]), "name Standard, price PKR 1,500.00, currency PKR, capacity 100");
  assert.equal(ui.said(1500, "amount", "JPY"), "JPY 1,500");
  assert.equal(ui.said(-5, "amount", "PKR"), "PKR −0.05");
  assert.equal(ui.said(150_000, "amount"), "150000 in the smallest unit");
  for (const name of ["balance", "gross", "refunds", "platform_fee", "net", "taken_back"]) assert.equal(ui.said(150_000, name, "PKR"), "PKR 1,500.00", name);
  assert.equal(ui.said({ amount: "1500.00", currency: "PKR" }, "price"), "PKR 1,500.00");
  assert.equal(ui.said(150_000, "capacity", "PKR"), "150000");
});

test("a currency has the digits that the platform gives it", async () => {
  const money = await readFile(path.join(source, "..", "..", "chalicelib", "domain", "money.py"), "utf8");
  const listed = (name) => new RegExp(`^${name} = "([A-Z ]+)"`, "m").exec(money)[1].split(" ");
  const others = [...money.matchAll(/^ {4}"([A-Z]{3})": (\d),$/gm)];
  for (const each of listed("_NO_DIGITS")) assert.equal(ui.digitsOf(each), 0, each);
  for (const each of listed("_THREE_DIGITS")) assert.equal(ui.digitsOf(each), 3, each);
  for (const [, each, digits] of others) assert.equal(ui.digitsOf(each), Number(digits), each);
  assert.ok(others.length > 0);
  assert.deepEqual(["PKR", "USD"].map(ui.digitsOf), [2, 2]);
});

test("a field is named in the language of the page, and a category by its name", async () => {
  const names = new Map([["cat_1", "Terrace"]]);
  assert.equal(ui.labelOf("ticket_categories.cat_1.price", names), "ticket category · Terrace · price");
  assert.equal(ui.labelOf("ticket_categories.cat_2.price", names), "ticket category · cat_2 · price");
  assert.equal(ui.labelOf("of_tomorrow"), "of tomorrow");
  await ui.speak("ur");
  const urdu = await messagesOf("ur");
  assert.equal(ui.labelOf("ticket_categories.cat_1.price", names), [urdu["staff.field.ticket_categories"], "Terrace", urdu["staff.field.price"]].join(" · "));
  assert.equal(ui.labelOf("starts_at"), urdu["staff.field.starts_at"]);
  await ui.speak("en");
});
