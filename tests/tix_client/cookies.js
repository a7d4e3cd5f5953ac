// The staff's console in a browser: its cookie, its CSRF token, and what another origin gets.
// Usage: node cookies.js URL EMAIL PASSWORD; ends with 0 if all held.
import assert from "node:assert/strict";

import axios from "axios";

const [url, email, password] = process.argv.slice(2);

/** A page as a browser treats it: credentials go only where the answer allows them to its origin. */
class Page {
  constructor(origin) {
    this.origin = origin;
    this.cookies = new Map();
  }

  async preflight(path) {
    const headers = {
      Origin: this.origin,
      "Access-Control-Request-Method": "POST",
      "Access-Control-Request-Headers": "content-type,x-csrf-token",
    };
    const answer = await axios.options(`${url}${path}`, { headers, validateStatus: () => true });
    return {
      origin: answer.headers["access-control-allow-origin"],
      credentials: answer.headers["access-control-allow-credentials"],
    };
  }

  async post(path, body, headers = {}) {
    const allowed = await this.preflight(path);
    if (allowed.origin !== this.origin || allowed.credentials !== "true") {
      throw new Error("a browser does not send this request with credentials");
    }
    const sent = [...this.cookies.values()].filter((each) => new URL(`${url}${path}`).pathname.startsWith(each.path));
    const answer = await axios.post(`${url}${path}`, body, {
      headers: { Origin: this.origin, Cookie: sent.map(({ name, value }) => `${name}=${value}`).join("; "), ...headers },
      validateStatus: () => true,
    });
    assert.equal(answer.headers["access-control-allow-origin"], this.origin);
    assert.equal(answer.headers["access-control-allow-credentials"], "true");
    for (const line of answer.headers["set-cookie"] ?? []) this.keep(line);
    return answer;
  }

  keep(line) {
    const [pair, ...attributes] = line.split("; ");
    const [name, value] = pair.split("=");
    const of = Object.fromEntries(attributes.map((each) => [each.split("=")[0].toLowerCase(), each.split("=")[1]]));
    for (const needed of ["httponly", "secure"]) assert.ok(needed in of, line);
    assert.equal(of.samesite, "Strict");
    if (Number(of["max-age"]) === 0) this.cookies.delete(name);
    else this.cookies.set(name, { name, value, path: of.path });
  }
}

const console_ = new Page("http://localhost:8081");
const begun = await console_.post("/api/auth/login/?cookie=1", { email, password });
assert.equal(begun.status, 200, JSON.stringify(begun.data));
assert.equal(begun.data.refresh, null);
assert.equal(console_.cookies.size, 1);
const [first] = console_.cookies.values();
assert.ok(!JSON.stringify(begun.data).includes(first.value));

// Without its CSRF token the cookie refreshes nothing.
assert.equal((await console_.post("/api/auth/refresh/", {})).status, 401);
assert.equal((await console_.post("/api/auth/refresh/", {}, { "X-CSRF-Token": "0".repeat(64) })).status, 401);
const renewed = await console_.post("/api/auth/refresh/", {}, { "X-CSRF-Token": begun.data.csrf_token });
assert.equal(renewed.status, 200, JSON.stringify(renewed.data));
assert.notEqual([...console_.cookies.values()][0].value, first.value);
const me = await axios.get(`${url}/api/auth/me/`, { headers: { Authorization: `Bearer ${renewed.data.access}` } });
assert.equal(me.data.email, email);

// The ushers' web app may call the API, and gets no credentials.
const other = new Page("http://localhost:8084");
const allowed = await other.preflight("/api/auth/refresh/");
assert.deepEqual(allowed, { origin: "http://localhost:8084", credentials: undefined });
await assert.rejects(other.post("/api/auth/refresh/", {}), /does not send/);
const stolen = await axios.post(`${url}/api/auth/login/?cookie=1`, { email, password }, { headers: { Origin: other.origin } });
assert.equal(stolen.headers["access-control-allow-credentials"], undefined);

// Log-out clears the cookie and ends the session.
const [last] = console_.cookies.values();
const bearer = { Authorization: `Bearer ${renewed.data.access}` };
assert.equal((await console_.post("/api/auth/logout/", {}, bearer)).status, 200);
assert.equal(console_.cookies.size, 0);
console_.cookies.set(last.name, last);
const ended = await console_.post("/api/auth/refresh/", {}, { "X-CSRF-Token": renewed.data.csrf_token });
assert.equal(ended.status, 401);

process.stdout.write(JSON.stringify({ held: true }));
