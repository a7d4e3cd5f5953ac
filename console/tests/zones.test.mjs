// Times that organizers type, in the zone of their event.
import assert from "node:assert/strict";
import path from "node:path";
import test from "node:test";

import { build } from "esbuild";

const entryPoints = [path.join(import.meta.dirname, "..", "src", "organizer", "zones.ts")];
const { outputFiles } = await build({ entryPoints, bundle: true, format: "esm", write: false, logLevel: "warning" });
const { instantFrom, wallClock } = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);

test("a time that nobody types over stays as it is stored, also where summer time ends", () => {
  const zone = "Europe/Berlin";
  for (const at of ["2026-11-28T08:00:30.250Z", "2026-10-25T00:30:00.000Z", "2026-10-25T01:30:00.000Z"])
    assert.equal(instantFrom(wallClock(at, zone), zone, { at, zone }), at);
});

test("a typed time is one of the zone that is chosen", () => {
  const stored = { at: "2026-11-28T08:00:30.000Z", zone: "Europe/Berlin" };
  assert.equal(instantFrom("2026-11-28T09:01", "Europe/Berlin", stored), "2026-11-28T08:01:00Z");
  assert.equal(instantFrom("2026-11-28T09:00", "Asia/Karachi", stored), "2026-11-28T04:00:00Z");
  assert.equal(instantFrom("", "Europe/Berlin", stored), null);
  assert.equal(instantFrom("2026-11-28T09:00", "Asia/Karachi", null), "2026-11-28T04:00:00Z");
});
