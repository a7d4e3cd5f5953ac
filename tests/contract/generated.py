"""Requests that schemathesis generates from the OpenAPI document, and what the document says of them."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlencode

import schemathesis
from schemathesis import Case
from schemathesis.core import NotSet

from chalicelib.portals.http.route import AnyRoute
from tests.contract.answers import document, operation, problems, validator
from tests.contract.ground import Ground
from tests.contract.nasties import Nasty, encoded
from tests.contract.request import Request
from tests.support.client import Answer

# A route's right request is made again after so many uses; until then the same one is sent, spent or not.
_RENEWED_AFTER = 20


class Callers:
    """Keeps the right caller's token and request of each route, since making them costs more than sending."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._tokens: dict[str, str | None] = {}
        self._requests: dict[str, Request] = {}
        self._asked: Counter[str] = Counter()

    def rightful(self, route: AnyRoute) -> Request:
        name = route.operation_id
        if self._asked[name] % _RENEWED_AFTER == 0:
            self._requests[name] = self._ground.rightful(route)
            # The one before may have ended the caller's session.
            self._tokens[name] = self._ground.token(route)
        self._asked[name] += 1
        return self._requests[name]

    def token(self, route: AnyRoute) -> str | None:
        if route.operation_id not in self._tokens:
            self.rightful(route)
        return self._tokens[route.operation_id]


def send(nasty: Nasty, ground: Ground, callers: Callers) -> tuple[Answer, list[str]]:
    """Send a request as the right caller; return what is wrong with the answer beside it."""
    token = callers.token(nasty.route) if nasty.has_token else None
    answer = ground.send(nasty.route, nasty.request, token=token, raw=encoded(nasty), headers=nasty.headers)
    found = [
        problem
        for problem in problems(nasty.route, answer, origin=nasty.headers.get("origin"))
        # A GET may be sent with a wrong Content-Type; its document need not speak of that.
        if not (answer.status == 415 and nasty.route.body is None)
    ]
    return answer, found


def as_nasty(case: Case[Any], route: AnyRoute, right: Request) -> Nasty:
    """Return a generated case as a request; where the document has nothing to get wrong, the right values stay."""
    raw = None
    if isinstance(case.body, bytes):
        raw = case.body
    elif route.body:
        raw = b"" if isinstance(case.body, NotSet) else json.dumps(case.body).encode()
    path = {name: quote(str(value), safe="", errors="replace") or "%20" for name, value in case.path_parameters.items()}
    query = urlencode(case.query or {}, doseq=True, errors="replace")
    return Nasty(route, Request(path=right.path | path, query=query), raw)


@lru_cache(maxsize=1)
def described() -> Any:
    """Return the document as schemathesis reads it."""
    return schemathesis.openapi.from_dict(document())


def forbidden(case: Case[Any], route: AnyRoute) -> list[str]:
    """Return what of a generated request the document forbids: its body, its whole numbers and its booleans."""
    return [*_forbidden_body(case, route), *_forbidden_query(case, route)]


def _forbidden_body(case: Case[Any], route: AnyRoute) -> Iterator[str]:
    described_body = operation(route).get("requestBody", {})
    media = described_body.get("content", {}).get("application/json")
    if media is None or isinstance(case.body, bytes):
        return
    if isinstance(case.body, NotSet):
        if described_body.get("required"):
            yield "no body"
        return
    yield from (
        f"{error.json_path}: {error.message}"[:200] for error in validator(media["schema"]).iter_errors(case.body)
    )


_SPELLINGS = {"integer": r"-?[0-9]+", "boolean": r"true|false"}


def _forbidden_query(case: Case[Any], route: AnyRoute) -> Iterator[str]:
    for parameter in operation(route).get("parameters", ()):
        spelling = _SPELLINGS.get(parameter["schema"].get("type", ""))
        if parameter["in"] != "query" or spelling is None or parameter["name"] not in (case.query or {}):
            continue
        value = case.query[parameter["name"]]
        texts = [str(one) for one in (value if isinstance(value, list) else [value])]
        if not all(re.fullmatch(spelling, text) for text in texts):
            yield f"{parameter['name']}={texts}"
