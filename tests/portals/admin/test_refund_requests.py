"""Refunds that staff open and decide: paid once, in two hands above the threshold, never more than is left."""

import json
from collections import Counter
from typing import Any

import pytest

from chalicelib.clients.providers import Move, MoveKind, MoveWord
from chalicelib.domain.access import accounts
from chalicelib.domain.payments import sandbox, sandbox_callbacks
from chalicelib.domain.tickets import tickets
from chalicelib.table.items import AuditEntry, Item, Order, RefundRequest
from chalicelib.vocabulary.access import AdminRole
from chalicelib.workers import payments as payments_worker
from tests.portals.organizer.test_refunds import told
from tests.support import audit, payers, settled
from tests.support.client import Answer, call
from tests.support.factories import admin_token, customer_token
from tests.support.purchases import make_show
from tests.support.settings import configured
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
PRICE = {"amount": "1500.00", "currency": "PKR"}


@pytest.fixture
def order() -> Order:
    return settled.buy(make_show()[1], 2)


def opened(order: Order, place: int = 0, *, token: str | None = None, **more: Any) -> Answer:
    body = {"ticket_id": order.tickets[place]["ticket_id"], "reason": "The customer fell ill.", **more}
    return call("POST", "/api/refund-requests/", body, token=token or admin_token(AdminRole.SUPPORT))


def decide(request_id: str, token: str, *, key: str | None = None, **body: Any) -> Answer:
    headers = {"idempotency-key": key} if key else {}
    sent = {"decision": "approve", **body}
    return call("PUT", f"/api/refund-requests/{request_id}/", sent, token=token, headers=headers)


def stored() -> list[RefundRequest]:
    return [Item.from_raw_data(raw) for raw in payers.all_raws("refund_request")]  # type: ignore[misc]


def audited() -> Counter[tuple[str, str]]:
    """Count the audit log's entries by action and result."""
    entries = [Item.from_raw_data(raw) for raw in payers.all_raws("audit_entry")]
    bodies = [json.loads(entry.body) for entry in entries if isinstance(entry, AuditEntry)]
    return Counter((body["action"], body["result"]) for body in bodies)


def test_support_opens_a_refund_that_an_admin_approves_and_the_money_goes_back_once(order: Order) -> None:
    answer = opened(order)
    assert (answer.status, answer.json["status"], answer.json["amount"]) == (201, "pending", PRICE)
    request_id, ticket_id = answer.json["id"], answer.json["ticket_id"]
    assert decide(request_id, admin_token(AdminRole.SUPPORT)).status == 403
    manager = admin_token(AdminRole.ADMIN)
    approved = decide(request_id, manager, note="Certificate seen.").json
    assert (approved["status"], approved["note"]) == ("approved", "Certificate seen.")
    assert decide(request_id, manager).json["decided_at"] == approved["decided_at"]
    for _ in range(3):
        payments_worker.handle(told(ticket_id, request_id))
    charge = payers.stored(order.payment_id)
    assert (charge.refunded, charge.returned, tickets.get(ticket_id).status) == (150_000, 150_000, "refunded")
    assert payers.balances()["clearing:sandbox"] == -150_000
    assert decide(request_id, manager).json["status"] == "refunded"
    counted = audited()
    assert (counted["refund_request.open", "done"], counted["refund_request.decide", "done"]) == (1, 1)


def test_staff_read_who_takes_a_waiting_gift_back_before_it_is_refunded(order: Order) -> None:
    ticket_id, giver = order.tickets[0]["ticket_id"], customer_token(accounts.get(order.customer_id))
    sent = call("POST", f"/api/v1/users/tickets/{ticket_id}/gift/", {"mobile_number": "+923335550001"}, token=giver)
    assert sent.status == 201
    refused = opened(order)
    assert (refused.status, refused.code) == (409, "CONFLICT")
    assert "Its owner takes it back first, by gifting it to their own number." in refused.text


