// Campus: windows of events, and tables as teachers paste them.
import assert from "node:assert/strict";
import path from "node:path";
import test from "node:test";

import { build } from "esbuild";

async function bundled(file) {
  const entry = path.join(import.meta.dirname, "..", "src", "campus", file);
  const { outputFiles } = await build({ entryPoints: [entry], bundle: true, format: "esm", write: false, logLevel: "warning" });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);
}

const at = (hours) => Date.parse("2026-11-28T00:00:00Z") + hours * 3_600_000;
const said = (hours) => new Date(at(hours)).toISOString();
const event = (fields) => ({ is_active: true, start_datetime: said(9), end_datetime: said(17), closes_at: null, second_window: null, ...fields });

test("an event is open in each of its windows, both ends included, and to come between them", async () => {
  const { periodOf } = await bundled("period.ts");
  const two = event({ closes_at: said(9.5), second_window: { start: said(16), end: said(18) } });
  const hours = { 8: "early", 9: "open", 9.5: "open", 9.6: "early", 15.9: "early", 16: "open", 18: "open", 18.1: "over" };
  for (const [hour, is] of Object.entries(hours)) assert.equal(periodOf(two, at(Number(hour))).is, is, hour);
  assert.equal(periodOf(two, at(12)).opensAt, at(16));
  assert.equal(periodOf(event({ closes_at: said(40) }), at(30)).is, "open");
  assert.equal(periodOf(event({}), at(17.1)).is, "over");
  assert.equal(periodOf(event({ is_active: false }), at(10)).is, "inactive");
});

test("a time is read in one spelling only, in each column of times; all else goes as it is", async () => {
  const { rowsOf } = await bundled("teach/tables.ts");
  const read = (text) => rowsOf(`title,start,end,late_until,closes_at\nOptics,${text},${text},${text},${text}`)[0].event;
  const local = new Date("2027-01-11T09:00").toISOString();
  const known = { "2027-01-11 09:00": local, "2027-01-11T9:00": local, "2027-01-11 09:00:00": local, "2027-01-11 09:00+05:00": "2027-01-11T04:00:00.000Z", "2027-01-11T09:00Z": "2027-01-11T09:00:00.000Z" };
  const times = ["start_datetime", "end_datetime", "late_until", "closes_at"];
  for (const [text, moment] of Object.entries(known)) for (const name of times) assert.equal(read(text)[name], moment, text);
  // Of these a browser makes another day, or none.
  for (const text of ["11/01/2027 09:00", "01/11/2027", "2027-02-30 09:00", "2027-13-01 09:00", "2027-01-11 25:00", "2027-01-11", "tomorrow"])
    for (const name of times) assert.equal(read(text)[name], text, text);
});

test("a time of an event that nobody types over stays as it is stored", async () => {
  const { toLocal, toMoment } = await bundled("teach/moments.ts");
  const zone = process.env.TZ;
  process.env.TZ = "Europe/Berlin";
  try {
    // With seconds, and on either side of 25 October 2026, 03:00, when the hour from two o'clock comes a second time.
    for (const stored of ["2026-11-28T08:00:30.250Z", "2026-10-25T00:30:00.000Z", "2026-10-25T01:30:00.000Z"]) {
      assert.equal(toMoment(toLocal(stored), stored), stored);
    }
    assert.equal(toMoment("2026-11-28T09:01", "2026-11-28T08:00:30.250Z"), "2026-11-28T08:01:00.000Z");
    assert.equal(toMoment("2026-11-28T09:01", null), "2026-11-28T08:01:00.000Z");
  } finally {
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  }
});
