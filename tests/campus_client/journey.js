// A lecture at the campus, through the client's own calls. Usage: node --experimental-websocket journey.js URL PASSWORD
// ends with 0 if all held. `SECONDS_BETWEEN_REFRESHES` is 1; the client's own pause is 25.
import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import { connect, messageOf } from "./api.js";
import { photo, signature } from "./pictures.js";

const [url, PASSWORD] = process.argv.slice(2);
const BETWEEN = Number(process.env.SECONDS_BETWEEN_REFRESHES ?? 1) * 1000;
const HALL = { latitude: 31.5204, longitude: 74.3587 };

async function eventually(what, ask, holds, seconds = 60) {
  let seen;
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await pause(100)) {
    seen = await ask();
    if (holds(seen)) return seen;
  }
  return assert.fail(`${what} did not come: ${JSON.stringify(seen)}`);
}

const refused = (promise) => promise.then(() => assert.fail("it was not refused"), (error) => error);
const sha256 = (content) => createHash("sha256").update(content).digest("hex");

// The client's own module for live updates is replaced by the platform's, one import line.
async function liveModule() {
  const folder = await mkdtemp(join(tmpdir(), "live-"));
  try {
    const path = join(folder, "live.mjs");
    await writeFile(path, await (await fetch(`${url}/api/live.js`)).text());
    return await import(path);
  } finally {
    await rm(folder, { recursive: true });
  }
}

// Log-ins.
const [teacher, student, admin] = [connect(url), connect(url), connect(url)];
const { role } = await teacher.login("teacher@campus.example.com", PASSWORD);
assert.equal(role, "organizer");
const me = await student.login("student@campus.example.com", PASSWORD);
assert.deepEqual([me.role, typeof me.campus], ["student", "string"]);
await admin.login("admin@campus.example.com", PASSWORD);
assert.equal((await student.profile()).id, me.id);
const wrong = await refused(connect(url).login("student@campus.example.com", "not the password"));
assert.deepEqual([wrong.response.status, typeof messageOf(wrong)], [401, "string"]);

// Registration: each form field is there.
const newcomer = connect(url);
const name = `n${randomUUID().slice(0, 8)}`;
const person = { username: name, email: `${name}@campus.example.com`, password: "a long enough password" };
const about = { first_name: "Nadia", last_name: "Iqbal", student_id: name, department: "Physics", campus: me.campus };
assert.equal((await newcomer.register({ ...person, ...about, year_level: "1" })).role, "student");
assert.deepEqual((await refused(newcomer.users({}))).response.data.error, "Permission denied");

// An event, and its code.
const minutes = (count) => new Date(Date.now() + count * 60_000).toISOString();
const event = await teacher.createEvent({
  title: "Optics",
  location: "Hall 1",
  ...HALL,
  location_radius: 100,
  start_datetime: minutes(-5),
  end_datetime: minutes(60),
  require_photos: true,
  require_signature: true,
});
assert.equal(typeof event.organizer, "string");
await eventually("the event", () => student.events({}), ({ results }) => results.some(({ id }) => id === event.id));
assert.equal((await refused(student.qr(event.id))).response.status, 403);
const { qr_token, qr_image, code, event_id } = await teacher.qr(event.id);
assert.equal(event_id, event.id);
assert.match(code, /^\d{8}$/);
assert.ok(Buffer.from(qr_image.replace(/^data:image\/png;base64,/, ""), "base64").subarray(1, 4).equals(Buffer.from("PNG")));

// The teacher looks on.
const { websocketService } = await liveModule();
const updates = [];
websocketService.on("attendance-update", (update) => updates.push(update));
await new Promise((resolve, reject) => {
  websocketService.on("subscribed", resolve).on("connect_error", reject).on("error", (error) => reject(new Error(JSON.stringify(error))));
  websocketService.connect(event.id, { url, token: teacher.kept.access });
});

// Verify, photos, signature, submit.
const none = await refused(student.verifyQr({}));
assert.deepEqual([none.response.status, messageOf(none)], [400, "QR token required"]);
const changed = qr_token.slice(0, -2) + (qr_token.endsWith("AA") ? "BB" : "AA");
assert.equal(messageOf(await refused(student.verifyQr({ qr_token: changed }))), "Invalid QR code");
const verified = await student.verifyQr({ qr_token, ...HALL, device_key: randomUUID() });
const { submission_id } = verified;
assert.deepEqual([verified.event.id, verified.next_step, verified.student.email], [event.id, "location_verification", me.email]);
const place = await student.verifyLocation({ submission_id, latitude: HALL.latitude + 0.0002, longitude: HALL.longitude, accuracy: 12 });
assert.deepEqual([place.location_verified, place.radius_m, Math.round(place.distance_m)], [true, 100, 22]);
const far = await refused(student.verifyLocation({ submission_id, latitude: 91, longitude: 0 }));
assert.equal(far.response.status, 400);
assert.match(messageOf(far), /latitude/);
const seed = Date.now() % 100_000;
await student.uploadPhoto("front", submission_id, photo(seed));
await student.uploadPhoto("back", submission_id, photo(seed + 4_321));
await student.captureSignature(submission_id, signature());
assert.equal((await refused(newcomer.captureSignature(submission_id, signature()))).response.status, 404);
const fields = { event_id: event.id, latitude: HALL.latitude, longitude: HALL.longitude, accuracy: 12, selfie_image: null, signature: null };
const submitted = await student.submit(fields);
assert.deepEqual([submitted.status, submitted.data.message], [201, "Attendance submitted successfully"]);
const { attendance_id } = submitted.data;
const second = await refused(student.submit(fields));
assert.equal(second.response.status, 400);
assert.ok(second.response.data.duplicate);
assert.deepEqual([messageOf(second), second.response.data.message], Array(2).fill("Attendance already submitted for this event"));

