"""The OpenAPI 3.1 document, made from the route table and the schemas; nothing in it is written twice.

It is built at its first request and then kept: no other request, and no cold start, pays for it.
"""

import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Literal

from pydantic import BaseModel

from chalicelib import errors
from chalicelib.errors import Refusal
from chalicelib.portals.http import forms
from chalicelib.portals.http.route import ROUTES, AnyRoute, Link
from chalicelib.portals.openapi import descriptions
from chalicelib.schemas import examples
from chalicelib.schemas.examples.tix import tickets as tix_tickets
from chalicelib.schemas.wire import BareErrorOut, ErrorOut
from chalicelib.vocabulary import Portal

VERSION = "0.1.0"
_JSON = "application/json"
_VARIABLE = re.compile(r"{(\w+)}")
_COOKIE_REFRESH = "admin_refresh"
_HEADERS = {
    "X-Request-Id": "Names this request in the platform's log.",
    "Retry-After": "Seconds to wait before the next try.",
    "Cache-Control": "`no-store`: nobody in between keeps the answer.",
}


@lru_cache(maxsize=1)
def text() -> str:
    """Return the document as JSON."""
    return json.dumps(document(ROUTES), ensure_ascii=False, separators=(",", ":"))


def document(routes: Iterable[AnyRoute]) -> dict[str, Any]:
    """Return the document of these routes."""
    routes = list(routes)
    schemas, references = _schemas(routes)
    paths: dict[str, dict[str, Any]] = {}
    refusals: dict[str, Any] = {}
    for route in routes:
        paths.setdefault(spelled(route), {})[route.method.lower()] = _operation(route, references, refusals)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Gatehouse", "version": VERSION, "description": descriptions.DESCRIPTION},
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "servers": [{"url": "/", "description": "The host that serves this document."}],
        "tags": [{"name": name, "description": descriptions.PORTALS[name]} for name in _portals(routes)],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": dict(sorted(refusals.items())),
            "headers": {
                name: {"description": meaning, "schema": {"type": "string"}} for name, meaning in _HEADERS.items()
            },
            "securitySchemes": _security_schemes(routes),
        },
    }


def spelled(route: AnyRoute) -> str:
    """Return a route's path as the contract spells it: with a trailing slash, but for tix and the platform's files."""
    is_file = route.portal == "platform" and route.guard is None
    return route.path if route.portal == "tix" or is_file else f"{route.path}/"


def _portals(routes: Iterable[AnyRoute]) -> list[str]:
    used = {route.portal for route in routes}
    return [name for name in descriptions.PORTALS if name in used]


# Schemas


def _schemas(routes: list[AnyRoute]) -> tuple[dict[str, Any], dict[type[BaseModel], dict[str, Any]]]:
    """Return the component schemas, and for each of the routes' models its schema or a reference to it."""
    from pydantic.json_schema import models_json_schema

    incoming = {model for route in routes for model in (route.body, route.query) if model}
    outgoing: set[type[BaseModel]] = {ErrorOut, BareErrorOut}
    outgoing |= {model for route in routes for model in (route.reply, *route.also.values()) if model}
    asked: list[tuple[type[BaseModel], Literal["validation", "serialization"]]] = [
        *((model, "validation") for model in sorted(incoming, key=_full_name)),
        *((model, "serialization") for model in sorted(outgoing, key=_full_name)),
    ]
    by_model, whole = models_json_schema(asked, ref_template="#/components/schemas/{model}")
    definitions = whole["$defs"]
    names = {name: _plain_name(name) for name in definitions}
    components = {names[name]: _renamed(schema, names) for name, schema in definitions.items()}
    for name in ("ErrorBody", "BareErrorOut"):
        components[name]["properties"]["code"]["enum"] = sorted(_error_codes())
    references = {model: _renamed(by_model[model, mode], names) for model, mode in asked}
    for query in {route.query for route in routes if route.query}:
        # A query is spread over parameters; nothing refers to it as a whole.
        references[query] = components.pop(references[query]["$ref"].rpartition("/")[2])
    return dict(sorted(components.items())), references


def _full_name(model: type[BaseModel]) -> str:
    return f"{model.__module__}.{model.__name__}"


def _plain_name(name: str) -> str:
    """Return `UsherLoginIn` for `chalicelib__schemas__usher__LoginIn`, `EventOutPage` for `PageOut_EventOut_`."""
    of_portal = re.fullmatch(r"chalicelib__schemas__(\w+?)__(\w+)", name)
    if of_portal:
        name = (of_portal[1].title() if of_portal[1] != "wire" else "") + of_portal[2]
    page = re.fullmatch(r"PageOut_(\w+)_", name)
    return f"{page[1]}Page" if page else name


