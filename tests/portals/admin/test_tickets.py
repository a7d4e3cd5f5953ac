"""Tickets at the staff's desk: corrected, cancelled, checked in by hand, transferred and sent again."""

from typing import Any

import pytest

from chalicelib.domain.events import categories
from chalicelib.domain.tickets import tickets
from chalicelib.domain.tickets.tickets import Holder, TicketToIssue
from chalicelib.table.items import Account, Ticket
from chalicelib.vocabulary.access import AdminRole
from tests.portals.webapp.evening import Evening, make_evening
from tests.support import purchases
from tests.support.client import Answer, call
from tests.support.factories import admin_token, customer_token, make_customer, scan_id
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")


@pytest.fixture
def evening() -> Evening:
    return make_evening()


@pytest.fixture
def customer() -> Account:
    return make_customer()


def send(ticket: Ticket, what: str, body: dict[str, Any], *, role: AdminRole = AdminRole.SUPPORT) -> Answer:
    return call("POST", f"/api/tickets/{ticket.ticket_id}/{what}/", body, token=admin_token(role))


def change(ticket: Ticket, **body: Any) -> Answer:
    sent = {"reason": "Asked by phone.", "version": 1, **body}
    return call("PUT", f"/api/tickets/{ticket.ticket_id}/", sent, token=admin_token(AdminRole.ADMIN))


def test_a_corrected_name_is_found_at_the_gate_and_a_stale_version_is_refused(
    evening: Evening, customer: Account
) -> None:
    stream, ticket = StreamReader(), evening.sell(customer)
    changed = change(ticket, holder_name="Zainab Malik", labels=["VIP"]).json
    assert (changed["holder_name"], changed["labels"], changed["version"]) == ("Zainab Malik", ["VIP"], 2)
    while stream.drain():
        pass
    stored = tickets.get(ticket.ticket_id)
    assert stored.gsi1sk is not None
    assert stored.gsi1sk.startswith("zainab")
    stale = change(ticket, holder_name="Another")
    assert (stale.status, stale.code) == (409, "CONFLICT")
    assert tickets.get(ticket.ticket_id).holder_name == "Zainab Malik"
    listed = call("GET", f"/api/tickets/?search={ticket.number}&scan_status=not_scanned", token=admin_token()).json
    assert [(one["id"], one["holder_name"]) for one in listed["results"]] == [(ticket.ticket_id, "Zainab Malik")]


def test_tickets_are_found_by_the_status_that_the_list_shows(evening: Evening, customer: Account) -> None:
    stream, used, valid = StreamReader(), evening.sell(customer), evening.sell(customer)
    assert send(used, "check-in", {"scan_id": scan_id()}).json["result"] == "valid"
    while stream.drain():
        pass
    for status, expected in {"used": used, "valid": valid}.items():
        listed = call("GET", f"/api/tickets/?status={status}", token=admin_token()).json["results"]
        assert [(one["id"], one["status"]) for one in listed] == [(expected.ticket_id, status)]


def test_a_cancelled_ticket_leaves_room_for_another_within_the_limit(evening: Evening, customer: Account) -> None:
    draft = categories.CategoryDraft(name="Box", price=150_000, capacity=5, per_order_limit=1)
    box = categories.add(evening.event.event_id, draft)
    order = purchases.book(customer, box)
    purchases.pay(order)

    def book() -> Answer:
        body = {"event_id": box.event_id, "items": [{"category_id": box.category_id, "quantity": 1}]}
        return call("POST", "/api/v1/tickets/book/", body, token=customer_token(customer))

    assert book().code == "CONFLICT"
    assert change(tickets.get(order.tickets[0]["ticket_id"]), status="cancelled").status == 200
    assert book().status == 201
    assert book().code == "CONFLICT"


def test_a_ticket_that_was_issued_to_nobody_is_transferred_to_a_customer(evening: Evening, customer: Account) -> None:
    order = TicketToIssue(event_id=evening.event.event_id, holder=Holder(name="Guest"), number="A-2")
    ticket = tickets.issue(order)
    body = {"mobile_number": customer.mobile_number, "reason": "Asked by phone."}
    moved = send(ticket, "transfer", body)
    assert moved.status == 200, moved.text
    listed = call("GET", "/api/v1/users/tickets/", token=customer_token(customer)).json["results"]
    assert [(one["id"], one["holder"]["name"]) for one in listed] == [(ticket.ticket_id, customer.name)]


def test_a_cancelled_ticket_opens_no_gate_and_no_other_status_is_set_by_hand(
    evening: Evening, customer: Account
) -> None:
    ticket = evening.sell(customer)
    for wrong in ("refunded", "transferred", "valid"):
        refused = change(ticket, status=wrong)
        assert (refused.status, refused.code) == (409, "INVALID_STATE")
        assert "valid" in refused.text
    assert change(ticket, status="cancelled").json["status"] == "cancelled"
    assert evening.scan(ticket_id=ticket.ticket_id) == ("invalid", "cancelled")
    assert change(ticket, status="cancelled", version=3).code == "INVALID_STATE"


def test_a_check_in_by_hand_is_one_scan_by_the_rule_of_the_gates(evening: Evening, customer: Account) -> None:
    ticket, body = evening.sell(customer), {"scan_id": scan_id(), "gate": "Gate 1", "note": "The reader was broken."}
    token = admin_token(AdminRole.SUPPORT)
    path = f"/api/tickets/{ticket.ticket_id}/check-in/"
    first, again = (call("POST", path, body, token=token).json for _ in range(2))
    assert (first["result"], first) == ("valid", again)
    assert evening.scan(ticket_id=ticket.ticket_id)[0] == "already_scanned"
    stored = tickets.get(ticket.ticket_id).admission
    assert stored is not None
    assert (stored.source, stored.gate) == ("manual", "Gate 1")
    assert call("POST", path, {"scan_id": scan_id()}, token=token).json["result"] == "already_scanned"


def test_a_ticket_is_transferred_for_its_customer_and_sent_again_without_a_change(
    evening: Evening, customer: Account
) -> None:
    ticket, taker = evening.sell(customer), make_customer(name="Bilal")
    again = send(ticket, "transfer", {"resend": True})
    assert (again.status, again.json["customer_id"], again.json["version"]) == (200, customer.account_id, 1)
    assert send(ticket, "transfer", {"reason": "x"}).status == 400
    moved = send(ticket, "transfer", {"mobile_number": taker.mobile_number, "reason": "Asked by phone."}).json
    assert (moved["customer_id"], moved["holder_name"], moved["version"]) == (taker.account_id, "Bilal", 2)
    assert evening.scan(qr=tickets.code(ticket)) == ("invalid", "stale_credential")
    refused = send(ticket, "transfer", {"resend": True})
    assert (refused.status, refused.code) == (409, "INVALID_STATE")
