"""Cancellation of an event: previewed, confirmed by code and sum, void at the gates, each ticket refunded once."""

import uuid
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.clients.providers import MoveWord
from chalicelib.domain.access import accounts
from chalicelib.domain.events import categories, events, gate_control, venues
from chalicelib.domain.ledger import account_names
from chalicelib.domain.payments import refunds, sandbox
from chalicelib.domain.tickets import refund_requests, tickets
from chalicelib.identifiers import new_id
from chalicelib.table import keys
from chalicelib.table.items import Account, Category, Event, Order
from tests.support import meanwhile, notices, payers, settled, sweeps, taken_back
from tests.support.cancelled import (
    confirmed,
    make_staff,
    one_pass,
    pay_back,
    preview,
    progress,
    requests_of,
    send,
    until_complete,
)
from tests.support.client import call
from tests.support.codes import code_for, texts
from tests.support.factories import customer_token, make_customer, make_organizer, make_ticket, token_of, usher_token
from tests.support.purchases import book, make_show
from tests.support.settings import configured
from tests.support.settled import buy
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")


@pytest.fixture
def staff() -> Account:
    return make_staff()


@pytest.fixture(autouse=True)
def _swept(moto_cloud: Any) -> None:  # noqa: ARG001  # the cloud comes first
    sweeps.begin()


def rupees(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "PKR"}


def buy_by_card(category: Category) -> Order:
    customer = make_customer()
    card = payers.card_with(customer, 500_000, uid=f"04{uuid.uuid4().hex[:12].upper()}")
    order = book(customer, category)
    opened = payers.process(customer, order, method="wallet", card_id=card.card_id)
    assert opened.status < 300, opened.text
    opened = opened.json
    assert payers.confirm(customer, opened["id"]).json["status"] == "succeeded", opened
    return payers.order_of(order)


def sold(*quantities: int) -> tuple[Event, Category, list[Order]]:
    event, category = make_show(organizer_id=make_organizer().account_id)
    stream, orders = StreamReader(), [buy(category, quantity) for quantity in quantities]
    stream.drain()
    return event, category, orders


def states(orders: list[Order]) -> list[str]:
    return sorted(state for order in orders for state in payers.tickets_of(order))


def test_an_event_is_drafted_published_sold_cancelled_and_paid_back(staff: Account) -> None:
    organizer, stream = make_organizer(), StreamReader()
    draft: dict[str, Any] = {
        "title": "Open air",
        "venue_id": venues.add(name="Garden", city="Lahore").venue_id,
        "starts_at": clock.to_text(clock.now() + timedelta(days=30)),
        "ends_at": clock.to_text(clock.now() + timedelta(days=30, hours=4)),
        "ticket_categories": [{"name": "Standard", "price": "1500.00", "capacity": 100}],
    }
    event_id = call("POST", "/api/organizer/events/", draft, token=token_of(organizer)).json["id"]
    assert call("POST", f"/api/organizer/events/{event_id}/submit/", token=token_of(organizer)).status == 200
    published = call("PUT", f"/api/events/{event_id}/", {"status": "published"}, token=_token(staff))
    assert published.json["status"] == "published", published.text
    (category,) = categories.of(event_id)
    orders = [buy(category, 2), buy(category), buy_by_card(category)]
    stream.drain()
    shown = preview(staff, event_id)
    assert (shown["tickets"], shown["total"]) == (4, rupees("6000.00"))
    assert {way["provider"]: (way["tickets"], way["amount"]["amount"], way["lacks"]) for way in shown["ways"]} == {
        "sandbox": (3, "4500.00", None),
        "wallet": (1, "1500.00", None),
    }
    code = code_for(staff.login)
    body = {"dry_run": False, "reason": "Rain.", "confirm_code": code, "expected_total": shown["total"]}
    begun = send(staff, event_id, body)
    assert (begun.status, begun.json["status"]) == (200, "running"), begun.text
    assert events.get(event_id).status == "cancelled"
    late = {"event_id": event_id, "items": [{"category_id": category.category_id, "quantity": 1}]}
    assert call("POST", "/api/v1/tickets/book/", late, token=customer_token(make_customer())).code == "INVALID_STATE"
    done = until_complete(staff, event_id, begun.json["job_id"])
    assert done["status"] == "complete"
    counts = done["progress"]
    assert (counts["total"], counts["done"], counts["waiting"], counts["failed"]) == (4, 4, 0, 0)
    assert (counts["paid"], counts["refunded"]) == (rupees("6000.00"), rupees("6000.00"))
    assert (counts["kept"], counts["pending"]) == (rupees("0.00"), rupees("0.00"))
    assert states(orders) == ["refunded"] * 4
    balances = payers.balances()
    accounts = (account_names.sales(event_id), account_names.FEES, "refunds_due", account_names.clearing("sandbox"))
    assert [balances[name] for name in accounts] == [0, 0, 0, 0]
    assert events.get(event_id).refunds_open is None
    stream.drain()
    assert {raw["notice"]["S"] for raw in payers.all_raws("notice_run")} == {"cancelled"}
    job = call("GET", f"/api/jobs/{begun.json['job_id']}/", token=_token(staff))
    assert (job.json["kind"], job.json["status"], job.json["done"]) == ("event_cancellation", "complete", 4)
    archived = call("PUT", f"/api/events/{event_id}/", {"status": "archived"}, token=_token(staff))
    assert archived.json["status"] == "archived"


