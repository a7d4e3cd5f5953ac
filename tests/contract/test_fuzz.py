"""Thousands of wrong requests to every route: never a fault, always the envelope and the headers.

FUZZ_REQUESTS says how many (500 by default; `make fuzz` and `make truth` send 3,000), FUZZ_SEED which. Below 2,000 a
route gets one day's share of the raw bodies, of the queries, and of the requests from its schema.
"""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from schemathesis import Case, GenerationMode

from chalicelib.portals.http.route import AnyRoute
from chalicelib.portals.openapi import document as openapi
from tests.contract.generated import Callers, as_nasty, described, forbidden, send
from tests.contract.ground import Ground, routes
from tests.contract.nasties import QUERIES, RAWS, Nasties, Nasty
from tests.support import fault_days

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


@pytest.fixture(scope="module")
def callers(ground: Ground) -> Callers:
    return Callers(ground)


@pytest.mark.parametrize("number", range(len(RAWS)))
def test_a_raw_body_breaks_no_route(number: int, ground: Ground, callers: Callers) -> None:
    for route in _share(_WITH_BODY, number):
        _, found = send(Nasty(route, callers.rightful(route), raw=RAWS[number]), ground, callers)
        assert found == [], route.operation_id


@pytest.mark.parametrize("number", range(len(_LISTS)), ids=[_named(route) for route in _LISTS])
def test_a_wrong_query_breaks_no_list(number: int, ground: Ground, callers: Callers) -> None:
    route = _LISTS[number]
    for query in _share(QUERIES, number):
        _, found = send(Nasty(route, replace(callers.rightful(route), query=query)), ground, callers)
        assert found == [], query


def test_hand_made_wrong_requests_get_the_envelope_and_never_a_fault(ground: Ground, callers: Callers) -> None:
    count = max(1, REQUESTS - _FROM_SCHEMA * len(_FROM_DOCUMENT))
    wrong: list[str] = []
    statuses: Counter[int] = Counter()
    reached: set[str] = set()
    for nasty in Nasties(ROUTES, callers.rightful, seed=SEED).make(count):
        answer, found = send(nasty, ground, callers)
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


@pytest.mark.parametrize(
    ("route", "mode"), _FROM_DOCUMENT, ids=[f"{_named(route)}-{mode.value}" for route, mode in _FROM_DOCUMENT]
)
def test_requests_made_from_the_document_are_answered_as_it_says(
    route: AnyRoute, mode: GenerationMode, ground: Ground, callers: Callers
) -> None:
    operation = described()[openapi.spelled(route)][route.method]

    @seeded(SEED)
    @settings(
        max_examples=_FROM_SCHEMA,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode))
    def ask(case: Case[Any]) -> None:
        answer, found = send(as_nasty(case, route, callers.rightful(route)), ground, callers)
        assert found == []
        assert answer.status >= 400 or forbidden(case, route) == []

    ask()
