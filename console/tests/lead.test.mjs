// A refused draft leads to the step that has the field; what other steps have to mend is said in their words.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import test from "node:test";

import { build } from "esbuild";

globalThis.localStorage = { getItem: () => null, setItem: () => undefined, removeItem: () => undefined };
globalThis.document = { documentElement: {} };
globalThis.location = { search: "", origin: "http://localhost", pathname: "/organizer", href: "http://localhost/organizer", hostname: "localhost" };
globalThis.history = { pushState: () => undefined };
globalThis.scrollTo = () => undefined;
globalThis.addEventListener ??= () => undefined;

const source = path.join(import.meta.dirname, "..", "src");
const parts = ["organizer/lead.ts", "ui/i18n.ts", "ui/api/client.ts"].map((file) => `export * from ${JSON.stringify(path.join(source, file))};`);
const { outputFiles } = await build({ stdin: { contents: parts.join("\n"), resolveDir: source }, bundle: true, format: "esm", write: false, jsx: "automatic", jsxImportSource: "preact", logLevel: "warning" });
const ui = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);
await ui.loadMessages({ en: JSON.parse(await readFile(path.join(source, "organizer", "messages.en.json"), "utf8")), ur: async () => ({ default: {} }) });

const details = [
  { field: "starts_at", message: "must be in the future" },
  { field: "ticket_categories.1.price", message: "is required" },
  { field: "ticket_categories.0.sales_end", message: "must be after sales_start" },
  { field: "ticket_categories", message: "must not be empty" },
  { field: "version", message: "is 4 now" },
];
const refused = (of) => new ui.Refused(400, "VALIDATION_ERROR", "Some fields.", of, "req_1");
const labels = (error) => error.details.map(({ field }) => field);
const OTHERS = ["Ticket categories · Category 2 · Price", "Sale and gates · Category 1 · On sale until", "Ticket categories"];

test("a step that is refused with others says of the others which they are", () => {
  assert.throws(
    () => ui.leadTo("evt_1", "when", refused(details)),
    (error) => {
      assert.deepEqual(labels(error), ["starts_at", ...OTHERS, "version"]);
      assert.deepEqual([error.requestId, error.code, error.details[1].message], ["req_1", "VALIDATION_ERROR", "is required"]);
      return true;
    },
  );
});

test("a refusal of other steps leads to the first of them, which names the rest", () => {
  ui.leadTo("evt_1", "review", refused(details));
  assert.deepEqual([ui.elsewhere.peek().step, labels(ui.elsewhere.peek().refused)], ["when", ["starts_at", ...OTHERS, "version"]]);
});
