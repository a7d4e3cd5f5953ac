"""Idempotency-Key, on every route that takes one: the first answer again, and nothing done twice."""

import uuid
from datetime import timedelta

import pytest

from chalicelib import clock
from chalicelib.portals.http.route import AnyRoute
from chalicelib.vocabulary import Portal
from tests.contract.ground import Ground, label, routes, stored
from tests.contract.request import Request
from tests.support.client import Answer

IDEMPOTENT = [route for route in routes() if route.idempotent]
PORTALS = sorted({route.guard.portal for route in IDEMPOTENT if route.guard and route.guard.portal})
# Every POST and PUT of the contract that moves money, stock or a ticket, by its path.
MOVES = {
    "/api/v1/tickets/book",
    "/api/v1/payments/process",
    "/api/v1/payments/confirm",
    "/api/v1/users/tickets/{ticket_id}/transfer",
    "/api/v1/users/tickets/{ticket_id}/gift",
    "/api/v1/users/tickets/{ticket_id}/refund-request",
    "/api/v1/users/nfc-cards/request",
    "/api/v1/users/nfc-cards/{card_id}/reload",
    "/api/v1/users/nfc-cards/{card_id}/auto-reload-settings",
    "/api/v1/users/nfc-cards/{card_id}/block",
}


def _send(ground: Ground, route: AnyRoute, request: Request, key: str) -> Answer:
    return ground.send(route, request, token=ground.token(route), headers={"idempotency-key": key})


def test_whatever_moves_money_stock_or_a_ticket_takes_a_key() -> None:
    assert {route.path for route in IDEMPOTENT} >= MOVES


@pytest.mark.parametrize("route", IDEMPOTENT, ids=label)
def test_the_same_key_and_body_get_the_first_answer_again_and_change_nothing(ground: Ground, route: AnyRoute) -> None:
    request, key = ground.rightful(route), uuid.uuid4().hex
    first = _send(ground, route, request, key)
    assert first.status < 300, first.text
    assert "idempotent-replayed" not in first.headers
    before = stored()
    again = _send(ground, route, request, key)
    assert (again.status, again.text) == (first.status, first.text)
    assert again.headers["idempotent-replayed"] == "true"
    assert stored() == before


@pytest.mark.parametrize("route", IDEMPOTENT, ids=label)
def test_the_same_key_with_another_body_is_refused_and_changes_nothing(ground: Ground, route: AnyRoute) -> None:
    request, key = ground.rightful(route), uuid.uuid4().hex
    assert _send(ground, route, request, key).status < 300
    before = stored()
    other = Request({**(request.body or {}), "unknown_field": 1}, request.path, request.query, request.headers)
    refused = _send(ground, route, other, key)
    assert (refused.status, refused.code) == (422, "IDEMPOTENCY_MISMATCH")
    assert stored() == before


@pytest.mark.parametrize("route", IDEMPOTENT, ids=label)
def test_the_effect_stays_one_after_the_answer_was_forgotten(ground: Ground, route: AnyRoute) -> None:
    request, key = ground.rightful(route), uuid.uuid4().hex
    first = _send(ground, route, request, key)
    assert first.status < 300, first.text
    made = {place for place in stored() if not place[0].startswith(("IDEMPOTENCY#", "SESSION#"))}
    with clock.set_to(clock.now() + timedelta(hours=73)):
        assert route.guard is not None
        assert route.guard.portal is not None
        token = ground.session(route.guard.portal).access
        again = ground.send(route, request, token=token, headers={"idempotency-key": key})
    assert again.status == first.status, again.text
    now = {place for place in stored() if not place[0].startswith(("IDEMPOTENCY#", "SESSION#", "THROTTLE#"))}
    assert now == made, again.text


@pytest.mark.parametrize("key", ["", "a" * 256, "ключ", "tab\there"])
def test_a_key_that_is_none_is_refused_before_anything_happens(ground: Ground, key: str) -> None:
    (route,) = (route for route in IDEMPOTENT if route.operation_id == "customer_add_dependent")
    request = ground.rightful(route)
    ground.token(route)  # log in first, so that only the refused request could write
    before = stored()
    refused = _send(ground, route, request, key)
    assert (refused.status, refused.code) == (400, "VALIDATION_ERROR")
    assert refused.json["error"]["details"][0]["field"] == "Idempotency-Key"
    assert stored() == before


def test_a_refusal_is_given_again_as_well(ground: Ground) -> None:
    (route,) = (route for route in IDEMPOTENT if route.operation_id == "customer_add_dependent")
    request = ground.rightful(route)
    foreign = Request({**(request.body or {}), "card_id": "04FFFFFFFFFF01"})
    key = uuid.uuid4().hex
    first = _send(ground, route, foreign, key)
    assert first.status == 404, first.text
    again = _send(ground, route, foreign, key)
    assert again.headers["idempotent-replayed"] == "true"
    told = [{**answer.json["error"], "request_id": None} for answer in (first, again)]
    assert told[0] == told[1]


# Customers' answers are sealed under a key of their own besides; those of other portals are not.
@pytest.mark.parametrize("portal", PORTALS)
def test_a_key_belongs_to_its_caller_and_route(ground: Ground, portal: Portal) -> None:
    route = next(route for route in IDEMPOTENT if route.guard and route.guard.portal is portal)
    request, key = ground.rightful(route), uuid.uuid4().hex
    assert _send(ground, route, request, key).status < 300
    stranger = ground.send(route, request, token=ground.tenant_token(portal), headers={"idempotency-key": key})
    assert "idempotent-replayed" not in stranger.headers
