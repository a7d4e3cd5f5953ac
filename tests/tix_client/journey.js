// What an organization does on a day, through the client's own calls. Usage: node journey.js URL; ends with 0 if all held.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";

import { connect, scanMessage } from "./api.js";

const [url] = process.argv.slice(2);
const MANY = 1200;
const PASSWORD = "a long enough password";
const NEW_PASSWORD = "the next long password";

async function eventually(what, ask, holds, seconds = 60) {
  let seen;
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await pause(100)) {
    seen = await ask();
    if (holds(seen)) return seen;
  }
  return assert.fail(`${what} did not come: ${JSON.stringify(seen)}`);
}

/** Enters the code that was mailed; a local run shows its mails. */
async function prove(user, email) {
  const mailed = async () => {
    const answer = await fetch(`${url}/_local/outbox/?to=${encodeURIComponent(email)}`);
    return (await answer.json()).messages.map(({ body }) => /\b\d{6}\b/.exec(body)?.[0]).find(Boolean);
  };
  const code = await eventually(`the code to ${email}`, mailed, Boolean);
  assert.deepEqual(await user.verifyEmail({ email, code }), { success: true });
}

const refused = (promise) => promise.then(() => assert.fail("it was not refused"), (error) => error.response);
const api = connect(url);

// The demo organization.
const owner = await api.login("owner@tix.example.com", "demo-Tix-2026");
assert.equal(owner.role, "admin");
assert.equal((await api.me()).organizationId, owner.organizationId);
assert.ok((await api.tickets({ page: 1, limit: 100 })).total > 0);

// One of our own, with a member.
const email = `${randomUUID()}@tix.example.com`;
const admin = await api.register({ email, password: PASSWORD, name: "Sana", organization: "City Run" });
const unproven = await refused(api.generate(1, "RUN"));
assert.deepEqual([unproven.status, unproven.data.code], [403, "ACCOUNT_UNVERIFIED"]);
await prove(api, email);
const { invite_code } = await api.saveSettings({ timezone: "Asia/Karachi", ticket_prefix: "RUN", max_users: 2 });
const member = connect(url);
const joined = await member.register({ email: `m-${email}`, password: PASSWORD, name: "Ali", invite_code });
assert.deepEqual([joined.role, joined.organizationId], ["member", admin.organizationId]);
await prove(member, `m-${email}`);
assert.deepEqual((await member.members()).results.map(({ id }) => id), [joined.id, admin.id]);
const full = await refused(connect(url).register({ email: `n-${email}`, password: PASSWORD, name: "No", invite_code }));
assert.deepEqual([full.status, full.data.code, typeof full.data.error], [409, "ORGANIZATION_FULL", "string"]);

// Tickets, and the scanner.
const tickets = await member.generate(5, "RUN", { section: "A" });
assert.deepEqual(tickets.map(({ number }) => number), [1, 2, 3, 4, 5].map((n) => `RUN-00000${n}`));
const [first, second, third, fourth, fifth] = tickets;
const crowd = await Promise.allSettled(Array.from({ length: 12 }, () => member.scan(first.id)));
assert.equal(crowd.filter(({ status }) => status === "fulfilled").length, 1);
for (const { reason } of crowd.filter(({ status }) => status === "rejected")) {
  const { error, duplicate, ticket } = reason.response.data;
  assert.deepEqual([reason.response.status, error, duplicate], [400, "Ticket already scanned", true]);
  assert.deepEqual([ticket.id, ticket.scanned_by], [first.id, joined.id]);
}
assert.equal(await scanMessage(api, second.id), "Welcome, RUN-000002");
assert.equal(await scanMessage(api, second.id), "Already scanned: RUN-000002");
assert.equal((await api.ticket("RUN-000002")).id, second.id);
const stranger = connect(url);
await stranger.login("owner@tix.example.com", "demo-Tix-2026");
assert.equal((await refused(stranger.scan(third.id))).status, 404);
assert.equal((await refused(stranger.ticket(third.id))).status, 404);
assert.notEqual((await stranger.ticket("RUN-000003")).id, third.id);

// What was taken back, and what was deleted.
assert.equal((await refused(member.takeBack({ prefix: "RUN", from: 4, to: 4 }))).status, 403);
assert.equal((await api.takeBack({ prefix: "RUN", from: 4, to: 4, reason: "lost" })).voided, 1);
assert.equal(await scanMessage(api, fourth.id), "Ticket was voided");
assert.deepEqual(await member.remove(fifth.id), { success: true });
assert.equal((await refused(member.scan(fifth.id))).status, 404);

// Many, behind the answer.
const bulk = await api.generateMany(MANY, "BULK");
assert.deepEqual([bulk.tickets.length, bulk.tickets[0].number], [MANY, "BULK-000001"]);
const { job_id } = bulk;
const { job } = await eventually("the tickets", () => api.tickets({ job_id }), (seen) => seen.job?.status === "complete");
assert.equal(job.done, MANY);
const page = await api.tickets({ page: 1, limit: 100 });
assert.deepEqual([page.tickets.length, page.tickets[0].number], [100, `BULK-${String(MANY).padStart(6, "0")}`]);
assert.equal(page.total, MANY + 4);

// The reports.
const stats = await eventually("the counts", api.stats, ({ scanned }) => scanned === 2);
assert.deepEqual([stats.total, stats.not_scanned], [MANY + 4, MANY + 2]);
for (const period of ["daily", "weekly", "monthly"]) {
  const [newest] = await api.report(period);
  assert.deepEqual([newest.generated, newest.scanned], [MANY + 4, 2]);
}
const scanned = await api.tickets({ page: 1, limit: 100, filter: "scanned" });
assert.deepEqual(scanned.tickets.map(({ id }) => id), [second.id, first.id]);

// The sheets.
const files = {};
for (const format of ["pdf", "csv"]) {
  const run = await api.print({ prefix: "RUN", from: 1, to: 3, format });
  const over = await eventually("the sheets", () => api.printRun(run.job_id), ({ status }) => status !== "open");
  assert.deepEqual([over.status, over.files.length], ["complete", 1]);
  files[format] = await api.download(over.files[0].url);
}
assert.equal(files.pdf.subarray(0, 5).toString(), "%PDF-");
assert.ok(files.csv.toString().includes(third.id));

// The end of the day.
assert.equal((await refused(api.clear("not its name"))).status, 400);
await api.clear("City Run");
await eventually("the clearing", () => api.tickets({ page: 1, limit: 10 }), ({ total }) => total === 0);
assert.equal((await api.generate(1, "RUN"))[0].number, "RUN-000006");
const { token } = member.session;
await member.logout();
member.session.token = token;
assert.equal((await refused(member.me())).status, 401);
assert.deepEqual(await api.removeMember(joined.id), { success: true });
assert.equal((await refused(member.login(`m-${email}`, PASSWORD))).status, 401);
await api.changePassword({ old_password: PASSWORD, new_password: NEW_PASSWORD });
await api.logout();
api.session.token = null;
assert.equal((await api.login(email, NEW_PASSWORD)).id, admin.id);
await api.logout();
assert.deepEqual([member.session.token, typeof member.session.endedBy], [null, "string"]);

console.log(JSON.stringify({ pdf: files.pdf.length, csv: files.csv.length, tickets: MANY + 6 }));
