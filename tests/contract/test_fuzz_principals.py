"""Requests from the OpenAPI document, sent to each route by each kind of caller: never a fault, never more than said.

At full size (`make fuzz`) each of the callers sends to every route; a smaller run lets each send to one day's share of
them.
"""

import os
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from schemathesis import Case, GenerationMode

from chalicelib.portals.http.route import AnyRoute
from chalicelib.portals.openapi import document as openapi
from chalicelib.vocabulary.access import Portal
from tests.contract.answers import problems
from tests.contract.generated import as_nasty, described, forbidden
from tests.contract.ground import Ground, routes
from tests.contract.nasties import encoded
from tests.support import fault_days

_IS_FULL = int(os.environ.get("FUZZ_REQUESTS", "500")) >= 2000
SEED = int(os.environ.get("FUZZ_SEED", "20261120"))
_CASES = 4 if _IS_FULL else 1
PRINCIPALS: Sequence[Portal | None] = (None, *Portal)
ROUTES = [route for route in routes() if route.portal != "platform" or route.guard]


def _share(number: int) -> Sequence[AnyRoute]:
    return ROUTES if _IS_FULL else ROUTES[(number + fault_days.today()) % len(PRINCIPALS) :: len(PRINCIPALS)]


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("number", range(len(PRINCIPALS)), ids=[str(who or "stranger") for who in PRINCIPALS])
def test_no_caller_gets_a_fault_or_has_a_forbidden_input_taken(
    number: int, mode: GenerationMode, ground: Ground
) -> None:
    who = PRINCIPALS[number]
    wrong: list[str] = []
    for route in _share(number):
        wrong += [f"{route.operation_id}: {what}" for what in _answers(route, who, mode, ground)]
    assert wrong == []


def _answers(route: AnyRoute, who: Portal | None, mode: GenerationMode, ground: Ground) -> list[str]:
    wrong: list[str] = []
    right = ground.rightful(route)

    @seeded(SEED)
    @settings(
        max_examples=_CASES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(described()[openapi.spelled(route)][route.method].as_strategy(generation_mode=mode))
    def ask(case: Case[Any]) -> None:
        nasty = as_nasty(case, route, right)
        token = ground.access(who) if who is not None else None
        answer = ground.send(route, nasty.request, token=token, raw=encoded(nasty))
        wrong.extend(problems(route, answer))
        if answer.status < 400:
            wrong.extend(f"took {what}" for what in forbidden(case, route))

    if mode is GenerationMode.POSITIVE or route.body or route.query:
        ask()
    return wrong