def test_an_approved_refund_says_that_it_waits_for_the_balance_at_the_provider_until_it_is_paid(order: Order) -> None:
    manager, request_id = admin_token(AdminRole.ADMIN), opened(order).json["id"]
    ticket_id = order.tickets[0]["ticket_id"]

    def shown() -> tuple[str, str | None]:
        (one,) = call("GET", f"/api/refund-requests/?event_id={order.event_id}", token=manager).json["results"]
        return one["status"], one["waits_for"]

    sandbox.set_balance("PKR", 149_999)
    assert decide(request_id, manager).json["waits_for"] is None
    payments_worker.handle(told(ticket_id, request_id))
    StreamReader().drain()
    assert shown() == ("approved", "provider_funds")
    sandbox.set_balance("PKR", 150_000)
    payments_worker.handle(told(ticket_id, request_id))
    StreamReader().drain()
    assert shown() == ("refunded", None)


@pytest.mark.parametrize(
    ("amount", "said"),
    [("1500.01", "more than is left"), ({"amount": "10.00", "currency": "EUR"}, "cannot be refunded in EUR")],
)
def test_more_than_is_left_and_another_currency_are_refused_by_name(order: Order, amount: Any, said: str) -> None:
    refused = opened(order, amount=amount)
    assert (refused.status, refused.code) == (409, "INVALID_STATE")
    assert said in refused.text
    request_id = opened(order).json["id"]
    refused = decide(request_id, admin_token(), amount=amount)
    assert (refused.status, refused.code) == (409, "INVALID_STATE")
    assert said in refused.text
    assert [request.status for request in stored()] == ["pending"]
    assert payers.stored(order.payment_id).refunded == 0


def test_a_refund_of_a_disputed_payment_is_refused_until_the_dispute_is_over(order: Order) -> None:
    request_id, payment = opened(order).json["id"], payers.stored(order.payment_id)
    for word, status in ((MoveWord.OPENED, 409), (MoveWord.WON, 200)):
        move = Move("dp_1", MoveKind.DISPUTE, 300_000, "PKR", (word,))
        raw = sandbox_callbacks.moved(
            payment.payment_id, payment.provider_reference or "", move, event_id=f"sbe_{word}"
        )
        assert payers.post_webhook(raw).status == 200
        answer = decide(request_id, admin_token())
        assert answer.status == status
        assert ("disputed" in answer.text) is (status == 409)


def test_a_refund_above_the_threshold_needs_another_member_of_staff(order: Order) -> None:
    first, second = admin_token(), admin_token()
    request_id = opened(order, token=second).json["id"]
    with configured(SECOND_PERSON_OVER="PKR:100000"):
        waits = decide(request_id, first, key="the-first-approval", amount="1200.00")
        assert (waits.json["status"], waits.json["amount"]["amount"]) == ("awaiting_second", "1200.00")
        # The same request again is answered as before; another one is an approval of one's own.
        assert decide(request_id, first, key="the-first-approval", amount="1200.00").json == waits.json
        refused = decide(request_id, first)
        assert (refused.status, refused.code) == (403, "SECOND_PERSON_NEEDED")
        assert decide(request_id, second, amount="1300.00").code == "CONFLICT"
        assert payers.stored(order.payment_id).refunded == 0
        approved = decide(request_id, second).json
    assert (approved["status"], approved["amount"]["amount"]) == ("approved", "1200.00")
    assert payers.stored(order.payment_id).refunded == 120_000
    assert decide(request_id, first).json == approved


def test_a_waiting_refund_may_be_rejected_and_a_rejection_names_its_reason(order: Order) -> None:
    token, request_id = admin_token(), opened(order).json["id"]
    with configured(SECOND_PERSON_OVER="PKR:100000"):
        assert decide(request_id, token).json["status"] == "awaiting_second"
    assert decide(request_id, token, decision="reject").status == 400
    assert decide(request_id, token, decision="reject", note="Not our fault.").json["status"] == "rejected"
    said = [(one.get("before"), one.get("after")) for one in audit.entries() if one["result"] == "done"]
    assert said[-1] == ('{"status":"awaiting_second"}', '{"status":"rejected"}')
    assert decide(request_id, admin_token()).code == "INVALID_STATE"
    assert tickets.get(order.tickets[0]["ticket_id"]).pledge is None
    assert decide("rfd_unknown", token).status == 404