def _token(staff: Account) -> str:
    from chalicelib.domain.access import sessions

    return sessions.start(staff).access


def test_a_wrong_code_or_sum_is_refused_with_a_new_preview_and_nothing_changes(staff: Account) -> None:
    event, category, orders = sold(1)
    total = preview(staff, event.event_id)["total"]
    code = code_for(staff.login)
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    body = {"dry_run": False, "reason": "Rain.", "expected_total": total}
    refused = send(staff, event.event_id, {**body, "confirm_code": wrong})
    assert (refused.status, refused.code) == (409, "CONFLICT")
    assert refused.json["error"]["preview"]["total"] == total
    stream = StreamReader()
    stream.skip()
    orders.append(buy(category))
    stream.drain()
    changed = send(staff, event.event_id, {**body, "confirm_code": code})
    assert changed.json["error"]["preview"]["total"] == rupees("3000.00")
    with clock.set_to(clock.now() + timedelta(minutes=6)):
        old = send(staff, event.event_id, {**body, "confirm_code": code, "expected_total": rupees("3000.00")})
    assert old.status == 409
    other = make_staff()
    preview(other, event.event_id)
    foreign = send(other, event.event_id, {**body, "confirm_code": code, "expected_total": rupees("3000.00")})
    assert foreign.status == 409
    assert (events.get(event.event_id).status, states(orders)) == ("published", ["valid"] * 2)
    now = send(staff, event.event_id, {**body, "confirm_code": code, "expected_total": rupees("3000.00")})
    assert now.status == 200, now.text
    again = send(staff, event.event_id, {**body, "confirm_code": code, "expected_total": rupees("3000.00")})
    assert again.code == "INVALID_STATE"


def test_a_code_is_good_for_five_tries(staff: Account) -> None:
    event, _, _ = sold(1)
    total = preview(staff, event.event_id)["total"]
    code = code_for(staff.login)
    body = {"dry_run": False, "reason": "Rain.", "expected_total": total}
    for step in range(1, 6):
        wrong = {**body, "confirm_code": f"{(int(code) + step) % 1_000_000:06}"}
        assert send(staff, event.event_id, wrong).status == 409
    assert send(staff, event.event_id, {**body, "confirm_code": code}).status == 409
    assert events.get(event.event_id).status == "published"


def test_a_cancellation_needs_its_fields_and_an_event_on_sale(staff: Account) -> None:
    event, _, _ = sold(1)
    missing = send(staff, event.event_id, {"dry_run": False})
    assert [each["field"] for each in missing.json["error"]["details"]] == ["reason", "confirm_code", "expected_total"]
    draft, _ = make_show(status="draft")
    refused = send(staff, draft.event_id, {"dry_run": True})
    assert (refused.code, "draft" in refused.text) == ("INVALID_STATE", True)
    assert send(staff, "evt_nobody", {"dry_run": True}).status == 404
    path = f"/api/events/{event.event_id}/cancellation/"
    assert call("GET", path, token=_token(staff)).status == 404


