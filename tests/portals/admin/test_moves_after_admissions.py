"""An event at which somebody was admitted stays on its date: a used ticket opens no gate again."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain import timezones
from chalicelib.domain.events import events
from chalicelib.table import keys, operations
from chalicelib.table.items import Event, Settlement
from tests.portals.webapp.evening import Evening, make_evening
from tests.support.client import Answer, call
from tests.support.factories import admin_token, make_customer, make_organizer, token_of
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")


def soon(**more: Any) -> Evening:
    """An evening in three days whose gates are open already."""
    begins = clock.now() + timedelta(days=3)
    return make_evening(starts_at=begins, ends_at=begins + timedelta(hours=4), **more)


def change(event_id: str, **changes: Any) -> Answer:
    return call("PUT", f"/api/events/{event_id}/", changes, token=admin_token())


def times(event: Event, by: timedelta) -> dict[str, str]:
    return {name: clock.to_text(getattr(event, name) + by) for name in ("starts_at", "ends_at")}


def admit_one(evening: Evening) -> None:
    stream, ticket = StreamReader(), evening.sell(make_customer())
    assert evening.scan(ticket_id=ticket.ticket_id) == ("valid", None)
    while stream.drain():
        pass


def within_its_date(event: Event) -> timedelta:
    """Return a move that leaves an event on its date."""
    local: datetime = timezones.local(event.starts_at, event.timezone)
    return timedelta(minutes=20) if local.hour < 23 else timedelta(minutes=-20)


def test_staff_move_an_event_to_another_date_until_somebody_was_admitted() -> None:
    other, evening = soon().event, soon()
    assert change(other.event_id, **times(other, timedelta(days=1))).status == 200
    event_id = evening.event.event_id
    admit_one(evening)
    event = events.get(event_id)
    refused = change(event_id, **times(event, timedelta(days=1)))
    assert (refused.status, refused.code) == (409, "INVALID_STATE")
    assert "1 tickets of this event were admitted already" in refused.json["error"]["message"]
    assert events.get(event_id).starts_at == event.starts_at
    # It may be late, and last longer.
    assert change(event_id, **times(event, within_its_date(event))).status == 200
    longer = clock.to_text(event.ends_at + timedelta(days=1))
    assert change(event_id, ends_at=longer).status == 200


def test_an_edit_request_is_checked_again_for_admissions_and_closed_books_when_it_is_approved() -> None:
    organizer = make_organizer()
    token = token_of(organizer)
    for way in ("admitted", "closed"):
        evening = soon(organizer_id=organizer.account_id)
        event_id = evening.event.event_id
        path = f"/api/organizer/events/{event_id}/edit-request/"
        asked = {"changes": times(evening.event, timedelta(days=1)), "reason": "Rain"}
        wish = call("POST", path, asked, token=token)
        assert wish.status == 201, wish.text
        if way == "admitted":
            admit_one(evening)
        else:
            _close(evening.event)
        body = {"decision": "approve"}
        answer = call("PUT", f"/api/event-edit-requests/{wish.json['id']}/", body, token=admin_token())
        assert (answer.status, answer.code) == (409, "INVALID_STATE"), answer.text
        assert events.get(event_id).starts_at == evening.event.starts_at


def _close(event: Event) -> None:
    """Store the settlement of an event, as its closing does."""
    settlement = Settlement(*keys.money.settlement(event.event_id), event_id=event.event_id, organizer_id="org_1")
    settlement.gross = settlement.refunds = settlement.platform_fee = settlement.net = 0
    settlement.currency, settlement.closed_at, settlement.closed_by = "PKR", clock.now(), "platform"
    operations.record(operations.put(settlement))
