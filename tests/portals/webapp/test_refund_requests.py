"""An owner's refund requests: one at a time, before the deadline, and never after a scan."""

import uuid
from datetime import timedelta

import pytest

from chalicelib import clock
from chalicelib.domain.tickets import tickets
from chalicelib.table.items import Account, RefundRequest, Ticket
from chalicelib.vocabulary.events import EventStatus
from chalicelib.vocabulary.tickets import TicketStatus
from tests.portals.webapp.evening import Evening, ask, beside, forget_answers, make_evening, raw_ticket
from tests.support import event_states, purchases
from tests.support.client import Answer
from tests.support.factories import make_ticket

pytestmark = pytest.mark.usefixtures("moto_cloud")


def give_back(customer: Account, ticket: Ticket, *, key: str | None = None, reason: str = "I fell ill.") -> Answer:
    return ask(customer, "POST", f"{ticket.ticket_id}/refund-request/", {"reason": reason}, key=key)


def requests(ticket: Ticket) -> list[RefundRequest]:
    return [one for one in beside(ticket.ticket_id, "REFUND#") if isinstance(one, RefundRequest)]


def test_a_request_asks_for_what_was_paid_and_holds_the_ticket(evening: Evening, ayesha: Account) -> None:
    ticket = evening.sell(ayesha)
    answer = give_back(ayesha, ticket)
    assert answer.status == 201
    assert {name: answer.json[name] for name in ("status", "amount", "ticket_id")} == {
        "status": "pending",
        "amount": {"amount": "1500.00", "currency": "PKR"},
        "ticket_id": ticket.ticket_id,
    }
    (stored,) = requests(ticket)
    assert (stored.refund_id, stored.reason, stored.amount) == (answer.json["id"], "I fell ill.", 150_000)
    assert tickets.get(ticket.ticket_id).pledge == stored.refund_id


def test_one_request_is_open_per_ticket(evening: Evening, ayesha: Account, bilal: Account) -> None:
    ticket = evening.sell(ayesha)
    give_back(ayesha, ticket)
    before = raw_ticket(ticket.ticket_id)
    assert give_back(ayesha, ticket).code == "CONFLICT"
    for path in ("transfer", "gift"):
        body = {"mobile_number": bilal.mobile_number}
        assert ask(ayesha, "POST", f"{ticket.ticket_id}/{path}/", body).code == "CONFLICT"
    assert len(requests(ticket)) == 1
    assert raw_ticket(ticket.ticket_id) == before


def test_the_ticket_opens_the_gate_until_the_request_is_answered(evening: Evening, ayesha: Account) -> None:
    ticket = evening.sell(ayesha)
    give_back(ayesha, ticket)
    assert evening.scan(qr=tickets.code(ticket)) == ("valid", None)


def test_a_scanned_ticket_is_not_given_back(evening: Evening, ayesha: Account) -> None:
    ticket = evening.sell(ayesha)
    evening.scan(ticket_id=ticket.ticket_id)
    assert give_back(ayesha, ticket).code == "INVALID_STATE"
    assert requests(ticket) == []


@pytest.mark.parametrize(("before_start", "status"), [(25, 201), (23, 409)])
def test_a_ticket_is_given_back_until_a_day_before_the_start(ayesha: Account, before_start: int, status: int) -> None:
    starts_at = clock.now() + timedelta(hours=before_start)
    evening = make_evening(starts_at=starts_at, ends_at=starts_at + timedelta(hours=3))
    assert give_back(ayesha, evening.sell(ayesha)).status == status


@pytest.mark.parametrize(("minutes", "status"), [(1, 201), (-1, 409)])
def test_an_event_may_set_its_own_deadline(evening: Evening, ayesha: Account, minutes: int, status: int) -> None:
    ticket = evening.sell(ayesha)
    event_states.store(evening.event.event_id, refunds_until=clock.now() + timedelta(minutes=minutes))
    answer = give_back(ayesha, ticket)
    assert answer.status == status
    assert len(requests(ticket)) == (status == 201)


def test_what_was_not_paid_is_not_given_back(evening: Evening, ayesha: Account) -> None:
    reserved = purchases.book(ayesha, evening.category).tickets[0]["ticket_id"]
    assert ask(ayesha, "POST", f"{reserved}/refund-request/", {"reason": "ill"}).code == "INVALID_STATE"


def test_a_ticket_of_a_moved_event_may_be_returned_until_it_starts_and_later_ones_as_usual(ayesha: Account) -> None:
    evening = make_evening()
    ticket = evening.sell(ayesha)
    soon = clock.now() + timedelta(hours=3)
    event_states.change(
        evening.event.event_id, starts_at=soon, ends_at=soon + timedelta(hours=2), scanning_opens_at=clock.now()
    )
    later = evening.sell(ayesha)
    assert give_back(ayesha, later).code == "INVALID_STATE"
    with clock.set_to(soon + timedelta(minutes=1)):
        assert give_back(ayesha, ticket).code == "INVALID_STATE"
    assert give_back(ayesha, ticket).status == 201


def test_a_ticket_of_a_cancelled_event_has_no_deadline(evening: Evening, ayesha: Account) -> None:
    ticket = evening.sell(ayesha)
    event_states.store(evening.event.event_id, refunds_until=clock.now() - timedelta(hours=1))
    assert give_back(ayesha, ticket).code == "INVALID_STATE"
    event_states.put_into(evening.event.event_id, EventStatus.CANCELLED)
    assert give_back(ayesha, ticket).status == 201


def test_a_dead_ticket_is_not_given_back(evening: Evening, ayesha: Account) -> None:
    ticket = evening.sell(ayesha)
    tickets.set_status(ticket.ticket_id, TicketStatus.CANCELLED)
    assert give_back(ayesha, ticket).code == "INVALID_STATE"


def test_nobody_gives_anothers_ticket_back(evening: Evening, ayesha: Account, bilal: Account) -> None:
    assert give_back(bilal, evening.sell(ayesha)).status == 404
    assert give_back(bilal, make_ticket(evening.event)).status == 404


def test_a_reason_is_needed(evening: Evening, ayesha: Account) -> None:
    answer = give_back(ayesha, evening.sell(ayesha), reason="  ")
    assert (answer.status, answer.json["error"]["details"][0]["field"]) == (400, "reason")


def test_the_same_key_asks_once_also_after_it_was_forgotten(evening: Evening, ayesha: Account) -> None:
    ticket, key = evening.sell(ayesha), uuid.uuid4().hex
    first = give_back(ayesha, ticket, key=key)
    again = give_back(ayesha, ticket, key=key)
    assert (again.text, again.headers["idempotent-replayed"]) == (first.text, "true")
    assert give_back(ayesha, ticket, key=key, reason="another").status == 422
    forget_answers()
    assert give_back(ayesha, ticket, key=key).text == first.text
    assert len(requests(ticket)) == 1
