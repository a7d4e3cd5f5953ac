// The finder in the list of attendees: names as they are typed.
import assert from "node:assert/strict";
import path from "node:path";
import test from "node:test";

import { build } from "esbuild";

const entryPoints = [path.join(import.meta.dirname, "..", "src", "organizer", "finding.ts")];
const { outputFiles } = await build({ entryPoints, bundle: true, format: "esm", write: false, logLevel: "warning" });
const { isFound } = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);

test("a name is found in each form in which it is typed", () => {
  const forms = ["Drum & Bass", "Drum and Bass", "drum&bass", "Drum + Bass", "DRUM ＆ BASS", "Drum 'n' Bass", "Drum اور Bass"];
  for (const name of forms) for (const typed of forms) assert.ok(isFound(name, typed), `${name} by ${typed}`);
  const pairs = [
    ["Conor O’Brien A-0017", "obrien"],
    ["Conor O'Brien A-0017", "a-0017"],
    ["AC/DC", "ac dc"],
    ["AC/DC", "acdc"],
    ["Łukasz Øst", "lukasz ost"],
    ["İpek Işık", "ipek isik"],
    ["علی خان", "علي"],
    ["Anderson", "and"],
    ["Sana Khan", ""],
  ];
  for (const [name, typed] of pairs) assert.ok(isFound(name, typed), `${name} by ${typed}`);
});

test("another name is not found", () => {
  for (const [name, typed] of [["Sana Khan", "hana"], ["Drum & Bass", "drum and brass"], ["Ali", "ali and"]]) {
    assert.ok(!isFound(name, typed), `${name} by ${typed}`);
  }
});
