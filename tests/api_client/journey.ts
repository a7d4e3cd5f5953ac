// What a customer does from registering to the gate, through the generated types alone.
// Usage: node journey.js URL; it ends with 0 if everything held.
import assert from "node:assert/strict";
import { randomInt, randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";

import { answerOf, connect, Refused, type Schemas } from "./client.js";

const url = process.argv[2] ?? "http://127.0.0.1:8000";
const PASSWORD = "a long enough password";
const NUMBER = `+92300${String(randomInt(10 ** 7)).padStart(7, "0")}`;
const SECONDS = 60;

interface Message {
  body: string;
  sent_at: string;
}

async function codeAfter(count: number): Promise<string> {
  for (const end = Date.now() + SECONDS * 1000; Date.now() < end; await pause(100)) {
    const answer = await fetch(`${url}/_local/outbox/?to=${encodeURIComponent(NUMBER)}`);
    const { messages } = (await answer.json()) as { messages: Message[] };
    const code = messages.length > count ? messages[0]?.body.match(/\b(?:\d{6}|\d{8})\b/)?.[0] : undefined;
    if (code !== undefined) return code;
  }
  return assert.fail("no code was sent");
}

async function refusalOf(call: Promise<unknown>): Promise<Refused> {
  const refusal: unknown = await call.then(() => assert.fail("it was not refused"), (error: unknown) => error);
  assert.ok(refusal instanceof Refused, String(refusal));
  return refusal;
}

const { api, session } = connect(url);

// Register, and prove the number with the code that was sent to it.
const registering = { mobile_number: NUMBER, password: PASSWORD, name: "Nadia Iqbal" };
const asked = await answerOf(api.POST("/api/v1/users/register/", { body: registering }));
const registered = await answerOf(
  api.POST("/api/v1/users/verify-otp/", { body: { challenge_id: asked.challenge_id, otp: await codeAfter(0) } }),
);
assert.equal(registered.customer.mobile_number, NUMBER);

// Log in with number, password and a second code.
const challenge = await answerOf(
  api.POST("/api/v1/users/login/", { body: { mobile_number: NUMBER, password: PASSWORD } }),
);
const loggedIn = await answerOf(
  api.POST("/api/v1/users/verify-login-otp/", {
    body: { challenge_id: challenge.challenge_id, otp: await codeAfter(1) },
  }),
);
session.access = loggedIn.access;
const me: Schemas["WebappMeOut"] = await answerOf(api.GET("/api/v1/users/me/"));
assert.equal(me.id, loggedIn.customer.id);

// Find the demo event; a copy that is still right is not sent again.
const path = { event_id: "evt_demo" };
const read = await api.GET("/api/v1/public/events/{event_id}/", { params: { path } });
const event: Schemas["WebappEventOut"] = await answerOf(Promise.resolve(read));
const etag = read.response.headers.get("ETag") ?? assert.fail("no ETag");
const again = await api.GET("/api/v1/public/events/{event_id}/", {
  params: { path, header: { "If-None-Match": etag } },
});
assert.equal(again.response.status, 304);
const standard = event.ticket_categories.find(({ name }) => name === "Standard");
assert.ok(standard, "no Standard category");

// Book; the same request under the same key books nothing more.
const booking = { event_id: event.id, items: [{ category_id: standard.id, quantity: 2 }] };
const header = { "Idempotency-Key": randomUUID() };
const booked = await answerOf(api.POST("/api/v1/tickets/book/", { body: booking, params: { header } }));
const replayed = await api.POST("/api/v1/tickets/book/", { body: booking, params: { header } });
assert.equal(replayed.response.headers.get("Idempotent-Replayed"), "true");
assert.equal(replayed.data?.id, booked.id);
const { results: open } = await answerOf(api.GET("/api/v1/users/bookings/"));
assert.equal(open[0]?.id, booked.id);
const mismatch = await refusalOf(
  answerOf(
    api.POST("/api/v1/tickets/book/", {
      body: { event_id: event.id, items: [{ category_id: standard.id, quantity: 1 }] },
      params: { header },
    }),
  ),
);
assert.deepEqual([mismatch.status, mismatch.code], [422, "IDEMPOTENCY_MISMATCH"]);
assert.equal(booked.total.amount, (2 * Number(standard.price.amount)).toFixed(2));

// Pay.
const opened = await answerOf(
  api.POST("/api/v1/payments/process/", {
    body: { booking_id: booked.id, method: "card", payment_token: "tok_ok" },
    params: { header: { "Idempotency-Key": randomUUID() } },
  }),
);
const paid = await answerOf(api.POST("/api/v1/payments/confirm/", { body: { payment_id: opened.id } }));
assert.deepEqual([paid.status, paid.amount], ["succeeded", booked.total]);

// The ticket and its QR code.
const { results: tickets } = await answerOf(
  api.GET("/api/v1/users/tickets/", { params: { query: { status: "valid", page_size: 10 } } }),
);
const [ticket] = tickets;
assert.ok(ticket, "no valid ticket");
assert.ok(booked.tickets.some(({ id }) => id === ticket.id));
const code = await answerOf(
  api.GET("/api/v1/users/tickets/{ticket_id}/qr-code/", { params: { path: { ticket_id: ticket.id } } }),
);

// At the gate: the usher logs in and scans it, twice.
const gate = connect(url);
const usher = await answerOf(
  gate.api.POST("/api/usher/login/", {
    body: { event_id: event.id, username: "usher1", password: "demo-Usher-2026" },
  }),
);
gate.session.access = usher.access;
const scan = (scan_id: string): Promise<Schemas["UsherDecisionOut"]> =>
  answerOf(gate.api.POST("/api/usher/scan/result/", { body: { scan_id, qr: code.payload, gate: "Gate 1" } }));
const first = await scan(`scn_${randomUUID()}`);
assert.deepEqual([first.result, first.reason, first.ticket?.id], ["valid", null, ticket.id]);
const second = await scan(`scn_${randomUUID()}`);
assert.deepEqual([second.result, second.first_scan?.gate], ["already_scanned", "Gate 1"]);

// A token of one portal is refused at another.
gate.session.access = session.access;
const foreign = await refusalOf(answerOf(gate.api.GET("/api/usher/events/")));
assert.deepEqual([foreign.status, foreign.code], [401, "UNAUTHENTICATED"]);

console.log(JSON.stringify({ customer: me.id, ticket: ticket.id, scan: first.scan_id }));
