"use strict";
// How an operation is sent, or written as a command, and what its answer fills in elsewhere on the page.

function say(text) {
  byId("said").textContent = text;
}

// Most portals answer `access`, Tix `token`; the token itself names its portal, where the operation does not.
function keepToken(operation, answer) {
  const token = [answer?.access, answer?.token].find((value) => typeof value === "string" && value.split(".").length === 3);
  if (!token) return;
  const name = [operation.tags[0], audienceOf(token)].map((portal) => `${portal}Token`).find((each) => byId(`token-${each}`));
  if (!name) return;
  tokens[name] = token;
  byId(`token-${name}`).value = token;
  say(`The token of ${name.replace("Token", "")} is filled in.`);
}

function audienceOf(token) {
  try {
    return JSON.parse(atob(token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/"))).aud;
  } catch {
    return undefined;
  }
}

// A log-in in two steps: the challenge of its first answer goes into the body of the second.
function keepFollowUps(spec, operation, status, answer) {
  const declared = operation.responses[status];
  const links = (declared?.$ref ? spec.components.responses[nameOf(declared.$ref)] : declared)?.links || {};
  for (const link of Object.values(links)) {
    const given = { body: {}, parameters: {} };
    for (const kind of ["body", "parameters"]) {
      for (const [name, source] of Object.entries((kind === "body" ? link.requestBody : link.parameters) || {})) {
        const value = valueAt(answer, source);
        if (value !== undefined) given[kind][name] = value;
      }
    }
    followUps[link.operationId] = given;
    document.dispatchEvent(new CustomEvent("follow-up", { detail: link.operationId }));
  }
}

function valueAt(answer, source) {
  const path = typeof source === "string" ? source.match(/^\$response\.body#\/(.+)$/) : null;
  const value = path?.[1].split("/").reduce((found, part) => found?.[part], answer);
  return typeof value === "object" ? undefined : value;
}

function requestOf(method, path, operation, { inputs, key, body }) {
  const headers = {};
  const scheme = schemeOf(operation);
  for (const { parameter, input } of inputs) {
    if (parameter.in === "header" && input.value.trim()) headers[parameter.name] = input.value.trim();
  }
  if (key?.value.trim()) headers[KEY] = key.value.trim();
  if (body?.value) headers["Content-Type"] = "application/json";
  return { method: method.toUpperCase(), url: address(path, inputs), headers, scheme, body: body?.value || undefined };
}

async function send(spec, operation, { method, url, headers, scheme, body }) {
  const own = scheme && tokens[scheme] ? { Authorization: `Bearer ${tokens[scheme]}` } : {};
  const began = performance.now();
  const answer = await fetch(url, { method, headers: { ...headers, ...own }, body });
  const text = await answer.text();
  const took = Math.round(performance.now() - began);
  let shown = text;
  try {
    const parsed = JSON.parse(text);
    shown = pretty(parsed);
    if (answer.ok) {
      keepToken(operation, parsed);
      keepFollowUps(spec, operation, answer.status, parsed);
    }
  } catch {
    // A page or an empty answer is shown as it came.
  }
  return { status: answer.status, ok: answer.ok, took, shown, requestId: answer.headers.get("X-Request-Id") };
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

// The token is a variable of the shell, so that it is in no history and no paste.
function curlOf({ method, url, headers, scheme, body }) {
  const lines = [`curl -X ${method} ${quoted(new URL(url, location.href).href)}`];
  if (scheme) lines.push(`-H "Authorization: Bearer $${variableOf(scheme)}"`);
  for (const [name, value] of Object.entries(headers)) lines.push(`-H ${quoted(`${name}: ${value}`)}`);
  if (body) lines.push(`--data-raw ${quoted(body)}`);
  return lines.join(" \\\n  ");
}

const variableOf = (scheme) => `${scheme.replace("Token", "").toUpperCase()}_TOKEN`;
