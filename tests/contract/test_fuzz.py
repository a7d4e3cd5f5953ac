"""Thousands of wrong requests to every route: never a fault, always the envelope and the headers.

FUZZ_REQUESTS says how many (500 by default; `make fuzz` and `make truth` send 3,000), FUZZ_SEED which. Below 2,000 a
route gets one day's share of the raw bodies, of the queries, and of the requests from its schema.
"""

import json
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from schemathesis import Case, GenerationMode
from schemathesis.core import NotSet

from chalicelib.portals.http.route import AnyRoute
from chalicelib.portals.openapi import document as openapi
from tests.contract.answers import document, problems
from tests.contract.ground import Ground, routes
from tests.contract.nasties import QUERIES, RAWS, Nasties, Nasty, encoded
from tests.contract.request import Request
from tests.support import fault_days
from tests.support.client import Answer

REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "500"))
SEED = int(os.environ.get("FUZZ_SEED", "20261120"))
# The document's own page and itself take nothing that could be wrong; asking once each is enough.
ROUTES = [route for route in routes() if route.portal != "platform" or route.guard]
_IS_FULL = REQUESTS >= 2000
# A third is generated from the document's schemas; the rest are the malformed requests.
_FROM_SCHEMA = max(1, REQUESTS // 3 // len(ROUTES) // len(GenerationMode))
# A route gets one in so many of the raw bodies and queries, the next ones on the next day.
_PARTS = 1 if _IS_FULL else 4
ThingT = TypeVar("ThingT")


def _named(route: AnyRoute) -> str:
    return route.operation_id


def _share(things: Sequence[ThingT], number: int) -> Sequence[ThingT]:
    """Return the day's share of some things for what has this number."""
    return things[(number + fault_days.today()) % _PARTS :: _PARTS]


def _has_wrong_requests(route: AnyRoute) -> bool:
    """Whether the document specifies a request enough to violate it; any text is valid in a path."""
    return bool(route.body or route.query or (route.guard and "{" in route.path))


def _modes(route: AnyRoute, number: int) -> Sequence[GenerationMode]:
    if not _has_wrong_requests(route):
        return (GenerationMode.POSITIVE,)
    modes = tuple(GenerationMode)
    return modes if _IS_FULL else (modes[(number + fault_days.today()) % len(modes)],)


_FROM_DOCUMENT = [(route, mode) for number, route in enumerate(ROUTES) for mode in _modes(route, number)]
_LISTS = [route for route in ROUTES if route.query]
_WITH_BODY = [route for route in ROUTES if route.body]


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


@pytest.fixture(scope="module")
def callers(ground: Ground) -> Callers:
    return Callers(ground)


def _send(nasty: Nasty, ground: Ground, callers: Callers) -> tuple[Answer, list[str]]:
    token = callers.token(nasty.route) if nasty.has_token else None
    answer = ground.send(nasty.route, nasty.request, token=token, raw=encoded(nasty), headers=nasty.headers)
    found = [
        problem
        for problem in problems(nasty.route, answer, origin=nasty.headers.get("origin"))
        # A GET may be sent with a wrong Content-Type; its document need not speak of that.
        if not (answer.status == 415 and nasty.route.body is None)
    ]
    return answer, found


@pytest.mark.parametrize("number", range(len(RAWS)))
def test_a_raw_body_breaks_no_route(number: int, ground: Ground, callers: Callers) -> None:
    for route in _share(_WITH_BODY, number):
        _, found = _send(Nasty(route, callers.rightful(route), raw=RAWS[number]), ground, callers)
        assert found == [], route.operation_id


@pytest.mark.parametrize("number", range(len(_LISTS)), ids=[_named(route) for route in _LISTS])
def test_a_wrong_query_breaks_no_list(number: int, ground: Ground, callers: Callers) -> None:
    route = _LISTS[number]
    for query in _share(QUERIES, number):
        _, found = _send(Nasty(route, replace(callers.rightful(route), query=query)), ground, callers)
        assert found == [], query


def test_hand_made_wrong_requests_get_the_envelope_and_never_a_fault(ground: Ground, callers: Callers) -> None:
    count = max(1, REQUESTS - _FROM_SCHEMA * len(_FROM_DOCUMENT))
    wrong: list[str] = []
    statuses: Counter[int] = Counter()
    reached: set[str] = set()
    for nasty in Nasties(ROUTES, callers.rightful, seed=SEED).make(count):
        answer, found = _send(nasty, ground, callers)
        statuses[answer.status] += 1
        if answer.status < 400:
            reached.add(nasty.route.operation_id)
        wrong += [f"{nasty.route.operation_id}: {problem} ({nasty!r:.600})" for problem in found]
        assert len(wrong) < 20, "\n".join(wrong)
    assert wrong == []
    assert sum(statuses.values()) == count
    # The requests are wrong in one place or two: enough pass the first check to reach the next ones.
    assert {200, 400, 401, 403, 404, 413, 415} <= set(statuses) or not _IS_FULL, statuses
    assert len(reached) > len(ROUTES) * 0.8 or not _IS_FULL, reached


def _as_nasty(case: Case[Any], route: AnyRoute, right: Request) -> Nasty:
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
def _described() -> Any:
    return schemathesis.openapi.from_dict(document())


@pytest.mark.parametrize(
    ("route", "mode"), _FROM_DOCUMENT, ids=[f"{_named(route)}-{mode.value}" for route, mode in _FROM_DOCUMENT]
)
def test_requests_made_from_the_document_are_answered_as_it_says(
    route: AnyRoute, mode: GenerationMode, ground: Ground, callers: Callers
) -> None:
    described = _described()[openapi.spelled(route)][route.method]

    @seeded(SEED)
    @settings(
        max_examples=_FROM_SCHEMA,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(described.as_strategy(generation_mode=mode))
    def ask(case: Case[Any]) -> None:
        _, found = _send(_as_nasty(case, route, callers.rightful(route)), ground, callers)
        assert found == []

    ask()
