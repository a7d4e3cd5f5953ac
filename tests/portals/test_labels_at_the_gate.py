"""Labels that staff gave a customer: a scan shows them as a look-up does, by card and by code."""

import pytest

from chalicelib import clock
from chalicelib.domain.cards import cards
from chalicelib.domain.cards.cards import CardRegistration
from chalicelib.domain.tickets import tickets
from chalicelib.domain.tickets.tickets import Holder, TicketToIssue
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Event, Ticket
from tests.support import snapshots
from tests.support.client import call
from tests.support.factories import (
    admin_token,
    customer_token,
    make_customer,
    make_event,
    make_reader,
    scan_id,
    usher_token,
)
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
UID = "04A1A2A3A4A5A6"


def issued(event: Event, customer: Account, number: str, *, dependent_id: str | None = None) -> Ticket:
    holder = Holder(name="Ayesha Khan", customer_id=customer.account_id, dependent_id=dependent_id)
    return tickets.issue(TicketToIssue(event_id=event.event_id, holder=holder, number=number))


def label(customer: Account, *labels: str) -> None:
    path, staff = f"/api/customers/{customer.account_id}/", admin_token()
    version = call("GET", path, token=staff).json["version"]
    assert call("PUT", path, {"labels": list(labels), "version": version}, token=staff).status == 200


def shown(token: str, **presented: str) -> list[str]:
    answer = call("POST", "/api/usher/scan/result/", {"scan_id": scan_id(), **presented}, token=token).json
    return list(answer["attendee"]["labels"])


def labels_of(ticket: Ticket, token: str) -> list[str]:
    """Return the labels that a scan by the ticket's code shows."""
    stored = operations.get(keys.tickets.ticket(ticket.ticket_id))
    assert stored is not None
    return shown(token, qr=tickets.code(stored))


def test_a_scan_shows_the_labels_of_the_customer_in_person_and_of_the_ticket() -> None:
    event, customer, stream = make_event(), make_customer(), StreamReader()
    own, child = issued(event, customer, "A-1"), issued(event, customer, "A-2", dependent_id="dpd_1")
    cards.register(
        CardRegistration(uid=UID, customer_id=customer.account_id, tickets={event.event_id: [own.ticket_id]})
    )
    stream.drain()
    own_labels = [Ticket.labels.set(["front row", "vip"])]
    operations.record(operations.change(keys.tickets.ticket(own.ticket_id), own_labels))
    label(customer, "vip", "hard of hearing")
    stream.drain()
    later, token = issued(event, customer, "A-3"), usher_token(event)
    stream.drain()
    expected = ["vip", "hard of hearing", "front row"]
    assert labels_of(own, token) == expected
    assert shown(token, card_id=UID) == expected  # a repeat, with the same answer
    assert call("GET", f"/api/usher/scan/attendee/{UID}/", token=token).json["labels"] == expected
    assert labels_of(later, token) == ["vip", "hard of hearing"]
    assert labels_of(child, token) == []
    reader = make_reader(event)
    now = clock.to_text(clock.now())
    body = {"taps": [{"scan_id": scan_id(), "uid": UID, "scanned_at": now}], "device_time": now}
    assert call("POST", "/api/device/taps/", body, token=reader.token()).json["results"][0]["attendee"]["labels"] == (
        expected
    )
    label(customer)
    stream.drain()
    assert labels_of(own, token) == ["front row", "vip"]


def test_a_ticket_that_is_given_away_has_the_labels_of_its_new_customer() -> None:
    event, stream = make_event(), StreamReader()
    giver, taker = make_customer(mobile_number="+923001110001"), make_customer(mobile_number="+923001110002")
    label(giver, "crew")
    label(taker, "wheelchair")
    ticket, stays = issued(event, giver, "A-1"), issued(event, giver, "A-2")
    stream.drain()
    path, to = f"/api/v1/users/tickets/{ticket.ticket_id}/transfer/", {"mobile_number": taker.mobile_number}
    given = call("POST", path, to, token=customer_token(giver), headers={"Idempotency-Key": "given-away"})
    assert given.status == 200, given.text
    token = usher_token(event)
    assert labels_of(ticket, token) == ["wheelchair"]
    stream.drain()
    label(giver, "crew", "speaker")
    stream.drain()
    with snapshots.fed(event.event_id):
        found = call("GET", "/api/usher/sync/attendees/", token=token).json["results"]
    assert {each["ticket_id"]: each["labels"] for each in found} == {
        ticket.ticket_id: ["wheelchair"],
        stays.ticket_id: ["crew", "speaker"],
    }
    assert labels_of(stays, token) == ["crew", "speaker"]
