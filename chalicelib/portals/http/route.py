"""Parse and reply: how a request becomes a domain call, and its result an answer.

A door is declared once, with who may call it and the schemas of what goes in and out; the route table that
this makes is what the OpenAPI document and the authorization tests are generated from.
"""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from chalice import Blueprint, Response
from pydantic import BaseModel, TypeAdapter

from chalicelib.domain.access.tokens import Principal
from chalicelib.portals.http import body as body_stage
from chalicelib.portals.http import forms, padding, request_log
from chalicelib.portals.http.answer import JSON, Answer, Reply, cached
from chalicelib.portals.http.auth import Guard
from chalicelib.portals.http.idempotent_answers import KeyedRequest, answer_once
from chalicelib.portals.http.paths import portal_of

BodyT = TypeVar("BodyT")
QueryT = TypeVar("QueryT")

# The default bound on a JSON body; a route of batches says its own.
BODY_LIMIT = 64 * 1024


@dataclass(frozen=True, slots=True)
class Call(Generic[BodyT, QueryT]):
    """One request, parsed; `principal` is there on every guarded route, `raw` is the body as it came.

    `operation_id` names the effect of this request: the same for the same Idempotency-Key, for ever. `files` are those
    of a form, by the names of their fields.
    """

    body: BodyT
    query: QueryT
    path: Mapping[str, str]
    headers: Mapping[str, str]
    address: str
    principal: Principal
    raw: bytes = b""
    operation_id: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)


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
    idempotent: bool = False
    paced: bool = False
    public_seconds: int | None = None
    limit: int = BODY_LIMIT
    form_limit: int | None = None
    also: Mapping[int, type[BaseModel]] = field(default_factory=dict)

    @property
    def portal(self) -> str:
        """The portal whose page of the contract describes this route; `platform` where none does."""
        return portal_of(self.path)


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
    form_limit: int | None = None,
    refresh: bool = False,
    idempotent: bool = False,
    paced: bool = False,
    public_seconds: int | None = None,
    also: Mapping[int, type[BaseModel]] | None = None,
) -> Callable[[Callable[[Any], Any]], Callable[..., Any]]:
    """Declare a route. `path` has no trailing slash; `limit` bounds the body in bytes; one with a `form_limit` takes
    a form of as many bytes (multipart/form-data) as well; `refresh` marks routes whose proof is a refresh token in
    the body; `idempotent` ones take an Idempotency-Key; `paced` ones answer at even steps of time; what a route
    answers may be kept by anyone for `public_seconds`, and is then compared by its ETag (RFC 9110); `also` has the
    other ways in which it may go well, by their status."""

    def declare(view: Callable[[Any], Any]) -> Callable[..., Any]:
        summary = (view.__doc__ or view.__name__).strip().splitlines()[0].rstrip(".")
        route = Route(
            method,
            path,
            guard,
            body,
            query,
            reply,
            status,
            summary,
            view.__name__,
            public_seconds=public_seconds,
            limit=limit,
            form_limit=form_limit,
            refresh=refresh,
            idempotent=idempotent,
            paced=paced,
            also=also or {},
        )
        ROUTES.append(route)
        replies = {status: reply, **(also or {})}
        adapters = {code: TypeAdapter(told) for code, told in replies.items() if told}

        def answer_to(call: Call[Any, Any]) -> Answer:
            return _answer(view(call), status, adapters)

        @functools.wraps(view)
        def handle(**variables: str) -> Response:
            with padding.padded() if paced else nullcontext():
                call = _call(route, blueprint.current_request, variables)
                if idempotent:
                    return answer_once(
                        KeyedRequest(
                            key=call.headers.get("idempotency-key"),
                            caller_id=call.principal.id,
                            route=f"{method} {path.format(**variables)}",
                            body=call.raw,
                        ),
                        lambda operation_id: answer_to(dataclasses.replace(call, operation_id=operation_id)),
                    )
                answer = answer_to(call)
                return cached(answer, call.headers, public_seconds) if public_seconds else answer

        taken = [JSON, forms.MEDIA_TYPE] if form_limit else [JSON]
        blueprint.route(path, methods=[method], name=view.__name__, content_types=taken)(handle)
        return handle

    return declare


def _call(route: Route, request: Any, variables: Mapping[str, str]) -> Call[Any, Any]:
    """Return the request, admitted and parsed."""
    principal = route.guard.admit(request.headers) if route.guard else None
    if principal is not None:
        request_log.note_principal(principal)
    between = forms.boundary(request.headers) if route.form_limit else None
    # A GET or DELETE may carry a body, which is ignored.
    takes = route.body is not None or route.method == "POST" or route.idempotent
    limit = route.form_limit if route.form_limit and between else route.limit
    raw = body_stage.read(request, limit) if takes else b""
    form = forms.parse(raw, between) if between else None
    return Call(
        body=body_stage.parse(raw, route.body, form) if route.body else None,
        query=body_stage.parse_query(request.query_params or {}, route.query) if route.query else None,
        path=variables,
        headers=request.headers,
        address=((request.context or {}).get("identity") or {}).get("sourceIp") or "unknown",
        principal=principal,  # type: ignore[arg-type]  # public views do not touch it
        raw=raw,
        files=form.files if form else {},
    )


def _answer(result: Any, status: int, adapters: Mapping[int, TypeAdapter[Any]]) -> Answer:
    """Return a view's result as an answer: bytes and text as they are, all else through the reply's schema."""
    reply = result if isinstance(result, Reply) else Reply(result)
    headers: dict[str, Any] = {"Content-Type": JSON, **reply.headers}
    code = reply.status or status
    if isinstance(reply.body, (str, bytes)):
        return Answer(body=reply.body, status_code=code, headers=headers)
    adapter = adapters.get(code)
    if reply.body is None or adapter is None:
        return Answer(body="" if code == 204 else "{}", status_code=code, headers=headers)
    value = adapter.validate_python(reply.body, from_attributes=True)
    return Answer(body=adapter.dump_json(value).decode(), status_code=code, headers=headers)