def test_above_the_threshold_another_member_of_staff_confirms(staff: Account) -> None:
    event, _, orders = sold(2)
    with configured(SECOND_PERSON_OVER="PKR:299999"):
        asked = confirmed(staff, event.event_id)
        assert (asked.status, asked.json["status"]) == (200, "awaiting_second"), asked.text
        assert (events.get(event.event_id).status, states(orders)) == ("published", ["valid"] * 2)
        own = confirmed(staff, event.event_id)
        assert (own.status, own.code) == (403, "SECOND_PERSON_NEEDED")
        second = make_staff()
        total = preview(second, event.event_id)["total"]
        body = {"dry_run": False, "reason": "Rain.", "confirm_code": code_for(second.login), "expected_total": total}
        other = send(second, event.event_id, {**body, "refund": "none"})
        assert other.code == "INVALID_STATE"
        begun = send(second, event.event_id, body)
        assert (begun.json["status"], begun.json["asked_by"]) == ("running", staff.account_id), begun.text
        assert begun.json["confirmed_by"] == second.account_id
    assert until_complete(staff, event.event_id, begun.json["job_id"])["progress"]["done"] == 2


def test_the_preview_leaves_out_what_refunds_of_a_part_have_kept(staff: Account) -> None:
    event, category, (order,) = sold(3)
    by_card, stream = [buy_by_card(category) for _ in range(2)], StreamReader()
    settled.give_back(order, 0, amount="500.00")
    settled.give_back(order, 1)
    settled.give_back(by_card[0], amount="0.01")
    while stream.drain():
        pass
    shown = preview(staff, event.event_id)
    assert (shown["tickets"], shown["total"]) == (2, rupees("3000.00"))
    assert {way["provider"]: way["amount"]["amount"] for way in shown["ways"]} == {
        "sandbox": "1500.00",
        "wallet": "1500.00",
    }
    job_id = confirmed(staff, event.event_id).json["job_id"]
    counts = until_complete(staff, event.event_id, job_id)["progress"]
    assert (counts["paid"], counts["refunded"], counts["kept"]) == (
        rupees("7500.00"),
        rupees("5000.01"),
        rupees("2499.99"),
    )


def test_one_that_nobody_confirmed_in_a_day_is_none_and_who_asked_may_ask_again(staff: Account) -> None:
    event, _, _ = sold(2)
    path = f"/api/events/{event.event_id}/cancellation/"
    with configured(SECOND_PERSON_OVER="PKR:299999"):
        assert confirmed(staff, event.event_id).json["status"] == "awaiting_second"
        asked_at = clock.now()
        with clock.set_to(asked_at + timedelta(hours=23, minutes=59)):
            assert call("GET", path, token=_token(staff)).json["status"] == "awaiting_second"
        with clock.set_to(asked_at + timedelta(hours=24)):
            lapsed = call("GET", path, token=_token(staff))
            assert (lapsed.status, "Ask for it again" in lapsed.text) == (404, True)
            assert confirmed(staff, event.event_id).json["status"] == "awaiting_second"
            assert call("GET", path, token=_token(staff)).json["status"] == "awaiting_second"
            assert confirmed(make_staff(), event.event_id).json["status"] == "running"


def test_refunds_wait_for_the_provider_s_balance_and_go_on_by_themselves(staff: Account) -> None:
    event, _, orders = sold(2, 2)
    sandbox.set_balance("PKR", 300_000)
    (way,) = preview(staff, event.event_id)["ways"]
    assert (way["balance"], way["lacks"]) == (rupees("3000.00"), rupees("3000.00"))
    begun = confirmed(staff, event.event_id)
    job_id = begun.json["job_id"]
    shown = until_complete(staff, event.event_id, job_id, passes=3)
    assert shown["status"] == "running"
    counts = shown["progress"]
    assert (counts["done"], counts["waiting"], counts["reasons"]) == (2, 2, {"provider_funds": 2})
    assert (counts["refunded"], counts["pending"]) == (rupees("6000.00"), rupees("3000.00"))
    assert {problem["reason"] for problem in counts["problems"]} == {"provider_funds"}
    assert states(orders) == ["refunded"] * 4
    blocked = call("PUT", f"/api/events/{event.event_id}/", {"status": "archived"}, token=_token(staff))
    assert blocked.code == "INVALID_STATE"
    sandbox.set_balance("PKR", 300_000)
    with clock.set_to(clock.now() + timedelta(hours=2)):
        done = until_complete(staff, event.event_id, job_id)
    assert (done["status"], done["progress"]["done"]) == ("complete", 4)
    assert sandbox.Sandbox().balance("PKR") == 0
    assert payers.balances()[account_names.clearing("sandbox")] == 0


