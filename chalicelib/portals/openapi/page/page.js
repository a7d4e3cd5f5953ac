"use strict";
// Everything from the document reaches the page as text, never as markup.

const base = location.pathname.replace(/\/api\/docs\/?$/, "");
const tokens = {};
const byId = (id) => document.getElementById(id);

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const pretty = (value) => JSON.stringify(value, null, 2);

// Bold, code and links are all the Markdown that the document's texts use.
function prose(text) {
  return text.split(/(\*\*[^*]+\*\*|`[^`]+`)/).map((part) => {
    if (part.startsWith("**")) return make("strong", {}, part.slice(2, -2));
    if (part.startsWith("`")) return make("code", {}, part.slice(1, -1));
    return part;
  });
}

function paragraphs(text) {
  const lines = text.split("\n").filter(Boolean);
  const items = lines.filter((line) => line.startsWith("- "));
  return [
    ...lines.filter((line) => !line.startsWith("- ")).map((line) => make("p", {}, ...prose(line))),
    items.length ? make("ul", {}, ...items.map((line) => make("li", {}, ...prose(line.slice(2))))) : null,
  ];
}

function nameOf(reference) {
  return reference.split("/").pop();
}

function typeOf(schema) {
  if (!schema || !Object.keys(schema).length) return ["anything"];
  if (schema.$ref) {
    const name = nameOf(schema.$ref);
    return [make("a", { href: `#schema-${name}` }, name)];
  }
  const choices = schema.anyOf || schema.oneOf;
  if (choices) return choices.flatMap((choice, place) => [...(place ? [" or "] : []), ...typeOf(choice)]);
  if (schema.const !== undefined) return [`"${schema.const}"`];
  if (schema.enum) return [schema.enum.map((value) => `"${value}"`).join(", ")];
  if (schema.type === "array") return ["list of ", ...typeOf(schema.items)];
  const bounds = [];
  const low = schema.minLength ?? schema.minimum ?? schema.minItems;
  const high = schema.maxLength ?? schema.maximum ?? schema.maxItems;
  if (low !== undefined || high !== undefined) bounds.push(`${low ?? ""}–${high ?? ""}`);
  if (schema.default !== undefined) bounds.push(`default ${JSON.stringify(schema.default)}`);
  const kind = schema.format || schema.type || "anything";
  return [bounds.length ? `${kind} (${bounds.join(", ")})` : kind];
}

function fields(schema) {
  const required = new Set(schema.required || []);
  const rows = Object.entries(schema.properties || {}).map(([name, field]) =>
    make(
      "tr",
      {},
      make("td", { class: required.has(name) ? "needed" : "" }, make("code", {}, name)),
      make("td", {}, ...typeOf(field)),
      make("td", {}, ...prose(field.description || "")),
    ),
  );
  if (schema.enum) return make("p", {}, ...schema.enum.flatMap((value) => [make("code", {}, value), " "]));
  if (!rows.length) return make("p", {}, "No fields.");
  return make("table", {}, make("tbody", {}, ...rows));
}

function schemeOf(operation) {
  return Object.keys((operation.security || [])[0] || {}).find((name) => name.endsWith("Token"));
}

function whoMayCall(operation) {
  const scheme = schemeOf(operation);
  return scheme ? scheme.replace("Token", "") : "public";
}

function anchor(operation) {
  return `operation-${operation.operationId}`;
}

function example(media) {
  return Object.values(media?.examples || {})[0]?.value;
}

function parameterTable(parameters) {
  const inputs = parameters.map((parameter) => ({
    parameter,
    input: make("input", {
      "aria-label": parameter.name,
      value: example(parameter) ?? "",
      placeholder: parameter.schema?.default ?? "",
      autocomplete: "off",
    }),
  }));
  const rows = inputs.map(({ parameter, input }) =>
    make(
      "tr",
      {},
      make("td", { class: parameter.required ? "needed" : "" }, make("code", {}, parameter.name)),
      make("td", {}, input),
      make("td", {}, ...typeOf(parameter.schema), " ", ...prose(parameter.description || "")),
    ),
  );
  const table = make("table", {}, make("tbody", {}, ...rows));
  return { inputs, table };
}

