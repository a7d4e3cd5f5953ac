"""The snapshot of a device: what it holds and what it hides, its parts, and the deltas after it."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import pytest
from cryptography.exceptions import InvalidTag

from chalicelib import clock
from chalicelib.domain.access import devices
from chalicelib.domain.crypto import signing
from chalicelib.domain.offline import cursors, feed, peers
from chalicelib.domain.offline.cursors import Cursor
from chalicelib.domain.offline.snapshot_format import GateTicket
from chalicelib.domain.offline.states import States
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Card, Device, Event, Ticket
from chalicelib.vocabulary.cards import CardStatus, CardType
from chalicelib.vocabulary.tickets import TicketStatus
from tests.support import asked, event_states, snapshot_reader, snapshots
from tests.support.client import call
from tests.support.factories import (
    Reader,
    admin_token,
    make_event,
    make_reader,
    make_ticket,
    make_usher,
    scan_id,
    usher_token,
)
from tests.support.snapshots import ask, bound_card, build, full, read
from tests.support.streams import StreamReader, project

pytestmark = pytest.mark.usefixtures("moto_cloud")


@dataclass
class Show:
    """An event with a device, a few tickets and two cards."""

    event: Event
    reader: Reader
    tickets: list[Ticket]
    cards: list[Card]
    stream: StreamReader

    @property
    def token(self) -> str:
        return self.reader.token()

    def full(self) -> snapshot_reader.ReadSnapshot:
        return full(self.event.event_id, self.token)

    def scan(self, ticket: Ticket) -> None:
        body = {"scan_id": scan_id(), "ticket_id": ticket.ticket_id}
        answer = call("POST", "/api/usher/scan/result/", body, token=usher_token(self.event, make_usher(self.event)))
        assert answer.json["result"] == "valid", answer.text
        self.stream.drain()


@pytest.fixture
def show() -> Iterator[Show]:
    stream = StreamReader()
    event = make_event(re_entry_allowed=True)
    tickets = [make_ticket(event, name=f"Ayesha Khan {n}") for n in range(4)]
    made = [bound_card(tickets[0], tickets[1]), bound_card(tickets[2], card_type=CardType.SECURE)]
    reader = make_reader(event)
    stream.drain()
    with snapshots.fed(event.event_id):
        yield Show(event, reader, tickets, made, stream)


def test_the_first_request_starts_the_build_and_says_when_to_come_back() -> None:
    event = make_event()
    answer = ask(make_reader(event).token())
    assert (answer.status, answer.code) == (503, "UNAVAILABLE")
    # No container knows yet that the changes must be fed, and none reads the tickets before all do.
    assert int(answer.headers["retry-after"]) > feed.FED_AFTER.total_seconds()
    build(event.event_id)
    assert operations.get(keys.offline.base(event.event_id)) is None
    with clock.set_to(clock.now() + feed.FED_AFTER):
        build(event.event_id)
    assert operations.get(keys.offline.base(event.event_id)) is not None


def test_a_snapshot_holds_each_ticket_and_card_of_its_event(show: Show) -> None:
    other = make_ticket(make_event())
    show.stream.drain()
    found = show.full()
    head = found.head
    assert (head["event_id"], head["device_id"]) == (show.event.event_id, show.reader.device_id)
    assert (head["since"], head["count"], head["names"], head["hub"]) == (None, 4, None, None)
    assert head["event"]["re_entry_allowed"] is True
    assert [peer["device_id"] for peer in head["peers"]] == [show.reader.device_id]
    assert head["key_id"] == signing.signer(signing.TICKET_CODES)[0]
    assert all(found.ticket(ticket.ticket_id) is not None for ticket in show.tickets)
    assert found.ticket(other.ticket_id) is None
    family, secure = (found.card(card.uid) for card in show.cards)
    assert family is not None
    assert secure is not None
    opened = [found.tickets[mark] for mark in family["tickets"]]
    assert opened == [found.ticket(ticket.ticket_id) for ticket in show.tickets[:2]]
    assert (family["secure"], secure["secure"]) == (False, True)


def test_a_snapshot_has_no_name_number_or_uid(show: Show) -> None:
    show.full()
    content = ask(show.token).content
    unpacked = content + snapshot_reader.columns_of(content)
    for ticket in show.tickets:
        for secret in (ticket.holder_name, ticket.number, ticket.ticket_id, ticket.ticket_id[4:]):
            assert secret.encode() not in unpacked
    for card in show.cards:
        assert card.uid.encode() not in unpacked
        assert bytes.fromhex(card.uid) not in unpacked


def test_a_delta_holds_what_changed_and_nothing_else(show: Show) -> None:
    chain = show.full()
    show.scan(show.tickets[0])
    delta = read(ask(show.token, since=chain.head["cursor"]))
    assert list(delta.tickets) == [
        mark for mark in chain.tickets if chain.tickets[mark] is chain.ticket(show.tickets[0].ticket_id)
    ]
    chain.apply(delta)
    state = chain.ticket(show.tickets[0].ticket_id)
    assert state is not None
    assert state["presence"] == 1
    assert abs(state["last_at"] - int(clock.now().timestamp())) <= 60
    again = read(ask(show.token, since=chain.head["cursor"]))
    assert (again.tickets, again.cards, again.head["cursor"] != "") == ({}, {}, True)


def test_a_blocked_card_and_one_without_its_ticket_are_in_the_next_delta(show: Show) -> None:
    chain = show.full()
    place = keys.cards.card(show.cards[0].uid)
    operations.record(operations.change(place, [Card.status.set(CardStatus.BLOCKED)], Card.pk.exists()))
    operations.record(operations.change(keys.cards.card(show.cards[1].uid), [Card.tickets.set({})], Card.pk.exists()))
    show.stream.drain()
    chain.apply(read(ask(show.token, since=chain.head["cursor"])))
    blocked = chain.card(show.cards[0].uid)
    assert blocked is not None
    assert blocked["status"] != 0
    assert len(blocked["tickets"]) == 2
    assert chain.card(show.cards[1].uid) is None


def test_a_sold_ticket_is_in_the_next_delta(show: Show) -> None:
    chain = show.full()
    sold, reserved = make_ticket(show.event), make_ticket(show.event, status=TicketStatus.RESERVED)
    show.stream.drain()
    chain.apply(read(ask(show.token, since=chain.head["cursor"])))
    states = [chain.ticket(ticket.ticket_id) for ticket in (sold, reserved)]
    assert [state and state["status"] for state in states] == [0, 1]


def test_the_same_batch_twice_does_not_take_a_state_back(show: Show) -> None:
    chain = show.full()
    make_ticket(show.event)
    records = show.stream.read()
    show.scan(show.tickets[0])
    project(records)
    chain.apply(read(ask(show.token, since=chain.head["cursor"])))
    state = chain.ticket(show.tickets[0].ticket_id)
    assert state is not None
    assert state["presence"] == 1


def test_settings_of_the_event_come_with_the_next_delta(show: Show) -> None:
    cursor = show.full().head["cursor"]
    event_states.store(show.event.event_id, scanning_enabled=False)
    snapshots.forget()
    delta = read(ask(show.token, since=cursor))
    assert delta.head["event"]["scanning_enabled"] is False


def test_a_cursor_of_another_event_is_refused(show: Show) -> None:
    show.full()
    foreign = Cursor(1, clock.now(), 0, 1).sealed("snapshot", make_event().event_id)
    of_another_sync = Cursor(1, clock.now(), 0, 1).sealed("attendees", show.event.event_id)
    for cursor in (foreign, of_another_sync, "nonsense"):
        answer = ask(show.token, since=cursor)
        assert (answer.status, answer.code) == (400, "INVALID_CURSOR")


def test_a_cursor_older_than_the_feed_gets_a_full_snapshot(show: Show) -> None:
    cursor = cursors.opened(show.full().head["cursor"], "snapshot", show.event.event_id)
    old = Cursor(0, clock.now() - feed.CURSOR_LIFETIME, cursor.epoch, cursor.generation)
    found = read(ask(show.token, since=old.sealed("snapshot", show.event.event_id)))
    assert (found.head["since"], len(found.tickets)) == (None, 4)
    former = Cursor(cursor.number, cursor.at, cursor.epoch, cursor.generation - 1)
    assert read(ask(show.token, since=former.sealed("snapshot", show.event.event_id))).head["since"] is None


def test_a_snapshot_is_resumed_where_its_transfer_ended(show: Show) -> None:
    show.full()
    whole = ask(show.token)
    etag = whole.headers["etag"]
    assert whole.headers["accept-ranges"] == "bytes"
    first = ask(show.token, range="bytes=0-99")
    rest = ask(show.token, range="bytes=100-", if_range=etag)
    assert (first.status, rest.status) == (206, 206)
    assert first.headers["content-range"] == f"bytes 0-99/{len(whole.content)}"
    assert first.content + rest.content == whole.content
    assert ask(show.token, range="bytes=-10").content == whole.content[-10:]
    changed = ask(show.token, range="bytes=100-", if_range='"other"')
    assert (changed.status, changed.content) == (200, whole.content)
    beyond = ask(show.token, range=f"bytes={len(whole.content)}-")
    assert (beyond.status, beyond.code) == (416, "RANGE_NOT_SATISFIABLE")
    assert beyond.headers["content-range"] == f"bytes */{len(whole.content)}"
    for ignored in ("bytes=9-3", "bytes=0-1,5-6", "lines=1-2", "bytes=-"):
        assert ask(show.token, range=ignored).status == 200
    assert ask(show.token, if_none_match=etag).status == 304


def test_names_come_sealed_for_the_device_and_can_be_switched_off(show: Show) -> None:
    plain = show.full()
    assert plain.head["names"] is None
    full = read(ask(show.token, names=True))
    named = snapshot_reader.names_of(full, show.reader.key)
    assert sorted(names[0] or "" for names in named.values()) == [ticket.holder_name for ticket in show.tickets]
    assert {bytes.fromhex(mark) for mark in named} == set(plain.tickets)
    other = make_reader(show.event)
    snapshots.forget()
    with pytest.raises(InvalidTag):
        snapshot_reader.names_of(read(ask(show.token, names=True)), other.key)
    show.scan(show.tickets[0])
    delta = read(ask(show.token, since=full.head["cursor"], names=True))
    assert list(snapshot_reader.names_of(delta, show.reader.key).values()) == [["Ayesha Khan 0", "VIP"]]
    body = {"offline_names": False}
    changed = call("PUT", f"/api/events/{show.event.event_id}/", body, token=admin_token())
    assert (changed.status, changed.json["offline_names"]) == (200, False)
    snapshots.forget()
    assert read(ask(show.token, names=True)).head["names"] is None


def test_a_revoked_device_is_no_peer(show: Show) -> None:
    other = make_reader(show.event, gate="Gate 1")
    assert len(show.full().head["peers"]) == 2
    devices.revoke(other.device_id)
    snapshots.forget()
    assert [each["device_id"] for each in show.full().head["peers"]] == [show.reader.device_id]


def test_the_hub_is_the_device_that_says_where_it_is(show: Show) -> None:
    beat = {"queue_depth": 0, "app_version": "1.0.0", "hub_address": "10.0.0.5:8443"}
    assert call("POST", "/api/device/heartbeat/", beat, token=show.token).status == 200
    assert show.full().head["hub"] == {"device_id": show.reader.device_id, "address": "10.0.0.5:8443"}
    assert call("POST", "/api/device/heartbeat/", {**beat, "hub_address": "no address"}, token=show.token).status == 400


def test_a_hub_that_fell_silent_is_named_only_where_there_is_no_other(show: Show) -> None:
    beat = {"queue_depth": 0, "app_version": "1.0.0"}
    readers = [make_reader(show.event, gate="Gate 1") for _ in range(2)]
    hubs = sorted((reader.device_id, reader.token()) for reader in readers)
    named = []

    def hub() -> str:
        peers.forget()
        return str(show.full().head["hub"]["device_id"])

    for device_id, token in hubs:
        address = f"{device_id.lower()}:8443".replace("_", "-")
        assert call("POST", "/api/device/heartbeat/", {**beat, "hub_address": address}, token=token).status == 200
        named.append(hub())
    assert named == [hubs[0][0]] * 2
    gone = [Device.last_seen_at.set(clock.now() - timedelta(minutes=11))]
    operations.record(operations.change(keys.access.device(hubs[0][0]), gone))
    assert hub() == hubs[1][0]
    operations.record(operations.change(keys.access.device(hubs[1][0]), gone))
    assert hub() == hubs[0][0]
    devices.revoke(hubs[0][0])
    assert hub() == hubs[1][0]


def test_a_delta_of_a_thousand_changes_is_small_and_takes_three_requests(show: Show) -> None:
    chain = show.full()
    for number in range(50):
        ids = [new_id("tkt") for _ in range(20)]
        changed = States({each: GateTicket(each, status=0, presence=1, last_at=number) for each in ids})
        feed.append(show.event.event_id, partial(States, changed.tickets))
    # The event's settings are known to a container that has answered this device's guard; its peers are read.
    peers.forget()
    token = show.token
    with asked.requests() as requests:
        answer = ask(token, since=chain.head["cursor"])
    assert len(read(answer).tickets) == 1_000
    assert len(answer.content) <= 40_000
    assert len(requests) <= 3, requests


def test_events_without_devices_pay_nothing() -> None:
    stream = StreamReader()
    event = make_event()
    make_ticket(event)
    stream.drain()
    assert operations.query(keys.offline.feed(event.event_id).pk) == []


def test_two_requests_give_the_same_bytes(show: Show) -> None:
    show.full()
    with clock.set_to(clock.now() + timedelta(seconds=30)):
        assert hashlib.sha256(ask(show.token).content).digest() == hashlib.sha256(ask(show.token).content).digest()
