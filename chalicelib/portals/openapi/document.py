"""The OpenAPI 3.1 document, made from the declarations of the routes and their schemas; nothing is written twice.

It is built at its first request and then kept: no other request, and no cold start, pays for it.
"""

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from chalicelib.config import config
from chalicelib.portals.http.route import ROUTES, AnyRoute
from chalicelib.portals.openapi import components, descriptions, live_messages, refusals
from chalicelib.portals.openapi.components import Components
from chalicelib.portals.openapi.operations import operation
from chalicelib.schemas.live import CommandIn
from chalicelib.schemas.wire import ErrorBody, ErrorOut, Out
from chalicelib.vocabulary.access import Portal

VERSION = "0.1.0"


@lru_cache(maxsize=1)
def text() -> str:
    """Return the document as JSON."""
    return json.dumps(document(ROUTES), ensure_ascii=False, separators=(",", ":"))


def document(routes: Iterable[AnyRoute]) -> dict[str, Any]:
    """Return the document of these routes."""
    routes = list(routes)
    of = _components(routes)
    shared = refusals.Shared()
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(spelled(route), {})[route.method.lower()] = operation(route, of, shared)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Gatehouse",
            "version": VERSION,
            "description": f"{descriptions.DESCRIPTION}\n{live_messages.text()}",
        },
        "servers": [{"url": config().public_url.rstrip("/"), "description": "The platform's public address."}],
        "tags": [{"name": name, "description": descriptions.PORTALS[name]} for name in _portals(routes)],
        "paths": paths,
        "components": {
            "schemas": of.schemas,
            "responses": shared.responses(),
            "headers": {
                name: {"description": meaning, "schema": {"type": "string"}}
                for name, meaning in descriptions.ANSWER_HEADERS.items()
            },
            "securitySchemes": _security_schemes(routes),
        },
        "x-live-messages": live_messages.described(of),
    }


def spelled(route: AnyRoute) -> str:
    """Return a route's path as the contract spells it: with a trailing slash, but for tix and the platform's files."""
    is_file = route.portal == "platform" and route.guard is None
    return route.path if route.portal == "tix" or is_file else f"{route.path}/"


def _portals(routes: Iterable[AnyRoute]) -> list[str]:
    used = {route.portal for route in routes}
    return [name for name in descriptions.PORTALS if name in used]


def _components(routes: Iterable[AnyRoute]) -> Components:
    of = components.build(
        bodies={route.body for route in routes if route.body} | {CommandIn},
        queries={route.query for route in routes if route.query},
        replies={model for route in routes for model in (route.reply, *route.also.values()) if model}
        | {ErrorOut, *refusals.BARE.values(), *live_messages.models()},
    )
    bodies: list[type[Out]] = [ErrorBody, *refusals.BARE.values()]
    for body in bodies:
        of.schemas[components.name_of(body)]["properties"]["code"]["enum"] = refusals.codes()
    return of


def _security_schemes(routes: Iterable[AnyRoute]) -> dict[str, Any]:
    guards = [route.guard for route in routes if route.guard]
    portals = sorted({portal for guard in guards for portal in ([guard.portal] if guard.portal else Portal)})
    bearers = {
        f"{portal}Token": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": f"An access token of the {portal} portal, valid for {descriptions.lifetime(portal)}.",
        }
        for portal in portals
    }
    return {
        **bearers,
        "adminRefreshCookie": {
            "type": "apiKey",
            "in": "cookie",
            "name": "gatehouse_refresh",
            "description": "The refresh token of a log-in with `?cookie=1`; send X-CSRF-Token with it.",
        },
        "adminCsrfToken": {
            "type": "apiKey",
            "in": "header",
            "name": "X-CSRF-Token",
            "description": "The `csrf_token` that came with the cookie.",
        },
    }
