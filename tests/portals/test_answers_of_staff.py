"""What staff answer reaches who asked: a draft, an edit request, a refund; once, with the note, on mail or SMS."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

import app
from chalicelib import clock
from chalicelib.domain.background import changes
from chalicelib.domain.events import venues
from chalicelib.domain.organizers import answer_notices
from chalicelib.domain.organizers.answer_notices import Answer as Answered
from chalicelib.table.items import Account
from tests.support import notices, purchases
from tests.support.client import call
from tests.support.factories import (
    admin_token,
    customer_token,
    make_customer,
    make_organizer,
    token_of,
)
from tests.support.notices import Sent, carry, chooses, received
from tests.support.streams import StreamReader, project

pytestmark = pytest.mark.usefixtures("moto_cloud")
NOTE = "Please name the band"
EVENTS = "/api/organizer/events/"


def _in(**later: float) -> str:
    return clock.to_text(clock.now() + timedelta(**later))


@dataclass
class Office:
    """An organizer, and the staff who answer."""

    organizer: Account
    staff: str

    def asks(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        answer = call(method, path, body, token=token_of(self.organizer))
        assert answer.status in (200, 201), answer.text
        return dict(answer.json)

    def answers(self, path: str, body: dict[str, Any]) -> None:
        assert call("PUT", path, body, token=self.staff).status == 200

    def draft(self) -> str:
        price = {"name": "Standard", "tier": "standard", "price": "1500.00", "capacity": 10}
        hall = venues.add(name="Alhamra", city="Lahore").venue_id
        body = {"title": "Qawwali", "venue_id": hall, "starts_at": _in(days=9), "ends_at": _in(days=9, hours=4)}
        event_id: str = self.asks("POST", EVENTS, {**body, "ticket_categories": [price]})["id"]
        self.asks("POST", f"{EVENTS}{event_id}/submit/")
        return event_id

    def edit(self) -> str:
        show, _ = purchases.make_show(title="Qawwali", organizer_id=self.organizer.account_id)
        body = {"changes": {"description": "Two bands"}, "reason": "We booked another one."}
        request_id: str = self.asks("POST", f"{EVENTS}{show.event_id}/edit-request/", body)["id"]
        return request_id

    def hears(self, stream: StreamReader, *, times: int = 2) -> list[Sent]:
        """Pass what changed through the stream and the alerts queue, each twice; return what was sent."""
        records = stream.read()
        for _ in range(times):
            assert project(records) == {"batchItemFailures": []}
            found = answer_notices.follow([changes.change_of(record) for record in records])
            assert app.alerts(notices.envelopes(found), None) == {"batchItemFailures": []}
        notices.send_waiting(times=times)
        return [one for one in received() if '"Qawwali"' in one.body]


def publish(office: Office) -> None:
    office.answers(f"/api/events/{office.draft()}/", {"status": "published"})


def send_back(office: Office) -> None:
    office.answers(f"/api/events/{office.draft()}/", {"review": "rejected", "review_note": NOTE})


def approve(office: Office) -> None:
    office.answers(f"/api/event-edit-requests/{office.edit()}/", {"decision": "approve", "note": NOTE})


def reject(office: Office) -> None:
    office.answers(f"/api/event-edit-requests/{office.edit()}/", {"decision": "reject", "note": NOTE})


ACTS: dict[Answered, Callable[[Office], None]] = {
    Answered.PUBLISHED: publish,
    Answered.SENT_BACK: send_back,
    Answered.EDIT_APPROVED: approve,
    Answered.EDIT_REJECTED: reject,
}
SAID = {
    Answered.PUBLISHED: "is published",
    Answered.SENT_BACK: "was sent back",
    Answered.EDIT_APPROVED: "are approved",
    Answered.EDIT_REJECTED: "were declined",
}


@pytest.fixture
def office() -> Office:
    return Office(make_organizer(), admin_token())


@pytest.mark.parametrize("answer", Answered)
def test_an_organizer_hears_each_answer_once_with_what_staff_wrote(office: Office, answer: Answered) -> None:
    office.asks("PUT", "/api/organizer/profile/", {"email": "lahore@example.com"})
    stream = StreamReader()
    ACTS[answer](office)
    (mail,) = office.hears(stream)
    assert (mail.channel, mail.to) == ("email", "lahore@example.com")
    assert SAID[answer] in mail.subject
    assert SAID[answer] in mail.body
    assert (f'"{NOTE}"' in mail.body) is (answer is not Answered.PUBLISHED)


@pytest.mark.parametrize("answer", Answered)
def test_an_organizer_without_an_address_hears_it_by_sms(office: Office, answer: Answered) -> None:
    stream = StreamReader()
    ACTS[answer](office)
    (sms,) = office.hears(stream, times=1)
    assert (sms.channel, sms.to) == ("sms", office.organizer.mobile_number)
    assert SAID[answer] in sms.body


def test_who_asked_hears_the_answer_also_once_the_event_is_anothers(office: Office) -> None:
    office.asks("PUT", "/api/organizer/profile/", {"email": "lahore@example.com"})
    request_id = office.edit()
    (event_id,) = (event["id"] for event in office.asks("GET", EVENTS)["results"])
    path = f"/api/events/{event_id}/"
    version = call("GET", path, token=office.staff).json["version"]
    office.answers(path, {"organizer_id": make_organizer(name="Karachi Live").account_id, "version": version})
    stream = StreamReader()
    stream.skip()
    office.answers(f"/api/event-edit-requests/{request_id}/", {"decision": "reject", "note": NOTE})
    (mail,) = office.hears(stream)
    assert mail.to == "lahore@example.com"
    assert f'"{NOTE}"' in mail.body
    assert mail.body.endswith("The event has another organizer now.")


def test_what_waits_for_an_answer_is_no_answer(office: Office) -> None:
    stream = StreamReader()
    event_id = office.draft()
    office.asks("PUT", f"{EVENTS}{event_id}/", {"description": "A change withdraws the draft from the staff"})
    office.edit()
    assert office.hears(stream) == []


@pytest.mark.parametrize("by_staff", [False, True])
def test_a_customer_hears_once_why_a_refund_is_refused(by_staff: bool) -> None:
    customer, staff = chooses(make_customer(), email="ayesha@example.com"), admin_token()
    _, category = purchases.make_show(title="Qawwali")
    order = purchases.book(customer, category)
    purchases.pay(order)
    ticket_id = order.tickets[0]["ticket_id"]
    if by_staff:
        body = {"ticket_id": ticket_id, "reason": "They called."}
        asked = call("POST", "/api/refund-requests/", body, token=staff)
    else:
        path = f"/api/v1/users/tickets/{ticket_id}/refund-request/"
        asked = call("POST", path, {"reason": "I am ill."}, token=customer_token(customer))
    assert asked.status == 201, asked.text
    stream = StreamReader()
    stream.skip()
    refused = {"decision": "reject", "note": NOTE}
    for _ in range(2):
        assert call("PUT", f"/api/refund-requests/{asked.json['id']}/", refused, token=staff).status == 200
    carry(stream, times=2)
    (mail,) = received("ayesha@example.com")
    assert mail.subject == '[Gatehouse] No refund of a ticket to "Qawwali"'
    assert f'Reason: "{NOTE}"\n' in mail.body