def _renamed(schema: Any, names: dict[str, str]) -> Any:
    """Return a schema with the plain names, and without the titles that only repeat a field's name."""
    if isinstance(schema, dict):
        return {
            key: _reference(names[value.rpartition("/")[2]])["$ref"] if key == "$ref" else _renamed(value, names)
            for key, value in schema.items()
            if not (key == "title" and isinstance(value, str))
        }
    return [_renamed(part, names) for part in schema] if isinstance(schema, list) else schema


def _reference(name: str, kind: str = "schemas") -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}


def _error_codes() -> set[str]:
    def kinds(kind: type[Refusal]) -> Iterator[type[Refusal]]:
        yield kind
        for narrower in kind.__subclasses__():
            yield from kinds(narrower)

    return {kind.code for kind in kinds(Refusal)} | {"INTERNAL"}


# Operations


def _operation(
    route: AnyRoute, references: dict[type[BaseModel], dict[str, Any]], refusals: dict[str, Any]
) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.operation_id,
        "summary": route.summary.replace("`", ""),
        "tags": [route.portal],
        "security": _security(route),
        "parameters": [*_path_parameters(route), *_query_parameters(route, references)],
        "responses": {
            str(route.status): _answer(route, references),
            **{str(status): _also(route, references[model]) for status, model in route.also.items()},
            **_refusals(route, refusals),
        },
    }
    if route.guard and route.guard.roles:
        needed = " or ".join(f"`{role}`" for role in route.guard.roles)
        operation["description"] = f"Needs the role {needed}."
    if route.guard and route.guard.permissions:
        needed = " or ".join(f"`{permission}`" for permission in route.guard.permissions)
        operation["description"] = f"Needs a role with the permission {needed}."
    if route.body:
        example = examples.operations()[route.operation_id].request
        operation["requestBody"] = {
            "required": any(field.is_required() for field in route.body.model_fields.values()),
            "content": {_JSON: _media(references[route.body], example), **_form(route, references[route.body])},
        }
    return operation


def _form(route: AnyRoute, schema: dict[str, Any]) -> dict[str, Any]:
    """Return the form that a route takes in place of JSON: the same fields, but for those that are files."""
    if route.body is None or route.form is None:
        return {}
    fields: dict[str, Any] = {name: {"$ref": f"{schema['$ref']}/properties/{name}"} for name in route.body.model_fields}
    files = {name: {"type": "string", "format": "binary"} for name in route.form.files}
    return {forms.MEDIA_TYPE: {"schema": {"type": "object", "properties": fields | files}}}


def _media(schema: dict[str, Any], example: Any) -> dict[str, Any]:
    return {"schema": schema, "examples": {"demo": {"value": example}}}


def _path_parameters(route: AnyRoute) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": descriptions.PATH_VARIABLES[name],
            "schema": {"type": "string", "minLength": 1},
            "examples": {"demo": {"value": examples.PATH_VALUES[name]}},
        }
        for name in _VARIABLE.findall(route.path)
    ]


