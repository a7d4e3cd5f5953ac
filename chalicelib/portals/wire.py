"""Parse and reply: how a request becomes a domain call, and its result an answer.

A door is declared once, with who may call it and the schemas of what goes in and out; the route table that
this makes is what the OpenAPI document and the authorization tests are generated from.
"""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from chalice import Blueprint, Response
from pydantic import BaseModel, TypeAdapter, ValidationError

from chalicelib.domain.tokens import Principal
from chalicelib.errors import MalformedJson, TooLarge, ValidationFailed
from chalicelib.portals.auth import Guard
from chalicelib.vocabulary import Portal

BodyT = TypeVar("BodyT")
QueryT = TypeVar("QueryT")

# The default bound on a JSON body; a route of batches says its own.
BODY_LIMIT = 64 * 1024
_JSON = "application/json"
# What stands after /api/ on each portal's paths; everything else there is the staff's.
_PORTALS = {portal.value: portal for portal in Portal} | {"v1": Portal.WEBAPP}
_PLATFORM_PATHS = ("/api/docs", "/api/openapi.json", "/api/realtime/ticket")


@dataclass(frozen=True, slots=True)
class Call(Generic[BodyT, QueryT]):
    """One request, parsed; `principal` is there on every guarded route."""

    body: BodyT
    query: QueryT
    path: Mapping[str, str]
    headers: Mapping[str, str]
    address: str
    principal: Principal


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer with more to say than its body: another status, headers."""

    body: Any
    status: int | None = None
    headers: dict[str, str | list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Route:
    """A door as it was declared; `guard` is None for public ones."""

    method: str
    path: str
    guard: Guard | None
    body: type[BaseModel] | None
    query: type[BaseModel] | None
    reply: type[BaseModel] | None
    status: int
    summary: str
    operation_id: str
    refresh: bool = False

    @property
    def portal(self) -> str:
        """The portal whose page of the contract describes this route; `platform` where none does."""
        if not self.path.startswith("/api/") or self.path in _PLATFORM_PATHS:
            return "platform"
        return _PORTALS.get(self.path.split("/")[2], Portal.ADMIN).value


ROUTES: list[Route] = []


def door(
    blueprint: Blueprint,
    method: str,
    path: str,
    *,
    guard: Guard | None,
    body: type[BaseModel] | None = None,
    query: type[BaseModel] | None = None,
    reply: type[BaseModel] | None = None,
    status: int = 200,
    limit: int = BODY_LIMIT,
    refresh: bool = False,
) -> Callable[[Callable[[Any], Any]], Callable[..., Any]]:
    """Declare a route. `path` has no trailing slash; `limit` bounds the body in bytes; `refresh` marks routes
    whose proof is a refresh token in the body."""

    def declare(view: Callable[[Any], Any]) -> Callable[..., Any]:
        summary = (view.__doc__ or view.__name__).strip().splitlines()[0].rstrip(".")
        ROUTES.append(Route(method, path, guard, body, query, reply, status, summary, view.__name__, refresh))
        adapter = TypeAdapter(reply) if reply else None

        @functools.wraps(view)
        def handle(**variables: str) -> Response:
            request = blueprint.current_request
            principal = guard.admit(request.headers) if guard else None
            context = request.context or {}
            result = view(
                Call(
                    body=_parse_body(request, body, limit) if body else None,
                    query=_parse_query(request, query) if query else None,
                    path=variables,
                    headers=request.headers,
                    address=(context.get("identity") or {}).get("sourceIp") or "unknown",
                    principal=principal,  # type: ignore[arg-type]  # public views do not touch it
                )
            )
            answer = result if isinstance(result, Reply) else Reply(result)
            headers: dict[str, Any] = {"Content-Type": _JSON, **answer.headers}
            code = answer.status or status
            if isinstance(answer.body, str) and adapter is None:
                return Response(body=answer.body, status_code=code, headers=headers)
            if answer.body is None or adapter is None:
                return Response(body="" if code == 204 else "{}", status_code=code, headers=headers)
            value = adapter.validate_python(answer.body, from_attributes=True)
            return Response(body=adapter.dump_json(value).decode(), status_code=code, headers=headers)

        blueprint.route(path, methods=[method], name=view.__name__)(handle)
        return handle

    return declare


def _problems(error: ValidationError) -> list[dict[str, str]]:
    problems = []
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        name = ".".join(str(part) for part in problem["loc"])
        problems.append({"field": name or "body", "message": problem["msg"].removeprefix("Value error, ")})
    return problems


def _parse_body(request: Any, schema: type[BaseModel], limit: int) -> BaseModel:
    raw: bytes = request.raw_body
    if len(raw) > limit:
        raise TooLarge(f"The body has {len(raw)} bytes; this route takes {limit}.")
    try:
        return schema.model_validate_json(raw or b"{}")
    except ValidationError as error:
        kinds = {problem["type"] for problem in error.errors(include_url=False, include_context=False)}
        whole = any(not problem["loc"] and problem["type"] in _NOT_AN_OBJECT for problem in error.errors())
        if "json_invalid" in kinds or whole:
            raise MalformedJson from error
        raise ValidationFailed(details=_problems(error)) from error


_NOT_AN_OBJECT = {"model_type", "model_attributes_type", "dict_type"}


def _parse_query(request: Any, schema: type[BaseModel]) -> BaseModel:
    given = {name: value for name, value in (request.query_params or {}).items() if value != ""}
    try:
        return schema.model_validate(given)
    except ValidationError as error:
        raise ValidationFailed(details=_problems(error)) from error
