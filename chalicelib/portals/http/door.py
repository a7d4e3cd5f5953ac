"""A door: a view behind the stages that every request passes.

check the headers → identify the caller, within its rate → permit → check path and query → read the body → parse
→ replay or claim the Idempotency-Key → view → reply → cache
"""

import functools
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any

from chalice import Blueprint, Response
from msgspec.structs import replace

from chalicelib import clock
from chalicelib.domain.access import request_rates
from chalicelib.portals.http import body, forms, headers, padding, query, ranges, request_log, staff_acts, variables
from chalicelib.portals.http.answer import JSON, Answer, File, Reply, answer, cached
from chalicelib.portals.http.auth import Identified
from chalicelib.portals.http.idempotent_answers import KeyedRequest, Result, answer_once, is_in_between
from chalicelib.portals.http.route import ROUTES, AnyRoute, BodyT, Call, FormBody, OtherT, QueryT, ReplyT, Route

View = Callable[[Call[Any, Any]], Any]


def door(
    blueprint: Blueprint, declared: Route[BodyT, QueryT, ReplyT, OtherT]
) -> Callable[[Callable[[Call[BodyT, QueryT]], ReplyT | OtherT | Reply[ReplyT] | File]], Callable[..., Response]]:
    """Register a view under its declaration."""

    def declare(view: Callable[[Call[BodyT, QueryT]], Any]) -> Callable[..., Response]:
        summary = (view.__doc__ or view.__name__).strip().splitlines()[0].rstrip(".")
        route = replace(
            declared, operation_id=declared.operation_id or view.__name__, summary=declared.summary or summary
        )
        variables.of_path(route.path)  # fails here for a variable without a type
        ROUTES.append(route)

        @functools.wraps(view)
        def handle(**sent: str) -> Response:
            return respond(route, view, blueprint.current_request, sent)

        accepted = [JSON, forms.MEDIA_TYPE] if route.form else [JSON]
        if route.form and route.form.of_csv:
            accepted.append(forms.CSV)
        blueprint.route(route.path, methods=route.methods, name=route.operation_id, content_types=accepted)(handle)
        return handle

    return declare


def respond(route: AnyRoute, view: View, request: Any, sent: Mapping[str, str]) -> Answer:
    """Return the answer to one request, with its duration padded where the route asks for it."""
    with clock.beginning(), padding.padded() if route.padded else nullcontext():
        return staff_acts.recorded(route, request, sent, lambda: _answer(route, view, request, sent))


def _answer(route: AnyRoute, view: View, request: Any, sent: Mapping[str, str]) -> Answer:
    call = parse(route, request, sent)
    given = _answer_once(route, view, call) if route.idempotent else answer(route, view(call), call.headers)
    if route.resumable:
        return ranges.resumable(given, call.headers, method=request.method)
    return cached(given, call.headers, route.public_seconds) if route.public_seconds else given


def parse(route: AnyRoute, request: Any, sent: Mapping[str, str]) -> Call[Any, Any]:
    """Return a request as its view reads it: admitted first, then parsed; `sent` are its path variables."""
    headers.require_bounded(request.headers, reads_token=route.guard is not None)
    caller = _admit(route, request.headers)
    path = variables.parse(route.variables, sent)
    parameters = query.parse(request.query_params or {}, route.query)
    boundary = forms.boundary(request.headers) if route.form else None
    of_csv = route.form.of_csv if route.form and forms.is_csv(request.headers) else ""
    bound = route.form if route.form and (boundary or of_csv) else FormBody(route.limit, files=())
    raw = body.read(request, bound.limit, beyond=bound.beyond) if route.reads_body else b""
    form = forms.parse(raw, boundary) if boundary else forms.of_file(of_csv, raw) if of_csv else None
    return Call(
        body=body.parse(raw, route.body, form) if route.body else None,
        query=parameters,
        path=path,
        headers=request.headers,
        address=request_log.address_of(request) or "unknown",
        principal=caller.principal if caller else None,  # type: ignore[arg-type]  # public views do not read it
        read=caller.read if caller else None,
        raw=forms.canonical(form) if form else raw,
        files=form.files if form else {},
    )


def _admit(route: AnyRoute, headers: Mapping[str, str]) -> Identified | None:
    if route.guard is None:
        return None
    caller = route.guard.identify(headers)
    principal = caller.principal
    request_log.note_principal(principal)
    # Before the act is noted, so that nobody fills the audit log faster than the rate.
    request_rates.take(principal)
    staff_acts.note_principal(principal)
    route.guard.permit(principal)
    return caller


def _answer_once(route: AnyRoute, view: View, call: Call[Any, Any]) -> Answer:
    request = KeyedRequest(
        key=call.headers.get("idempotency-key"),
        portal=call.principal.portal,
        caller_id=call.principal.id,
        route=f"{route.method} {route.path.format(**call.path)}",
        body=call.raw,
    )

    def answer_to(operation_id: str) -> Result:
        given = staff_acts.view_recorded(lambda: view(replace(call, operation_id=operation_id)))
        content = given.content if isinstance(given, Reply) else given
        return Result(answer(route, given, call.headers), is_in_between(content))

    return answer_once(request, answer_to)