// What the student sees.
const { factors } = await student.feedback(attendance_id);
assert.deepEqual(new Set(factors.map(({ factor }) => factor)), new Set(["qr", "location", "front_photo", "back_photo", "signature", "time"]));
assert.equal(factors.find(({ factor }) => factor === "qr").passed, true);
const [own] = (await eventually("the record", () => student.records({ event: event.id }), ({ results }) => results.length === 1)).results;
assert.deepEqual([own.id, own.status, own.location_verified], [attendance_id, "present", true]);
assert.equal((await student.history(attendance_id)).versions.length, 1);

// What the teacher sees.
const live = await eventually("the live view", () => teacher.realtime(event.id), (seen) => seen.recent_submissions.length === 1);
assert.equal(live.attendance_summary.reduce((sum, { count }) => sum + count, 0), 1);
await eventually("the live update", () => updates, ({ length }) => length > 0);
assert.equal((await teacher.mark(event.id, { student_id: name, status: "excused", reason: "ill" })).method, "manual");
await eventually("the list", () => teacher.eventRecords(event.id, {}), ({ results }) => results.length === 2);
await newcomer.appeal((await newcomer.records({ event: event.id })).results[0].id, "I was in the hall");
const [contested] = (await newcomer.records({ event: event.id })).results;
const corrected = await teacher.decide(contested.id, { decision: "correct", status: "present", note: "seen by a colleague" });
assert.deepEqual([corrected.status, corrected.corrected], ["present", true]);
assert.equal((await newcomer.history(contested.id)).versions.length, 2);

// Analytics.
const figures = await eventually("the figures", () => teacher.eventAnalytics(event.id), (seen) => seen.submitted === 2);
assert.equal(figures.rate ?? null, null);
// The figures of all campuses follow each minute; a refresh does not wait for it.
const { dashboard } = await admin.refreshDashboard();
assert.ok(dashboard.summary.total_events >= 1);
const { summary } = await teacher.analytics("dashboard", {});
assert.ok(summary.submissions >= 2);
assert.ok((await student.analytics("dashboard", {})).summary.present >= 1);
for (const kind of ["attendance-hourly", "verification-time", "department-comparison", "weekly-pattern"]) {
  const histogram = await admin.analytics(`histograms/${kind}`, { days: 7 });
  assert.equal(histogram.values.length, histogram.labels.length);
  assert.equal(histogram.values.length, { "attendance-hourly": 24, "weekly-pattern": 7 }[kind] ?? histogram.values.length);
}
assert.ok((await admin.analytics("attendance-trends", { days: 7 })).series.length >= 1);
assert.ok((await admin.analytics("department-summary", { days: 7 })).departments.length >= 1);
assert.ok(Array.isArray((await admin.analytics("anomaly-detection", { days: 7 })).anomalies));
for (const days of [0, 100_000]) {
  const outside = await refused(admin.analytics("dashboard", { days }));
  assert.deepEqual([outside.response.status, /days/.test(messageOf(outside))], [400, true]);
}

// A code that was refreshed is void.
const earlier = (await teacher.qr(event.id)).qr_token;
await teacher.refreshQr(event.id);
assert.equal(messageOf(await refused(student.verifyQr({ qr_token: earlier }))), "Invalid QR code");

// Reports.
const { data: report } = await teacher.report({ event: event.id });
assert.deepEqual([report.totals.records, report.rows.length, report.totals.by_status.present], [2, 2, 2]);
assert.equal((await teacher.verifyReport(report.report_id, report.sha256)).valid, true);
const official = await teacher.file("official-format", { event: event.id });
assert.equal(Buffer.from(official.data).subarray(0, 5).toString(), "%PDF-");
const reportId = official.headers["x-report-id"];
assert.equal((await teacher.verifyReport(reportId, sha256(official.data))).valid, true);
const altered = Buffer.from(official.data);
altered[altered.length - 20] ^= 1;
assert.equal((await teacher.verifyReport(reportId, sha256(altered))).valid, false);
const started = await teacher.withPhotos(event.id);
const done = await eventually("the report with photos", () => teacher.job(started.data.job_id), ({ status }) => status !== "open");
assert.equal(done.status, "complete");
assert.equal((await teacher.download(done.url)).subarray(0, 5).toString(), "%PDF-");
assert.ok((await student.individual(me.id)).totals.records >= 1);
assert.equal(messageOf(await refused(student.report({}))), "Permission denied");

// Two refreshes with the token of the log-in, which the client keeps for ever.
const { refresh: first } = student.kept;
for (let count = 0; count < 2; count += 1) {
  if (count) await pause(BETWEEN);
  const before = student.kept.access;
  assert.ok((await student.refresh()).access);
  assert.equal(student.kept.refresh, first);
  assert.notEqual(student.kept.access, before);
  assert.equal((await student.profile()).id, me.id);
}
// An access token that is not valid any more is renewed behind the client's back.
student.kept.access = "gone";
assert.equal((await student.profile()).id, me.id);

websocketService.disconnect();
console.log(JSON.stringify({ updates: updates.length, official: official.data.byteLength, factors: factors.length }));
