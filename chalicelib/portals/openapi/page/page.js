"use strict";

const base = location.pathname.replace(/\/api\/docs\/?$/, "");
const tokens = {};
// What answers gave for operations that follow them, by operation id: see `links` in the document.
const followUps = {};
const byId = (id) => document.getElementById(id);
const KEY = "Idempotency-Key";

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

function keyField(operation) {
  const field = make("input", { id: `key-${operation.operationId}`, value: crypto.randomUUID(), autocomplete: "off", spellcheck: "false" });
  const renew = make("button", { type: "button", class: "second", onclick: () => (field.value = crypto.randomUUID()) }, "New key");
  const label = make("label", { for: field.id }, make("code", {}, KEY));
  return { field, view: make("div", { class: "key" }, label, field, renew) };
}

function trial(spec, method, path, operation) {
  const declared = (operation.parameters || []).map((each) => (each.$ref ? spec.components.parameters[nameOf(each.$ref)] : each));
  const { inputs, table } = parameterTable(declared.filter(({ name }) => name !== KEY));
  const key = declared.some(({ name }) => name === KEY) ? keyField(operation) : null;
  const media = operation.requestBody?.content["application/json"];
  const body = media ? make("textarea", { spellcheck: "false", "aria-label": "Request body" }) : null;
  if (body) body.value = pretty(example(media) ?? {});
  const result = make("div", { "aria-live": "polite" });
  const request = () => requestOf(method, path, operation, { inputs, key: key?.field, body });
  const button = make("button", { type: "button" }, "Send");
  button.addEventListener("click", async () => {
    if (button.getAttribute("aria-busy")) return;
    button.setAttribute("aria-busy", "true");
    try {
      const answer = await send(spec, operation, request());
      const verdict = make("span", { class: answer.ok ? "good" : "bad" }, String(answer.status));
      result.replaceChildren(
        make("p", {}, verdict, ` in ${answer.took} ms`, answer.requestId ? `, request ${answer.requestId}` : ""),
        make("pre", { tabindex: "0" }, answer.shown || "(no body)"),
      );
    } catch (problem) {
      result.replaceChildren(make("p", { class: "bad" }, `The request did not reach the server: ${problem.message}`));
    } finally {
      button.removeAttribute("aria-busy");
    }
  });
  const curl = make("button", { type: "button", class: "second" }, "Copy as curl");
  curl.addEventListener("click", async () => {
    const sent = request();
    const command = curlOf(sent);
    const copied = await (navigator.clipboard?.writeText(command) ?? Promise.reject()).then(() => true, () => false);
    const hint = sent.scheme ? ` The token is in $${variableOf(sent.scheme)}: export it first.` : "";
    result.replaceChildren(
      make("p", {}, (copied ? "Copied." : "Select and copy it.") + hint),
      make("pre", { tabindex: "0", class: "curl" }, command),
    );
  });
  const fill = () => follow(followUps[operation.operationId], inputs, body);
  document.addEventListener("follow-up", (event) => event.detail === operation.operationId && fill());
  fill();
  return [
    inputs.length ? make("h3", {}, "Parameters") : null,
    inputs.length ? table : null,
    body ? make("h3", {}, "Body: ", ...typeOf(media.schema)) : null,
    body,
    key?.view,
    make("div", { class: "send" }, button, curl, make("span", { class: "who" }, whoMayCall(operation))),
    result,
  ];
}

function follow(given, inputs, body) {
  if (!given) return;
  for (const { parameter, input } of inputs) if (parameter.name in given.parameters) input.value = given.parameters[parameter.name];
  if (!body || !Object.keys(given.body).length) return;
  try {
    body.value = pretty({ ...JSON.parse(body.value), ...given.body });
  } catch {
    // What was typed is no JSON yet: it is left alone.
  }
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
        ...paragraphs(operation.description || ""),
        ...trial(spec, method, path, operation),
        make("h3", {}, "Answers"),
        answers(spec, operation),
        sample === undefined ? null : make("h3", {}, "Example"),
        sample === undefined ? null : make("pre", { tabindex: "0" }, pretty(sample)),
      ].filter(Boolean),
    );
  });
  view.dataset.words = `${method} ${path} ${operation.summary} ${operation.operationId}`.toLowerCase();
  return view;
}

function show(spec) {
  byId("version").textContent = spec.info.version;
  byId("intro").append(...paragraphs(spec.info.description));
  const operations = Object.entries(spec.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
  );
  const views = [];
  for (const tag of spec.tags) {
    const own = operations.filter(({ operation }) => operation.tags[0] === tag.name);
    const list = own.map(({ path, method, operation }) => operationView(spec, path, method, operation));
    views.push(...list);
    byId("operations").append(
      make("section", {}, make("h2", {}, tag.name), ...paragraphs(tag.description), ...list),
    );
    byId("contents").append(
      make(
        "section",
        {},
        make("h2", {}, tag.name),
        ...own.map(({ method, operation }) =>
          make("a", { href: `#${anchor(operation)}`, title: `${method.toUpperCase()} ${operation.summary}` }, operation.summary),
        ),
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
  byId("find").addEventListener("input", () => filter(views));
  byId("clear").addEventListener("click", () => {
    byId("find").value = "";
    filter(views);
    byId("find").focus();
  });
  byId("state").remove();
  openNamed();
}

const counted = (count, what) => `${count} ${what}${count === 1 ? "" : "s"}`;

// Operations with their links at the side, and schemas: what has none of the words is hidden.
function filter(views) {
  const words = byId("find").value.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (text) => words.every((word) => text.includes(word));
  const shown = new Set();
  for (const view of views) {
    view.hidden = !fits(view.dataset.words);
    if (!view.hidden) shown.add(`#${view.id}`);
  }
  for (const link of byId("contents").querySelectorAll("a")) link.hidden = !shown.has(link.getAttribute("href"));
  const schemas = [...byId("schemas").querySelectorAll("details")];
  for (const schema of schemas) schema.hidden = !fits(schema.textContent.toLowerCase());
  const schemaCount = schemas.filter((schema) => !schema.hidden).length;
  for (const section of byId("operations").querySelectorAll("section")) section.hidden = !section.querySelector("details:not([hidden])");
  for (const section of byId("contents").querySelectorAll("section")) section.hidden = !section.querySelector("a:not([hidden])");
  byId("schemas").hidden = schemaCount === 0;
  for (const id of ["intro", "tokens"]) byId(id).hidden = words.length > 0;
  byId("nothing").hidden = shown.size + schemaCount > 0;
  byId("found").textContent = words.length ? `${counted(shown.size, "operation")}, ${counted(schemaCount, "schema")}` : "";
}

function openNamed() {
  const named = location.hash.length > 1 ? byId(decodeURIComponent(location.hash.slice(1))) : null;
  if (named instanceof HTMLDetailsElement) {
    named.open = true;
    if (named.hidden) {
      byId("find").value = "";
      byId("find").dispatchEvent(new Event("input"));
    }
    named.querySelector("summary").focus({ preventScroll: true });
    named.scrollIntoView({ block: "center" });
  }
}

window.addEventListener("hashchange", openNamed);
byId("source").href = `${base}/api/openapi.json`;

fetch(`${base}/api/openapi.json`)
  .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(`status ${answer.status}`))))
  .then(show)
  .catch((problem) => (byId("state").textContent = `The document cannot be read: ${problem.message}. Reload to try again.`));
