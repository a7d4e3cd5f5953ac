// What a view reads of the platform is either there, or the view says why not: a part that is left out, or a choice
// without its options, is missed by nobody.
import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import test from "node:test";

const source = path.join(import.meta.dirname, "..", "src");
// Readings that cannot fail: their own function says what is shown instead.
const NEVER = ["shop/tickets.tsx event", "staff/things/history.tsx names"];

test("a view shows the error of each of its readings", async () => {
  const files = (await readdir(source, { recursive: true })).filter((file) => file.endsWith(".tsx") && path.basename(file) !== "list.tsx");
  const silent = [];
  let readings = 0;
  for (const file of files) {
    const text = await readFile(path.join(source, file), "utf8");
    for (const found of text.matchAll(/const (\w+)(?:: [^=]+)? = use(Read|Whole|Chosen|List)\b/g)) {
      const view = text.slice(found.index, text.indexOf("\n}\n", found.index));
      const name = found[1];
      readings += 1;
      // Of a list that may go on, the part says that too, by the reading itself.
      const asItself = `\\w+=\\{${name}\\}`;
      const isShown = new RegExp(found[2] === "Whole" ? asItself : `\\b${name}\\.error\\b|${asItself}|return \\{[^}]*\\b${name}\\b`).test(view);
      if (!isShown) silent.push(`${file.replaceAll(path.sep, "/")} ${name}`);
    }
  }
  assert.ok(readings > 60, String(readings));
  assert.deepEqual(silent.sort(), NEVER);
});