function address(path, inputs) {
  const query = new URLSearchParams();
  let filled = path;
  for (const { parameter, input } of inputs) {
    const value = input.value.trim();
    if (parameter.in === "path") filled = filled.replace(`{${parameter.name}}`, encodeURIComponent(value));
    else if (parameter.in === "query" && value) query.set(parameter.name, value);
  }
  const asked = query.toString();
  return base + filled + (asked ? `?${asked}` : "");
}

function keepToken(operation, answer) {
  const field = byId(`token-${operation.tags[0]}Token`);
  if (field && answer && typeof answer.access === "string") {
    tokens[`${operation.tags[0]}Token`] = answer.access;
    field.value = answer.access;
  }
}

async function send(method, path, operation, inputs, body) {
  const headers = {};
  const scheme = schemeOf(operation);
  if (scheme && tokens[scheme]) headers.Authorization = `Bearer ${tokens[scheme]}`;
  if (body) headers["Content-Type"] = "application/json";
  for (const { parameter, input } of inputs) {
    if (parameter.in === "header" && input.value.trim()) headers[parameter.name] = input.value.trim();
  }
  const began = performance.now();
  const answer = await fetch(address(path, inputs), { method, headers, body: body || undefined });
  const text = await answer.text();
  const took = Math.round(performance.now() - began);
  let shown = text;
  try {
    const parsed = JSON.parse(text);
    keepToken(operation, parsed);
    shown = pretty(parsed);
  } catch {
    // A page or an empty answer is shown as it came.
  }
  return { status: answer.status, ok: answer.ok, took, shown, requestId: answer.headers.get("X-Request-Id") };
}

function trial(method, path, operation) {
  const { inputs, table } = parameterTable(operation.parameters || []);
  const media = operation.requestBody?.content["application/json"];
  const body = media ? make("textarea", { spellcheck: "false", "aria-label": "Request body" }) : null;
  if (body) body.value = pretty(example(media) ?? {});
  const result = make("div", { "aria-live": "polite" });
  const button = make("button", { type: "button" }, "Send");
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      const answer = await send(method.toUpperCase(), path, operation, inputs, body?.value);
      const verdict = make("span", { class: answer.ok ? "good" : "bad" }, String(answer.status));
      result.replaceChildren(
        make("p", {}, verdict, ` in ${answer.took} ms, request ${answer.requestId}`),
        make("pre", {}, answer.shown || "(no body)"),
      );
    } catch (problem) {
      result.replaceChildren(make("p", { class: "bad" }, `The request did not reach the server: ${problem.message}`));
    } finally {
      button.disabled = false;
    }
  });
  return [
    inputs.length ? make("h3", {}, "Parameters") : null,
    inputs.length ? table : null,
    body ? make("h3", {}, "Body: ", ...typeOf(media.schema)) : null,
    body,
    make("div", { class: "send" }, button, make("span", { class: "who" }, whoMayCall(operation))),
    result,
  ];
}

function answers(spec, operation) {
  const rows = Object.entries(operation.responses).map(([status, found]) => {
    const answer = found.$ref ? spec.components.responses[nameOf(found.$ref)] : found;
    const schema = Object.values(answer.content || {})[0]?.schema;
    const links = Object.keys(answer.links || {}).flatMap((to) => [" ", make("a", { href: `#operation-${to}` }, to)]);
    return make(
      "tr",
      {},
      make("td", { class: status < 400 ? "good" : "bad" }, status),
      make("td", {}, ...(schema ? typeOf(schema) : ["no body"])),
      make("td", {}, ...prose(answer.description), ...(links.length ? [" Leads to:", ...links] : [])),
    );
  });
  return make("table", {}, make("tbody", {}, ...rows));
}

