"""What ushers' phones keep: pages, then deltas, and nothing that a gate does not show."""

import base64
import hashlib
import hmac
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from chalicelib.domain.offline import feed, phone_syncs
from chalicelib.domain.offline.snapshot_format import GateTicket
from chalicelib.domain.offline.states import States
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Card, Event
from tests.support import snapshots
from tests.support.client import Answer, call
from tests.support.factories import admin_token, make_event, make_ticket, usher_token
from tests.support.snapshots import bound_card
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
GATE_DISPLAY = {"name", "photo_url", "tier", "labels", "scan_status", "scanned_at", "ticket_id", "number"}


@pytest.fixture
def event() -> Iterator[Event]:
    made = make_event()
    with snapshots.fed(made.event_id):
        yield made


def ask(event: Event, what: str, *, since: str | None = None) -> Answer:
    return call("GET", f"/api/usher/sync/{what}/" + (f"?since={since}" if since else ""), token=usher_token(event))


def pages(event: Event, what: str, *, since: str | None = None) -> list[Any]:
    """Return all pages of a sync."""
    found = [ask(event, what, since=since).json]
    while found[-1]["next"]:
        found.append(ask(event, what, since=found[-1]["next"]).json)
    return found


def test_the_first_sync_waits_until_every_container_feeds_the_event() -> None:
    answer = ask(make_event(), "attendees")
    assert (answer.status, answer.code) == (503, "UNAVAILABLE")
    assert int(answer.headers["retry-after"]) >= feed.FED_AFTER.total_seconds()


def test_a_phone_gets_all_attendees_then_what_changed(event: Event) -> None:
    stream = StreamReader()
    tickets = [make_ticket(event, name=f"Guest {n}") for n in range(3)]
    make_ticket(make_event(), name="Stranger")
    stream.drain()
    (first,) = pages(event, "attendees")
    assert (first["full"], first["deleted"]) == (True, [])
    assert {each["ticket_id"]: each["name"] for each in first["results"]} == {
        ticket.ticket_id: ticket.holder_name for ticket in tickets
    }
    rule = {"status", "credential", "disputed", "presence"}
    assert set(first["results"][0]) == GATE_DISPLAY | rule
    sold = make_ticket(event, name="Late")
    operations.record(operations.remove(tickets[0].place))
    feed.append(event.event_id, lambda: States({t.ticket_id: GateTicket(t.ticket_id, 0) for t in tickets[:1]}))
    stream.drain()
    (delta,) = pages(event, "attendees", since=first["cursor"])
    assert (delta["full"], [each["ticket_id"] for each in delta["results"]]) == (False, [sold.ticket_id])
    assert delta["deleted"] == [tickets[0].ticket_id]
    (nothing,) = pages(event, "attendees", since=delta["cursor"])
    assert (nothing["results"], nothing["deleted"]) == ([], [])


def test_pages_of_a_full_sync_have_each_ticket_once_and_one_cursor(event: Event) -> None:
    stream = StreamReader()
    made = {make_ticket(event).ticket_id for _ in range(7)}
    stream.drain()
    following = None
    seen: list[str] = []
    cursors = set()
    while True:
        page = phone_syncs.attendees(event.event_id, since=following, page_size=2)
        seen += [ticket.ticket_id for ticket in page.results]
        cursors.add(page.cursor)
        following = page.next
        if following is None:
            break
    assert sorted(seen) == sorted(made)
    assert len(cursors) == 1


def test_cards_come_by_fingerprint_and_never_by_uid(event: Event) -> None:
    stream = StreamReader()
    tickets = [make_ticket(event) for _ in range(2)]
    card = bound_card(*tickets)
    stream.drain()
    answer = ask(event, "cards")
    first = answer.json
    key = base64.urlsafe_b64decode(first["fingerprint_key"] + "=")
    mark = hmac.new(key, b"card\x00" + bytes.fromhex(card.uid), hashlib.sha256).digest()[:6].hex()
    (shown,) = first["results"]
    assert (shown["fingerprint"], shown["status"], shown["ticket_ids"]) == (
        mark,
        "active",
        [ticket.ticket_id for ticket in tickets],
    )
    assert card.uid.lower() not in answer.text.lower()
    operations.record(operations.change(keys.cards.card(card.uid), [Card.tickets.set({})], Card.pk.exists()))
    stream.drain()
    (delta,) = pages(event, "cards", since=first["cursor"])
    assert (delta["results"], delta["deleted"]) == ([], [mark])


def test_a_long_delta_has_pages(event: Event) -> None:
    (first,) = pages(event, "attendees")
    for _ in range(2):
        ids = [new_id("tkt") for _ in range(1_500)]
        feed.append(event.event_id, partial(States, {each: GateTicket(each, status=0) for each in ids}))
    found = pages(event, "attendees", since=first["cursor"])
    assert [len(page["deleted"]) for page in found] == [1_500, 1_500, 0][: len(found)]


def test_a_cursor_of_another_event_or_sync_is_refused(event: Event) -> None:
    cursor = ask(event, "attendees").json["cursor"]
    other = make_event()
    for answer in (
        ask(other, "attendees", since=cursor),
        ask(event, "cards", since=cursor),
        ask(event, "cards", since="x"),
    ):
        assert (answer.status, answer.code) == (400, "INVALID_CURSOR")


def test_labels_that_staff_change_are_in_the_next_delta(event: Event) -> None:
    stream, ticket = StreamReader(), make_ticket(event)
    stream.drain()
    (first,) = pages(event, "attendees")
    changed = {"reason": "Asked at the desk.", "version": 1, "labels": ["wheelchair"]}
    assert call("PUT", f"/api/tickets/{ticket.ticket_id}/", changed, token=admin_token()).status == 200
    stream.drain()
    (delta,) = pages(event, "attendees", since=first["cursor"])
    assert [(each["ticket_id"], each["labels"]) for each in delta["results"]] == [(ticket.ticket_id, ["wheelchair"])]