def test_tickets_that_customers_returned_are_refunded_once(staff: Account) -> None:
    event, _, (order, other) = sold(2, 2)
    ids = [line["ticket_id"] for line in order.tickets]
    refund_requests.ask(order.customer_id, ids[0], reason="Ill", operation_id=new_id("op"))
    asked = refund_requests.ask(order.customer_id, ids[1], reason="Ill", operation_id=new_id("op"))
    stream = StreamReader()
    stream.skip()
    refunds.approve(asked.ticket_id, asked.refund_id, by="adm_1")
    stream.drain()
    begun = confirmed(staff, event.event_id)
    late = refund_requests.ask(other.customer_id, other.tickets[0]["ticket_id"], reason="x", operation_id=new_id("op"))
    done = until_complete(staff, event.event_id, begun.json["job_id"])
    assert (done["progress"]["done"], done["progress"]["refunded"]) == (4, rupees("6000.00"))
    assert len(requests_of(event.event_id)) == 4
    assert refunds.get(late.ticket_id, late.refund_id).status == "refunded"
    assert payers.balances()[account_names.clearing("sandbox")] == 0


def test_a_ticket_is_void_at_the_gate_at_once_and_a_used_one_is_refunded_too(staff: Account) -> None:
    event, category = make_show(starts_at=clock.now(), ends_at=clock.now() + timedelta(hours=4))
    stream, order = StreamReader(), buy(category, 2)
    stream.drain()
    usher = usher_token(event)
    used, unused = (line["ticket_id"] for line in order.tickets)

    def scan(ticket_id: str) -> Any:
        body = {"ticket_id": ticket_id, "scan_id": new_id("x"), "direction": "entry"}
        return call("POST", "/api/usher/scan/result/", body, token=usher).json

    assert scan(used)["result"] == "valid"
    begun = confirmed(staff, event.event_id)
    assert scan(unused)["result"] == "invalid"
    done = until_complete(staff, event.event_id, begun.json["job_id"])
    assert (done["progress"]["done"], states([order])) == (2, ["refunded"] * 2)
    assert tickets.get(used).admission is not None
    assert gate_control.REFRESH_SECONDS <= 10


def test_without_refunds_the_money_is_kept_and_the_tickets_are_void(staff: Account) -> None:
    event, _, orders = sold(2)
    asked = orders[0].tickets[0]["ticket_id"]
    refund_requests.ask(orders[0].customer_id, asked, reason="Ill", operation_id=new_id("op"))
    begun = confirmed(staff, event.event_id, refund="none", notify=False)
    done = until_complete(staff, event.event_id, begun.json["job_id"])
    counts = done["progress"]
    assert (done["status"], counts["done"], counts["failed"], counts["reasons"]) == (
        "complete",
        1,
        1,
        {"refund_requested": 1},
    )
    assert (counts["paid"], counts["refunded"], counts["kept"]) == (
        rupees("3000.00"),
        rupees("0.00"),
        rupees("3000.00"),
    )
    assert states(orders) == ["cancelled", "valid"]
    stream = StreamReader()
    stream.drain()
    assert payers.all_raws("notice_run") == []


def test_without_refunds_what_staff_answer_after_the_run_is_counted_and_a_refused_ticket_is_void(
    staff: Account,
) -> None:
    event, _, orders = sold(1, 1, 1)
    stream, asked = StreamReader(), []
    for order in orders[:2]:
        ticket_id = order.tickets[0]["ticket_id"]
        asked.append(refund_requests.ask(order.customer_id, ticket_id, reason="Ill", operation_id=new_id("op")))
    stream.skip()
    job_id = confirmed(staff, event.event_id, refund="none").json["job_id"]
    assert until_complete(staff, event.event_id, job_id)["progress"]["reasons"] == {"refund_requested": 2}
    for request, decision in zip(asked, ("reject", "approve"), strict=True):
        body = {"decision": decision, "note": "Read."}
        assert call("PUT", f"/api/refund-requests/{request.refund_id}/", body, token=_token(staff)).status == 200
    while stream.drain():
        pass
    with clock.set_to(clock.now() + timedelta(hours=3)):
        done = until_complete(staff, event.event_id, job_id)
    counts = done["progress"]
    assert (done["status"], counts["done"], counts["failed"], counts["reasons"]) == ("complete", 3, 0, {})
    assert (counts["paid"], counts["refunded"], counts["kept"]) == (
        rupees("4500.00"),
        rupees("1500.00"),
        rupees("3000.00"),
    )
    assert [states([order]) for order in orders] == [["cancelled"], ["refunded"], ["cancelled"]]