function operationView(spec, path, method, operation) {
  const shown = make("div");
  const view = make(
    "details",
    { class: "operation", id: anchor(operation) },
    make(
      "summary",
      {},
      make("span", { class: `method ${method}` }, method),
      make("span", { class: "path" }, path),
      make("span", { class: "what" }, operation.summary),
      make("span", { class: "who" }, whoMayCall(operation)),
    ),
    shown,
  );
  // Filled when it is first opened: a page of hundreds of forms would be slow.
  view.addEventListener("toggle", () => {
    if (!view.open || shown.childElementCount) return;
    const good = Object.values(operation.responses)[0];
    const sample = example(Object.values(good.content || {})[0]);
    shown.append(
      ...[
        operation.description ? make("p", {}, ...prose(operation.description)) : null,
        ...trial(method, path, operation),
        make("h3", {}, "Answers"),
        answers(spec, operation),
        sample === undefined ? null : make("h3", {}, "Example"),
        sample === undefined ? null : make("pre", {}, pretty(sample)),
      ].filter(Boolean),
    );
  });
  view.dataset.words = `${method} ${path} ${operation.summary} ${operation.operationId}`.toLowerCase();
  return view;
}

function show(spec) {
  byId("version").textContent = spec.info.version;
  byId("intro").append(...paragraphs(spec.info.description).filter(Boolean));
  const operations = Object.entries(spec.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
  );
  const views = [];
  for (const tag of spec.tags) {
    const own = operations.filter(({ operation }) => operation.tags[0] === tag.name);
    const list = own.map(({ path, method, operation }) => operationView(spec, path, method, operation));
    views.push(...list);
    byId("operations").append(
      make("section", {}, make("h2", {}, tag.name), make("p", {}, ...prose(tag.description)), ...list),
    );
    byId("contents").append(
      make("h2", {}, tag.name),
      ...own.map(({ method, operation }) =>
        make("a", { href: `#${anchor(operation)}`, title: `${method.toUpperCase()} ${operation.summary}` }, operation.summary),
      ),
    );
  }
  for (const name of Object.keys(spec.components.securitySchemes).filter((each) => each !== "adminCsrfToken" && each.endsWith("Token"))) {
    const field = make("input", { id: `token-${name}`, autocomplete: "off", spellcheck: "false", placeholder: "none" });
    field.addEventListener("input", () => (tokens[name] = field.value.trim()));
    byId("tokens").append(
      make("div", { class: "token" }, make("label", { for: `token-${name}` }, name.replace("Token", "")), field),
    );
  }
  for (const [name, schema] of Object.entries(spec.components.schemas)) {
    byId("schemas").append(
      make(
        "details",
        { class: "operation", id: `schema-${name}` },
        make("summary", {}, make("span", { class: "path" }, name), make("span", { class: "what" }, schema.description || "")),
        make("div", {}, fields(schema)),
      ),
    );
  }
  byId("find").addEventListener("input", (event) => {
    const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const view of views) view.hidden = !words.every((word) => view.dataset.words.includes(word));
    for (const section of byId("operations").querySelectorAll("section")) {
      section.hidden = !section.querySelector("details:not([hidden])");
    }
  });
  byId("state").remove();
  openNamed();
}

function openNamed() {
  const named = location.hash.length > 1 ? byId(decodeURIComponent(location.hash.slice(1))) : null;
  if (named instanceof HTMLDetailsElement) {
    named.open = true;
    named.scrollIntoView({ block: "center" });
  }
}

window.addEventListener("hashchange", openNamed);
byId("source").href = `${base}/api/openapi.json`;

fetch(`${base}/api/openapi.json`)
  .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(`status ${answer.status}`))))
  .then(show)
  .catch((problem) => (byId("state").textContent = `The document cannot be read: ${problem.message}. Reload to try again.`));
