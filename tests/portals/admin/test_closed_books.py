"""Acts of staff on an event whose books are closed: nothing is paid twice, and no sale is left without a settlement."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.ledger import account_names
from chalicelib.domain.payments import repayments
from chalicelib.table.items import Account, Event
from tests.support import paid_out, payers, settled
from tests.support.cancelled import confirmed, make_staff, one_pass, pay_back, preview, progress, send
from tests.support.client import Answer, call
from tests.support.codes import code_for
from tests.support.factories import admin_token, make_organizer
from tests.support.streams import StreamReader
from tests.support.taken_back import project_all

pytestmark = pytest.mark.usefixtures("moto_cloud")
PRICE, NET = 150_000, 142_500


@pytest.fixture
def staff() -> Account:
    return make_staff()


def sold(stream: StreamReader, count: int = 1) -> tuple[Event, list[Any]]:
    event, standard, _ = settled.make_evening(make_organizer())
    orders = [settled.buy(standard) for _ in range(count)]
    project_all(stream)
    return event, orders


def carry_out(event: Event, job_id: str) -> None:
    """Refund what is sold, in the passes of its job: the last one begins a minute after the cancellation."""
    for number in range(3):
        with clock.set_to(clock.now() + number * timedelta(minutes=20)):
            one_pass(job_id)
            pay_back(event.event_id)


def change(event: Event, **times: datetime) -> Answer:
    body = {name: clock.to_text(at) for name, at in times.items()}
    return call("PUT", f"/api/events/{event.event_id}/", body, token=admin_token())


def test_an_event_whose_payout_is_due_is_not_refunded_as_well(staff: Account) -> None:
    stream = StreamReader()
    event, _ = sold(stream)
    with settled.after(event):
        body = {"dry_run": False, "reason": "Rain.", "expected_total": preview(staff, event.event_id)["total"]}
        body["confirm_code"] = code_for(staff.login)
        closed = paid_out.close(event.event_id, paid_out.staff()).json
        refused = send(staff, event.event_id, body)
        assert (refused.status, refused.code) == (409, "INVALID_STATE"), refused.text
        assert closed["payout_id"] in refused.text
        assert send(staff, event.event_id, {"dry_run": True}).code == "INVALID_STATE"
        assert send(staff, event.event_id, {"dry_run": True, "refund": "none"}).status == 200
        assert paid_out.act(closed["payout_id"], "cancel", paid_out.staff()).status == 200
        begun = send(staff, event.event_id, body)
        assert begun.status < 300, begun.text
        carry_out(event, begun.json["job_id"])
        assert paid_out.create(closed["id"], paid_out.staff()).code == "INVALID_STATE"
    assert payers.balances()[account_names.clearing("sandbox")] == 0


def test_an_event_moves_until_its_books_are_closed() -> None:
    stream = StreamReader()
    event, _ = sold(stream)
    with settled.after(event):
        later = {"starts_at": clock.now() + timedelta(days=7), "ends_at": clock.now() + timedelta(days=7, hours=4)}
        assert paid_out.close(event.event_id, paid_out.staff()).status == 201
        refused = change(event, **later)
        assert (refused.status, refused.code) == (409, "INVALID_STATE"), refused.text
    other, _ = sold(stream)
    with settled.after(other):
        assert change(other, **later).status == 200
        assert paid_out.close(other.event_id, paid_out.staff()).code == "INVALID_STATE"


@pytest.mark.parametrize("kept", ["a part", "a ticket"])
def test_the_books_of_a_cancelled_event_close_over_what_was_kept_before(staff: Account, kept: str) -> None:
    stream = StreamReader()
    event, (order, _) = sold(stream, 2)
    ticket_id = order.tickets[0]["ticket_id"]
    if kept == "a part":
        given = settled.give_back(order, amount="1000.00")
        assert repayments.pay_back(given.ticket_id, given.refund_id)
    else:
        version = call("GET", f"/api/tickets/{ticket_id}/", token=admin_token()).json["version"]
        body = {"status": "cancelled", "reason": "Fraud", "version": version}
        assert call("PUT", f"/api/tickets/{ticket_id}/", body, token=admin_token()).status == 200
    project_all(stream)
    begun = confirmed(staff, event.event_id)
    with settled.after(event):
        assert paid_out.close(event.event_id, paid_out.staff()).code == "INVALID_STATE"
    carry_out(event, begun.json["job_id"])
    assert progress(staff, event.event_id)["status"] == "complete"
    project_all(stream)
    with settled.after(event):
        closed = paid_out.close(event.event_id, paid_out.staff())
    assert closed.status == 201, closed.text
    assert closed.json["net"]["amount"] == {"a part": "475.00", "a ticket": "1425.00"}[kept]


def test_an_event_whose_books_are_closed_stays_with_the_organizer_whose_payout_it_is() -> None:
    stream = StreamReader()
    event, _ = sold(stream)
    other, path = make_organizer(), f"/api/events/{event.event_id}/"
    given = {"organizer_id": other.account_id}
    with settled.after(event):
        assert paid_out.close(event.event_id, paid_out.staff()).status < 300
        refused = call("PUT", path, given, token=admin_token())
        assert (refused.status, refused.code) == (409, "INVALID_STATE"), refused.text
        assert "books" in refused.text
        assert call("PUT", path, {"featured": True}, token=admin_token()).status == 200
    assert call("GET", path, token=admin_token()).json["organizer_id"] == event.organizer_id