def _query_parameters(route: AnyRoute, references: dict[type[BaseModel], dict[str, Any]]) -> list[dict[str, Any]]:
    if route.query is None:
        return []
    schema = references[route.query]
    parameters = []
    for name, of_field in schema["properties"].items():
        shown = _without_null(of_field)
        description = shown.pop("description", None)
        parameter = {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": shown}
        parameters.append({**parameter, "description": description} if description else parameter)
    return parameters


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a field's schema without null, which a query cannot say; leaving the field out says it."""
    shown = {key: value for key, value in schema.items() if not (key == "default" and value is None)}
    choices = [choice for choice in shown.pop("anyOf", []) if choice != {"type": "null"}]
    if len(choices) == 1:
        return {**choices[0], **shown}
    return {**shown, "anyOf": choices} if choices else shown


def _answer(route: AnyRoute, references: dict[type[BaseModel], dict[str, Any]]) -> dict[str, Any]:
    headers = {name: _reference(name, "headers") for name in ("X-Request-Id", "Cache-Control")}
    answer: dict[str, Any] = {"description": f"{route.summary}.", "headers": headers}
    if route.reply:
        example = examples.operations()[route.operation_id].answer
        answer["content"] = {_JSON: _media(references[route.reply], example)}
    elif route.media_type:
        kind = "object" if route.media_type == _JSON else "string"
        answer["content"] = {route.media_type: {"schema": {"type": kind}}}
    links = {link.to: _link(link) for link in route.links}
    return {**answer, "links": links} if links else answer


def _also(route: AnyRoute, schema: dict[str, Any]) -> dict[str, Any]:
    headers = {name: _reference(name, "headers") for name in ("X-Request-Id", "Cache-Control")}
    return {"description": f"{route.summary}.", "headers": headers, "content": {_JSON: {"schema": schema}}}


def _link(link: Link) -> dict[str, Any]:
    shown: dict[str, Any] = {"operationId": link.to}
    if link.parameters:
        shown["parameters"] = {name: f"$response.body#{pointer}" for name, pointer in link.parameters.items()}
    if link.body:
        shown["requestBody"] = {name: f"$response.body#{pointer}" for name, pointer in link.body.items()}
    return shown


# Refusals


def _kinds(route: AnyRoute) -> list[type[Refusal]]:
    """Return every way in which this route refuses, faults of ours aside."""
    kinds: list[type[Refusal]] = [errors.Unavailable]
    if route.guard:
        kinds += [errors.Unauthenticated, errors.TokenExpired]
    if route.guard and (route.guard.permissions or route.guard.roles):
        kinds.append(errors.Forbidden)
    if route.body:
        kinds += [errors.MalformedJson, errors.ValidationFailed, errors.TooLarge, errors.UnsupportedMediaType]
    elif route.method == "POST":
        kinds.append(errors.TooLarge)
    if route.query:
        kinds.append(errors.ValidationFailed)
        if "cursor" in route.query.model_fields:
            kinds.append(errors.InvalidCursor)
    return [*kinds, *route.refuses]


def _refusals(route: AnyRoute, shared: dict[str, Any]) -> dict[str, Any]:
    """Return the route's refusals by status; routes with the same codes share one component, put into `shared`."""
    by_status: dict[int, dict[str, str]] = {500: {"INTERNAL": "Something broke on our side."}}
    for kind in _kinds(route):
        by_status.setdefault(kind.status, {})[kind.code] = kind.message
    answers = {}
    for status, messages in sorted(by_status.items()):
        bare = route.portal in (Portal.CAMPUS, Portal.TIX)
        name = ("Bare_" if bare else "") + "_or_".join(sorted(messages))
        shared.setdefault(name, _refusal(status, messages, bare=bare))
        answers[str(status)] = _reference(name, "responses")
    return answers


def _refusal(status: int, messages: dict[str, str], *, bare: bool) -> dict[str, Any]:
    names = ["X-Request-Id", "Cache-Control"] + ["Retry-After"] * (status in (429, 500, 503))
    return {
        "description": " ".join(f"`{code}`: {message}" for code, message in sorted(messages.items())),
        "headers": {name: _reference(name, "headers") for name in names},
        "content": {
            _JSON: {
                "schema": _reference("BareErrorOut" if bare else "ErrorOut"),
                "examples": {
                    code: {"value": _refused(code, message, bare=bare)} for code, message in sorted(messages.items())
                },
            }
        },
    }


def _refused(code: str, message: str, *, bare: bool) -> dict[str, Any]:
    told = {"code": code, "request_id": "0d7f3c1e"}
    return (
        {"error": message, **told, **tix_tickets.BESIDE.get(code, {})}
        if bare
        else {"error": {"message": message, **told}}
    )


# Who may call


def _security(route: AnyRoute) -> list[dict[str, list[str]]]:
    if route.guard:
        # Any one of them does.
        portals = [route.guard.portal] if route.guard.portal else list(Portal)
        return [{f"{portal}Token": []} for portal in portals]
    if route.operation_id == _COOKIE_REFRESH:
        return [{}, {"adminRefreshCookie": [], "adminCsrfToken": []}]
    return []


def _security_schemes(routes: Iterable[AnyRoute]) -> dict[str, Any]:
    guards = [route.guard for route in routes if route.guard]
    portals = sorted({portal for guard in guards for portal in ([guard.portal] if guard.portal else Portal)})
    bearers = {
        f"{portal}Token": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": f"An access token of the {portal} portal, good for 15 minutes.",
        }
        for portal in portals
    }
    return {
        **bearers,
        "adminRefreshCookie": {
            "type": "apiKey",
            "in": "cookie",
            "name": "gatehouse_refresh",
            "description": "The refresh token of a log-in with `?cookie=1`; then X-CSRF-Token must come with it.",
        },
        "adminCsrfToken": {
            "type": "apiKey",
            "in": "header",
            "name": "X-CSRF-Token",
            "description": "The `csrf_token` that came with the cookie.",
        },
    }
