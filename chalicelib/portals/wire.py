"""Parse and reply: how a request becomes a domain call, and its result an answer.

A door is declared once, with who may call it and the schemas of what goes in and out; the route table that
this makes is what the OpenAPI document and the authorization tests are generated from.
"""

import base64
import dataclasses
import functools
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, get_args

from chalice import Blueprint, Response
from pydantic import BaseModel, BeforeValidator, TypeAdapter, ValidationError

from chalicelib.domain import idempotency
from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.idempotency import Claim
from chalicelib.errors import MalformedJson, Refusal, TooLarge, ValidationFailed
from chalicelib.portals import forms, pace
from chalicelib.portals.auth import Guard
from chalicelib.portals.forms import Form
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


class Answer(Response):
    """An answer of which only bytes travel in base64; everything else stays as it is."""

    def to_dict(self, binary_types: list[str] | None = None) -> dict[str, Any]:  # noqa: ARG002  # Chalice's signature
        """Return what Lambda gives to API Gateway."""
        if not isinstance(self.body, bytes):
            return dict(super().to_dict(None))
        body, self.body = self.body, base64.b64encode(self.body).decode()
        try:
            return {**super().to_dict(None), "isBase64Encoded": True}
        finally:
            self.body = body


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
    idempotent: bool = False
    paced: bool = False
    public_seconds: int | None = None
    limit: int = BODY_LIMIT
    form_limit: int | None = None
    also: Mapping[int, type[BaseModel]] = field(default_factory=dict)

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
        ROUTES.append(
            Route(
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
        )
        replies = {status: reply, **(also or {})}
        adapters = {code: TypeAdapter(told) for code, told in replies.items() if told}

        def answer_to(call: Call[Any, Any]) -> Answer:
            result = view(call)
            told = result if isinstance(result, Reply) else Reply(result)
            headers: dict[str, Any] = {"Content-Type": _JSON, **told.headers}
            code = told.status or status
            if isinstance(told.body, (str, bytes)):
                return Answer(body=told.body, status_code=code, headers=headers)
            adapter = adapters.get(code)
            if told.body is None or adapter is None:
                return Answer(body="" if code == 204 else "{}", status_code=code, headers=headers)
            value = adapter.validate_python(told.body, from_attributes=True)
            return Answer(body=adapter.dump_json(value).decode(), status_code=code, headers=headers)

        @functools.wraps(view)
        def handle(**variables: str) -> Response:
            with pace.even() if paced else nullcontext():
                request = blueprint.current_request
                principal = guard.admit(request.headers) if guard else None
                context = request.context or {}
                between = forms.boundary(request.headers) if form_limit else None
                # What comes along with a GET or DELETE is nobody's business.
                takes = body is not None or method == "POST" or idempotent
                raw = _raw_body(request, form_limit if form_limit and between else limit) if takes else b""
                form = forms.parse(raw, between) if between else None
                call: Call[Any, Any] = Call(
                    body=_parse_body(raw, body, form) if body else None,
                    query=_parse_query(request, query) if query else None,
                    path=variables,
                    headers=request.headers,
                    address=(context.get("identity") or {}).get("sourceIp") or "unknown",
                    principal=principal,  # type: ignore[arg-type]  # public views do not touch it
                    raw=raw,
                    files=form.files if form else {},
                )
                if idempotent:
                    route = f"{method} {path.format(**variables)}"
                    return _answer_once(call, route, answer_to)
                answer = answer_to(call)
                return _cached(answer, request.headers, public_seconds) if public_seconds else answer

        taken = [_JSON, forms.MEDIA_TYPE] if form_limit else [_JSON]
        blueprint.route(path, methods=[method], name=view.__name__, content_types=taken)(handle)
        return handle

    return declare


_KEY_LENGTH = 255
_REFUSED = 400


def _answer_once(call: Call[Any, Any], route: str, answer_to: Callable[[Call[Any, Any]], Answer]) -> Answer:
    """Answer a request that may carry an Idempotency-Key: the same key and body get the first answer again."""
    key = call.headers.get("idempotency-key")
    if key is None:
        return answer_to(dataclasses.replace(call, operation_id=idempotency.unkeyed().operation_id))
    if not (0 < len(key) <= _KEY_LENGTH and key.isascii() and key.isprintable()):
        message = f"must have 1 to {_KEY_LENGTH} printable ASCII characters"
        raise ValidationFailed(details=[{"field": "Idempotency-Key", "message": message}])
    claimed = idempotency.claim(caller_id=call.principal.id, route=route, key=key, body=call.raw)
    if not isinstance(claimed, Claim):
        if claimed.status >= _REFUSED:
            raise Refusal.replay(claimed.status, json.loads(claimed.body))
        headers: dict[str, Any] = {**claimed.headers, "Idempotent-Replayed": "true"}
        return Answer(body=claimed.body, status_code=claimed.status, headers=headers)
    try:
        answer = answer_to(dataclasses.replace(call, operation_id=claimed.operation_id))
    except Refusal as refusal:
        if refusal.is_final:
            idempotency.keep(claimed, idempotency.Answer(refusal.status, json.dumps(refusal.told), {}))
        else:
            idempotency.release(claimed)
        raise
    except BaseException:
        # Nobody knows what came of it; the operation's own id will tell the next try.
        idempotency.release(claimed)
        raise
    body = answer.body if isinstance(answer.body, str) else ""
    idempotency.keep(claimed, idempotency.Answer(answer.status_code, body, {"Content-Type": _JSON}))
    return answer


def _cached(answer: Answer, headers: Mapping[str, str], seconds: int) -> Answer:
    """Let anyone keep a public answer, and send nothing where the caller has it already."""
    content = answer.body.encode() if isinstance(answer.body, str) else answer.body
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    answer.headers["ETag"] = etag
    answer.headers["Cache-Control"] = f"public, max-age={seconds}"
    known = {tag.strip().removeprefix("W/") for tag in (headers.get("if-none-match") or "").split(",")}
    if etag in known or "*" in known:
        answer.status_code, answer.body = 304, ""
    return answer


def _problems(error: ValidationError, schema: type[BaseModel]) -> list[dict[str, str]]:
    """Return one problem of each field that has any; what may be of several kinds says why it is none of them."""
    problems: dict[str, list[str]] = {}
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        messages = problems.setdefault(_field(schema, problem["loc"]) or "body", [])
        message = problem["msg"].removeprefix("Value error, ")
        if message not in messages:
            messages.append(message)
    return [{"field": name, "message": ", or: ".join(messages)} for name, messages in problems.items()]


def _field(schema: type[BaseModel], place: Iterable[int | str]) -> str:
    """Return the place of a problem as its caller knows it: fields and positions, not the kinds that were tried."""
    names: list[str] = []
    inside: list[type[BaseModel]] = [schema]
    for part in place:
        if isinstance(part, int):
            names.append(str(part))
            continue
        fields = (pair for model in inside for pair in model.model_fields.items())
        found = next((field for name, field in fields if part in (name, field.alias)), None)
        if found is not None:
            names.append(part)
            inside = [model for kind in (found.annotation, *found.metadata) for model in _models(kind)]
    return ".".join(names)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """Go through the schemas that a field's type is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif isinstance(annotation, BeforeValidator):
        # What it makes into the field's type may have parts of its own.
        yield from _models(annotation.json_schema_input_type)
    else:
        for part in get_args(annotation):
            yield from _models(part)


def _raw_body(request: Any, limit: int) -> bytes:
    raw: bytes = request.raw_body
    if len(raw) > limit:
        raise TooLarge(f"The body has {len(raw)} bytes; this route takes {limit}.")
    return raw


def _parse_body(raw: bytes, schema: type[BaseModel], form: Form | None) -> BaseModel:
    try:
        return schema.model_validate(form.texts) if form else schema.model_validate_json(raw or b"{}")
    except ValidationError as error:
        kinds = {problem["type"] for problem in error.errors(include_url=False, include_context=False)}
        whole = any(not problem["loc"] and problem["type"] in _NOT_AN_OBJECT for problem in error.errors())
        if "json_invalid" in kinds or whole:
            raise MalformedJson from error
        raise ValidationFailed(details=_problems(error, schema)) from error


_NOT_AN_OBJECT = {"model_type", "model_attributes_type", "dict_type"}


def _parse_query(request: Any, schema: type[BaseModel]) -> BaseModel:
    given = {name: value for name, value in (request.query_params or {}).items() if value != ""}
    try:
        return schema.model_validate(given)
    except ValidationError as error:
        raise ValidationFailed(details=_problems(error, schema)) from error
