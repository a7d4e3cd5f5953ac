"""Idempotency-Key, on every route that takes one: the first answer again, and nothing done twice."""

import json
import uuid
from datetime import timedelta
from enum import StrEnum
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.portals.http.idempotent_answers import is_in_between
from chalicelib.portals.http.route import AnyRoute
from chalicelib.vocabulary.access import Portal
from chalicelib.vocabulary.campus import AppealStatus, AttendanceStatus
from chalicelib.vocabulary.cards import AssignmentStatus, CardRequestStatus, CardStatus
from chalicelib.vocabulary.events import CancellationStatus, EditRequestStatus, EventStatus
from chalicelib.vocabulary.gate import IncidentStatus
from chalicelib.vocabulary.numbered_tickets import BatchStatus
from chalicelib.vocabulary.payments import DisputeStatus, OrderStatus, PaymentStatus
from chalicelib.vocabulary.payouts import PayoutStatus, WithdrawalStatus
from chalicelib.vocabulary.tickets import GiftStatus, RefundRequestStatus, TicketShown, TicketStatus
from chalicelib.vocabulary.work import JobStatus
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
    "/api/refund-requests",
    "/api/refund-requests/{request_id}",
    "/api/v1/users/nfc-cards/request",
    "/api/v1/users/nfc-cards/{card_id}/reload",
    "/api/v1/users/nfc-cards/{card_id}/auto-reload-settings",
    "/api/v1/users/nfc-cards/{card_id}/block",
}

# What a request leaves besides its effect: an act of staff that changed nothing is recorded as such.
BESIDE = ("IDEMPOTENCY#", "SESSION#", "THROTTLE#", "AUDIT#", "AUDIT_HEAD#")


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
    before = _without_audit(stored())
    other = Request({**(request.body or {}), "unknown_field": 1}, request.path, request.query, request.headers)
    refused = _send(ground, route, other, key)
    assert (refused.status, refused.code) == (422, "IDEMPOTENCY_MISMATCH")
    assert _without_audit(stored()) == before


def _without_audit(items: dict[tuple[str, str], str]) -> dict[tuple[str, str], str]:
    """Return all items but the audit log, which records refused writes of staff as well."""
    return {place: item for place, item in items.items() if not place[0].startswith("AUDIT")}


def _spelled_otherwise(value: Any) -> str:
    """Return the same JSON in another spelling: its names backwards, each letter escaped, with spaces."""
    if isinstance(value, dict):
        inner = [f"{_spelled_otherwise(name)} :\n{_spelled_otherwise(value[name])}" for name in reversed(list(value))]
        return "{ " + " , ".join(inner) + " }"
    if isinstance(value, list):
        return "[ " + " , ".join(map(_spelled_otherwise, value)) + " ]"
    if isinstance(value, str):
        units = value.encode("utf-16-be")
        return '"' + "".join(f"\\u{units[at]:02x}{units[at + 1]:02X}" for at in range(0, len(units), 2)) + '"'
    return json.dumps(value)


@pytest.mark.parametrize("route", IDEMPOTENT, ids=label)
def test_the_same_body_in_another_spelling_gets_the_first_answer_again(ground: Ground, route: AnyRoute) -> None:
    request, key = ground.rightful(route), uuid.uuid4().hex
    first = _send(ground, route, request, key)
    assert first.status < 300, first.text
    raw = _spelled_otherwise(request.body or {}).encode()
    again = _send(ground, route, Request(None, request.path, request.query, request.headers, raw=raw), key)
    assert (again.status, again.text) == (first.status, first.text)
    assert again.headers["idempotent-replayed"] == "true"


# The states of replies that an operation does not leave by itself; each other one is in between.
FINAL: dict[type[StrEnum], set[StrEnum]] = {
    # An appeal is decided by another request; the mark of a record is no state of the request.
    AppealStatus: set(AppealStatus),
    AttendanceStatus: set(AttendanceStatus),
    AssignmentStatus: {AssignmentStatus.ACTIVE, AssignmentStatus.EXPIRED},
    BatchStatus: set(BatchStatus),
    CancellationStatus: set(CancellationStatus),
    CardRequestStatus: {status for status in CardRequestStatus if status is not CardRequestStatus.REQUESTED},
    CardStatus: set(CardStatus),
    EditRequestStatus: {EditRequestStatus.APPROVED, EditRequestStatus.REJECTED},
    EventStatus: set(EventStatus),
    GiftStatus: {GiftStatus.CLAIMED, GiftStatus.CANCELLED, GiftStatus.CLOSED},
    JobStatus: {JobStatus.COMPLETE, JobStatus.FAILED},
    OrderStatus: {OrderStatus.PAID, OrderStatus.EXPIRED, OrderStatus.CANCELLED},
    PaymentStatus: {PaymentStatus.SUCCEEDED, PaymentStatus.FAILED, PaymentStatus.REFUNDED},
    RefundRequestStatus: {RefundRequestStatus.REJECTED, RefundRequestStatus.REFUNDED},
    DisputeStatus: set(DisputeStatus),
    IncidentStatus: set(IncidentStatus),
    # A decision about money is done when it is stored; the sweep, or a second person, goes on from there.
    PayoutStatus: set(PayoutStatus),
    WithdrawalStatus: set(WithdrawalStatus),
    TicketShown: set(TicketShown),
    TicketStatus: set(TicketStatus),
}


@pytest.mark.parametrize("route", IDEMPOTENT, ids=label)
def test_each_state_that_an_answer_may_report_is_final_or_in_between(route: AnyRoute) -> None:
    for reply in (route.reply, *route.also.values()):
        kind = reply.model_fields["status"].annotation if reply and "status" in reply.model_fields else None
        if kind is None:
            continue
        in_between = {state for state in kind if is_in_between(SimpleNamespace(status=state))}
        assert in_between == set(kind) - FINAL[kind]


@pytest.mark.parametrize("route", IDEMPOTENT, ids=label)
def test_only_a_final_answer_is_stored(ground: Ground, route: AnyRoute) -> None:
    before = set(stored())
    answer = _send(ground, route, ground.rightful(route), uuid.uuid4().hex)
    assert answer.status < 300, answer.text
    (kept,) = (text for place, text in stored().items() if place not in before and place[0].startswith("IDEMPOTENCY#"))
    kind = (
        route.reply.model_fields["status"].annotation if route.reply and "status" in route.reply.model_fields else str
    )
    waits = "status" in answer.json and is_in_between(SimpleNamespace(status=kind(answer.json["status"])))
    assert ('"interim"' in kept, '"answer"' in kept) == (waits, not waits)


@pytest.mark.parametrize("route", IDEMPOTENT, ids=label)
def test_the_effect_stays_one_after_the_answer_was_forgotten(ground: Ground, route: AnyRoute) -> None:
    request, key = ground.rightful(route), uuid.uuid4().hex
    first = _send(ground, route, request, key)
    assert first.status < 300, first.text
    made = {place for place in stored() if not place[0].startswith(BESIDE)}
    with clock.set_to(clock.now() + timedelta(hours=73)):
        again = ground.send(route, request, token=ground.fresh_token(route), headers={"idempotency-key": key})
    assert again.status == first.status, again.text
    now = {place for place in stored() if not place[0].startswith(BESIDE)}
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
