"""One operation of the document: who may call it, what it takes, and what it answers."""

from collections.abc import Iterator
from typing import Any

from chalicelib.portals.http import forms
from chalicelib.portals.http.answer import CSV, JSON, PDF, PNG, XLSX
from chalicelib.portals.http.idempotent_answers import KEY_LENGTH
from chalicelib.portals.http.route import AnyRoute, Link
from chalicelib.portals.openapi import components, descriptions, refusals
from chalicelib.portals.openapi.components import Components, Schema
from chalicelib.schemas import examples
from chalicelib.schemas.examples.shared import Example
from chalicelib.vocabulary.access import Portal

_COOKIE_REFRESH = "admin_refresh"


def operation(route: AnyRoute, of: Components, shared: refusals.Shared) -> Schema:
    """Return a route as the document shows it; its refusals are added to those that routes share."""
    found: Schema = {
        "operationId": route.operation_id,
        "summary": route.summary.replace("`", ""),
        "description": " ".join(_sentences(route)),
        "tags": [route.portal],
        "security": _security(route),
        "parameters": [*_path_parameters(route), *_query_parameters(route, of), *_header_parameters(route)],
        "responses": {**dict(_answers(route, of)), **shared.of(route)},
    }
    if route.guard and route.guard.accepted_roles is not None:
        found["x-roles"] = list(map(str, route.guard.accepted_roles))
    if route.body:
        example = examples.operations()[route.operation_id].request
        found["requestBody"] = {
            "required": any(field.is_required() for field in route.body.model_fields.values()),
            "content": {JSON: _media(of.of_model[route.body], example), **_form(route, of)},
        }
    return found


def _sentences(route: AnyRoute) -> Iterator[str]:
    """Say what a caller has to know besides the schemas."""
    yield f"{route.summary}."
    guard = route.guard
    if guard is None:
        yield "Needs no access token."
    elif guard.portal is None:
        yield "Needs an access token of any portal."
    else:
        yield f"Needs an access token of the {guard.portal} portal."
    if guard and guard.roles:
        yield f"The account needs the role {_any_of(guard.roles)}."
    if guard and guard.permissions:
        yield f"The account's role must be {_any_of(guard.accepted_roles)}."
    if route.idempotent:
        yield "Send an `Idempotency-Key`, so that a retry has no second effect."
    if route.public_seconds:
        yield f"Any cache may keep the answer for {route.public_seconds} seconds."
    if route.form:
        csv = f", or the CSV of `{route.form.of_csv}` alone (text/csv)" if route.form.of_csv else ""
        yield f"The body may also be a form (multipart/form-data){csv}."


def _any_of(words: Any) -> str:
    return " or ".join(f"`{word}`" for word in words)


def _security(route: AnyRoute) -> list[dict[str, list[str]]]:
    if route.guard:
        # Any one of them is enough.
        portals = [route.guard.portal] if route.guard.portal else list(Portal)
        return [{f"{portal}Token": []} for portal in portals]
    if route.operation_id == _COOKIE_REFRESH:
        return [{}, {"adminRefreshCookie": [], "adminCsrfToken": []}]
    return []


# What it takes


def _form(route: AnyRoute, of: Components) -> Schema:
    """Return the form that a route takes in place of JSON: the same fields, but for those that are files."""
    if route.body is None or route.form is None:
        return {}
    # Written out: many generators follow a reference to a whole schema only.
    body = of.schemas[of.of_model[route.body]["$ref"].removeprefix(components.PREFIX)]
    files = {name: {"type": "string", "format": "binary"} for name in route.form.files}
    whole = {forms.CSV: {"schema": {"type": "string"}}} if route.form.of_csv else {}
    form: Schema = {"type": "object", "properties": body["properties"] | files}
    if "required" in body:
        form["required"] = body["required"]
    return {forms.MEDIA_TYPE: {"schema": form}, **whole}


def _media(schema: Schema, example: Any) -> Schema:
    return {"schema": schema, "examples": {"demo": {"value": example}}}


def _path_parameters(route: AnyRoute) -> Iterator[Schema]:
    for name, kind in route.variables.items():
        pattern = {"pattern": kind.pattern} if kind.pattern else {}
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "description": descriptions.PATH_VARIABLES[name],
            "schema": {"type": "string", "minLength": 1, "maxLength": kind.longest, **pattern},
            "examples": {"demo": {"value": examples.path_values(route.portal)[name]}},
        }


def _query_parameters(route: AnyRoute, of: Components) -> Iterator[Schema]:
    if route.query is None:
        return
    values = examples.operations().get(route.operation_id, Example()).query or {}
    for name, schema, is_required in components.parameters(of.of_model[route.query]):
        parameter = {"name": name, "in": "query", "required": is_required, "schema": schema}
        if "description" in schema:
            parameter["description"] = schema.pop("description")
        if name in values:
            parameter["examples"] = {"demo": {"value": values[name]}}
        yield parameter


def _header_parameters(route: AnyRoute) -> Iterator[Schema]:
    if route.idempotent:
        yield _header("Idempotency-Key", {"type": "string", "minLength": 1, "maxLength": KEY_LENGTH})
    if route.public_seconds or route.resumable:
        yield _header("If-None-Match", {"type": "string"})
    if route.resumable:
        yield _header("Range", {"type": "string"})
        yield _header("If-Range", {"type": "string"})


def _header(name: str, schema: Schema) -> Schema:
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": descriptions.REQUEST_HEADERS[name],
        "schema": schema,
    }


# What it answers

# Types of files that have a name.
_NAMED_FILES = (CSV, XLSX, PDF)


def _answers(route: AnyRoute, of: Components) -> Iterator[tuple[str, Schema]]:
    headers = ["X-Request-Id", "Cache-Control"]
    headers += ["Idempotent-Replayed"] * route.idempotent + ["ETag"] * bool(route.public_seconds or route.resumable)
    headers += ["Content-Disposition"] * any(kind in _NAMED_FILES for kind in (*route.files, route.media_type))
    headers += route.headers
    shown: Schema = {"headers": {name: {"$ref": f"#/components/headers/{name}"} for name in headers}}
    first: Schema = {"description": f"{route.summary}.", **shown}
    if route.reply:
        example = examples.operations()[route.operation_id].answer
        first["content"] = {JSON: _media(of.of_model[route.reply], example)}
        pictures = (PNG,) if route.as_png else ()
        first["content"] |= {kind: {"schema": _file(kind)} for kind in (*route.files, *pictures)}
    elif route.media_type:
        first["content"] = {route.media_type: {"schema": _file(route.media_type)}}
    if route.links:
        first["links"] = {link.to: _link(link) for link in route.links}
    yield str(route.status), first
    for status, model in route.also.items():
        yield (
            str(status),
            {"description": f"{route.summary}.", **shown, "content": {JSON: {"schema": of.of_model[model]}}},
        )
    if route.resumable:
        yield "206", {"description": "The part that `Range` asks for.", **shown, "content": first["content"]}
    if route.public_seconds or route.resumable:
        yield "304", {"description": "The copy that `If-None-Match` names is still right; there is no body.", **shown}


def _file(media_type: str) -> Schema:
    if media_type == JSON:
        return {"type": "object"}
    return {"type": "string"} | ({} if media_type.startswith("text/") else {"format": "binary"})


def _link(link: Link) -> Schema:
    shown: Schema = {"operationId": link.to}
    if link.parameters:
        shown["parameters"] = {name: f"$response.body#{pointer}" for name, pointer in link.parameters.items()}
    if link.body:
        shown["requestBody"] = {name: f"$response.body#{pointer}" for name, pointer in link.body.items()}
    return shown