def test_a_refund_that_staff_approve_while_a_slice_runs_is_counted_and_paid_once(staff: Account) -> None:
    event, _, (order,) = sold(2)
    first, second = (line["ticket_id"] for line in order.tickets)
    asked = refund_requests.ask(order.customer_id, second, reason="Ill", operation_id=new_id("op"))
    begun = confirmed(staff, event.event_id)

    def approve() -> None:
        refunds.approve(asked.ticket_id, asked.refund_id, by="adm_1")

    # The slice has read the payment, which this changes.
    with meanwhile.before("TransactWriteItems", approve, matches=meanwhile.changing(keys.tickets.ticket(first))):
        one_pass(begun.json["job_id"])
    done = until_complete(staff, event.event_id, begun.json["job_id"])
    assert (done["progress"]["done"], done["progress"]["refunded"]) == (2, rupees("3000.00"))
    assert len(requests_of(event.event_id)) == 2
    assert payers.balances()[account_names.clearing("sandbox")] == 0


def test_a_ticket_that_is_returned_while_it_becomes_void_is_left_to_staff(staff: Account) -> None:
    event, _, (order,) = sold(1)
    ticket_id = order.tickets[0]["ticket_id"]
    begun = confirmed(staff, event.event_id, refund="none")

    def ask() -> None:
        refund_requests.ask(order.customer_id, ticket_id, reason="Ill", operation_id=new_id("op"))

    with meanwhile.before("TransactWriteItems", ask, matches=meanwhile.changing(keys.tickets.ticket(ticket_id))):
        one_pass(begun.json["job_id"])
    assert progress(staff, event.event_id)["progress"]["reasons"] == {"refund_requested": 1}
    assert states([order]) == ["valid"]


def test_a_repeated_step_counts_once(staff: Account) -> None:
    event, _, _ = sold(2)
    make_ticket(event)
    begun = confirmed(staff, event.event_id)
    for _ in range(3):
        one_pass(begun.json["job_id"])
        pay_back(event.event_id)
    assert progress(staff, event.event_id)["progress"]["total"] == 2


def test_what_becomes_of_disputes_and_failed_refunds_after_the_run_is_counted_too(staff: Account) -> None:
    event, _, (disputed, failed) = sold(1, 1)
    stream = StreamReader()
    taken_back.tell(disputed, 150_000, MoveWord.OPENED)
    begun = confirmed(staff, event.event_id)

    def counted() -> tuple[Any, ...]:
        taken_back.project_all(stream)
        shown = until_complete(staff, event.event_id, begun.json["job_id"])
        counts = shown["progress"]
        assert (shown["status"], counts["refunded"], counts["kept"]) == ("complete", rupees("3000.00"), rupees("0.00"))
        return counts["done"], counts["waiting"], counts["failed"], counts["reasons"], counts["pending"]["amount"]

    assert counted() == (1, 1, 0, {"disputed": 1}, "1500.00")
    taken_back.fail_refund(failed)
    assert counted() == (0, 1, 1, {"disputed": 1, "refund_failed": 1}, "3000.00")
    body = {"ids": [failed.payment_id], "action": "pay_back"}
    assert call("POST", "/api/finances/unclaimed/", body, token=_token(staff)).status == 200
    assert counted() == (1, 1, 0, {"disputed": 1}, "1500.00")
    taken_back.tell(disputed, 150_000, MoveWord.WON)
    assert counted() == (2, 0, 0, {}, "0.00")
    assert payers.balances()[account_names.clearing("sandbox")] == 0


def test_a_dispute_that_ends_while_the_run_completes_is_counted_in_another_pass(staff: Account) -> None:
    event, _, (order,) = sold(1)
    stream = StreamReader()
    taken_back.tell(order, 150_000, MoveWord.OPENED)
    begun = confirmed(staff, event.event_id)
    taken_back.project_all(stream)

    def end() -> None:
        taken_back.tell(order, 150_000, MoveWord.WON)
        taken_back.project_all(stream)

    of_run = meanwhile.changing(keys.cancellations.run(begun.json["job_id"]))
    # Only its completion changes the event too.
    with meanwhile.before(
        "TransactWriteItems", end, matches=lambda sent: of_run(sent) and len(sent["TransactItems"]) > 1
    ):
        done = until_complete(staff, event.event_id, begun.json["job_id"])
    assert (done["progress"]["done"], done["progress"]["waiting"]) == (1, 0)


@pytest.mark.parametrize("refund", ["all", "none"])
def test_customers_hear_of_a_cancellation_that_voids_their_tickets_before_the_notices_start(
    staff: Account, refund: str
) -> None:
    event, category = make_show(organizer_id=make_organizer().account_id)
    stream, kept, given_back = StreamReader(), buy(category, 2), buy(category)
    notices.carry(stream)
    _refund(given_back)
    notices.carry(stream)
    # This sale, its cancellation and its refund come in one batch of the stream.
    last = buy(category)
    begun = confirmed(staff, event.event_id, refund=refund, notify=True)
    until_complete(staff, event.event_id, begun.json["job_id"])
    assert "valid" not in states([kept, last])
    archived = call("PUT", f"/api/events/{event.event_id}/", {"status": "archived"}, token=_token(staff))
    assert archived.status == 200
    notices.carry(stream, times=2)
    earlier = notices.received()
    (job_id,) = notices.due_runs(event.event_id)
    notices.run(job_id)
    notices.send_waiting()
    new = [sent.to for sent in notices.received()[len(earlier) :] if "cancelled" in sent.body]
    numbers = [accounts.get(order.customer_id).mobile_number for order in (kept, last)]
    assert sorted(new) == sorted(map(str, numbers))


def _refund(order: Order) -> None:
    ticket_id = order.tickets[0]["ticket_id"]
    asked = refund_requests.ask(order.customer_id, ticket_id, reason="Ill.", operation_id=new_id("op"))
    refunds.approve(ticket_id, asked.refund_id, by="adm_1")


@pytest.mark.parametrize("is_asked_for", [False, True], ids=["held", "asked back"])
def test_who_paid_for_a_ticket_and_handed_it_on_hears_of_its_refund_once(staff: Account, is_asked_for: bool) -> None:
    event, category = make_show(organizer_id=make_organizer().account_id)
    stream, order, taker = StreamReader(), buy(category), make_customer()
    ticket_id, payer = order.tickets[0]["ticket_id"], accounts.get(order.customer_id)
    body = {"mobile_number": taker.mobile_number}
    path = f"/api/v1/users/tickets/{ticket_id}/transfer/"
    assert call("POST", path, body, token=customer_token(payer)).status == 200
    if is_asked_for:
        refund_requests.ask(taker.account_id, ticket_id, reason="Ill.", operation_id=new_id("op"))
    notices.carry(stream)
    before = len(notices.received())
    begun = confirmed(staff, event.event_id, refund="all", notify=True)
    until_complete(staff, event.event_id, begun.json["job_id"])
    notices.carry(stream, times=2)
    (job_id,) = notices.due_runs(event.event_id)
    notices.run(job_id)
    notices.send_waiting()
    (paid_back,), (called_off,) = (
        [one for one in notices.received()[before:] if one.to == to]
        for to in (payer.mobile_number, taker.mobile_number)
    )
    assert "PKR 1,500.00 was paid back" in paid_back.body
    assert "is cancelled" in called_off.body


@pytest.mark.parametrize("is_asked_for", [False, True], ids=["held", "asked back"])
def test_customers_of_an_event_that_is_cancelled_without_notices_hear_of_their_money(
    staff: Account, is_asked_for: bool
) -> None:
    event, category = make_show(organizer_id=make_organizer().account_id)
    stream, order = StreamReader(), buy(category)
    if is_asked_for:
        ticket_id = order.tickets[0]["ticket_id"]
        refund_requests.ask(order.customer_id, ticket_id, reason="Ill.", operation_id=new_id("op"))
    notices.carry(stream)
    before = len(notices.received())
    begun = confirmed(staff, event.event_id, refund="all", notify=False)
    until_complete(staff, event.event_id, begun.json["job_id"])
    notices.carry(stream, times=2)
    assert notices.due_runs(event.event_id) == []
    (paid_back,) = notices.received()[before:]
    assert paid_back.to == accounts.get(order.customer_id).mobile_number
    assert "PKR 1,500.00 was paid back" in paid_back.body


@pytest.mark.parametrize("refund", ["all", "none"])
def test_the_code_says_what_was_paid_and_nothing_of_what_is_given_back(staff: Account, refund: str) -> None:
    event, _, _ = sold(1)
    texts()
    preview(staff, event.event_id, refund=refund)
    (text,) = [each["body"] for each in texts() if each["to"] == staff.login]
    assert f'CANCELS the event "{event.title}", for which PKR 1500.00 was paid.' in text
    assert "back" not in text
