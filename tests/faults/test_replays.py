"""A repeated scan always gets its first answer, regardless of later scans."""

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import clock
from chalicelib.domain.access import lock_outs
from chalicelib.domain.cards import cards
from chalicelib.domain.cards.cards import CardRegistration
from chalicelib.domain.events import events
from chalicelib.domain.gate import checkin
from chalicelib.domain.gate.readings import Reading
from chalicelib.domain.tickets import tickets
from chalicelib.table.items import Event, Ticket
from chalicelib.vocabulary.cards import CardStatus, CardType
from chalicelib.vocabulary.gate import Direction
from tests.faults import scenarios
from tests.faults.recount import assert_log_and_totals_are_true, items_of
from tests.support import card_states, secure_cards
from tests.support.explore import explore
from tests.support.later import later
from tests.support.streams import StreamReader

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("test_replays")]

REGISTRATION_RACES = 20


@pytest.fixture
def strict_event() -> Event:
    """An event that is open now and allows no re-entry."""
    now = clock.now()
    return events.create(
        events.EventDraft(title="Strict night", starts_at=now, ends_at=now + timedelta(hours=6), gates=["Gate 1"])
    )


@contextmanager
def before_opening() -> Iterator[None]:
    with clock.set_to(clock.now() - timedelta(hours=5)):
        yield


def family(event: Event, size: int = 3, card_type: CardType = CardType.UID) -> tuple[str, list[Ticket]]:
    bound = [scenarios.issue(event.event_id) for _ in range(size)]
    uid = scenarios.card_for(bound[0], card_type)
    card_states.let_open(uid, event_id=event.event_id, ticket_ids=[ticket.ticket_id for ticket in bound])
    return uid, bound


READINGS: dict[str, Callable[[Event], dict[str, Any]]] = {
    "ticket": lambda event: {"ticket_id": scenarios.issue(event.event_id).ticket_id},
    "code": lambda event: {"code": tickets.code(scenarios.issue(event.event_id))},
    "card": lambda event: {"uid": scenarios.card_for(scenarios.issue(event.event_id))},
    "family's card": lambda event: {"uid": family(event)[0]},
}


@pytest.mark.parametrize("shown", READINGS)
def test_a_scan_refused_before_opening_stays_refused_and_a_new_one_is_admitted(
    shown: str, event: Event, stream: StreamReader
) -> None:
    thing, caller = READINGS[shown](event), scenarios.caller(event.event_id)
    early = Reading(scenarios.scan_id(), **thing)
    with before_opening():
        first = checkin.scan(caller, early)
    assert (first.result, first.reason) == ("invalid", "not_yet_open")
    assert checkin.scan(caller, early) == first
    admitted = Reading(scenarios.scan_id(), **thing)
    answer = checkin.scan(caller, admitted)
    assert answer.result == "valid"
    stream.drain()
    assert [checkin.scan(caller, early), checkin.scan(caller, admitted)] == [first, answer]
    stream.drain()
    assert len(items_of(event.event_id, "scan")) == 2
    assert_log_and_totals_are_true(event.event_id)


def test_a_family_refused_before_opening_goes_in_in_its_order(event: Event, stream: StreamReader) -> None:
    uid, bound = family(event)
    caller = scenarios.caller(event.event_id)
    with before_opening():
        checkin.scan(caller, Reading(scenarios.scan_id(), uid=uid))
    answers = []
    for count in range(4):
        with later(count):
            answers.append(checkin.scan(caller, Reading(scenarios.scan_id(), uid=uid)))
    assert [(answer.ticket and answer.ticket.id, answer.remaining) for answer in answers[:3]] == [
        (ticket.ticket_id, left) for ticket, left in zip(bound, (2, 1, 0), strict=True)
    ]
    assert answers[3].result == "already_scanned"
    stream.drain()
    assert_log_and_totals_are_true(event.event_id)


def test_a_blocked_familys_scan_stays_refused_when_the_card_is_good_again(
    strict_event: Event, stream: StreamReader
) -> None:
    event_id = strict_event.event_id
    uid, bound = family(strict_event)
    caller = scenarios.caller(event_id)
    checkin.scan(caller, Reading(scenarios.scan_id(), uid=uid))
    stream.drain()  # the card's hint passes over its first ticket from here on
    card_states.put_into(uid, CardStatus.BLOCKED)
    blocked = Reading(scenarios.scan_id(), uid=uid)
    first = checkin.scan(caller, blocked)
    assert first.reason == "card_blocked"
    card_states.put_into(uid, CardStatus.ACTIVE)
    assert checkin.scan(caller, blocked) == first
    with later():
        then = checkin.scan(caller, Reading(scenarios.scan_id(), uid=uid))
    assert then.ticket is not None
    assert then.ticket.id == bound[1].ticket_id
    stream.drain()
    assert_log_and_totals_are_true(event_id)


def test_a_card_refused_while_nobody_knew_it_stays_refused_for_that_scan(event: Event, stream: StreamReader) -> None:
    caller, ticket = scenarios.caller(event.event_id), scenarios.issue(event.event_id)
    reading = Reading(scenarios.scan_id(), uid=f"04{uuid.uuid4().hex[:12].upper()}")
    first = checkin.scan(caller, reading)
    assert first.result == "not_found"
    cards.register(CardRegistration(uid=str(reading.uid), tickets={event.event_id: [ticket.ticket_id]}))
    assert checkin.scan(caller, reading) == first
    assert checkin.scan(caller, Reading(scenarios.scan_id(), uid=reading.uid)).result == "valid"
    stream.drain()
    assert_log_and_totals_are_true(event.event_id)


def test_a_card_that_is_registered_while_it_is_refused_stays_refused_for_that_scan(
    event: Event, stream: StreamReader
) -> None:
    caller = scenarios.caller(event.event_id)
    with ThreadPoolExecutor(4) as together:
        for _ in range(REGISTRATION_RACES):
            ticket, uid = scenarios.issue(event.event_id), f"04{uuid.uuid4().hex[:12].upper()}"
            readings = [Reading(scenarios.scan_id(), uid=uid) for _ in range(3)]
            opens = {event.event_id: [ticket.ticket_id]}
            scanned = [together.submit(checkin.scan, caller, reading) for reading in readings]
            together.submit(cards.register, CardRegistration(uid=uid, tickets=opens)).result()
            for reading, answer in zip(readings, scanned, strict=True):
                assert checkin.scan(caller, reading) == answer.result()
    stream.drain()
    assert_log_and_totals_are_true(event.event_id)


@pytest.mark.parametrize("opened", [False, True])
def test_a_card_refused_before_it_opened_anything_more_stays_refused_for_that_scan(
    opened: bool, event: Event, stream: StreamReader
) -> None:
    caller, earlier, added = (
        scenarios.caller(event.event_id),
        scenarios.issue(event.event_id),
        scenarios.issue(event.event_id),
    )
    uid = scenarios.card_for(earlier)
    if opened:
        checkin.scan(caller, Reading(scenarios.scan_id(), uid=uid))
    else:
        uid = cards.register(CardRegistration(uid=f"04{uuid.uuid4().hex[:12]}")).uid
    reading = Reading(scenarios.scan_id(), uid=uid)
    with later():
        first = checkin.scan(caller, reading)
    assert first.result == ("already_scanned" if opened else "not_found")
    card_states.let_open(uid, event_id=event.event_id, ticket_ids=[added.ticket_id])
    assert checkin.scan(caller, reading) == first
    with later(2):
        then = checkin.scan(caller, Reading(scenarios.scan_id(), uid=uid))
    assert (then.result, then.repeat) == ("valid", False)
    stream.drain()
    assert_log_and_totals_are_true(event.event_id)


def test_a_sun_message_is_good_for_its_own_scan_alone(event: Event, stream: StreamReader) -> None:
    uid, bound = family(event, 2, CardType.SECURE)
    caller, keys_of_card = scenarios.caller(event.event_id), secure_cards.keys_of(uid)
    older, newer = (secure_cards.message(uid, counter, keys_of_card) for counter in (4, 5))
    readings = [
        Reading(scenarios.scan_id(), uid=uid, sun=newer),
        Reading(scenarios.scan_id(), uid=uid, sun=newer),
        Reading(scenarios.scan_id(), uid=uid, sun=older),
        Reading(scenarios.scan_id(), sun=newer),
        Reading(scenarios.scan_id(), uid=uid),
    ]
    answers = [checkin.scan(caller, reading) for reading in readings]
    assert [(answer.result, answer.reason) for answer in answers] == [("valid", None)] + [
        ("invalid", "clone_suspected")
    ] * 4
    next_tap = secure_cards.message(uid, 6, keys_of_card)
    with later():
        second = checkin.scan(caller, Reading(scenarios.scan_id(), sun=next_tap))
    assert second.ticket is not None
    assert second.ticket.id == bound[1].ticket_id
    assert [checkin.scan(caller, reading) for reading in readings] == answers
    stream.drain()
    assert_log_and_totals_are_true(event.event_id)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["card", "ticket 0", "ticket 1"]),
        st.sampled_from(list(Direction)),
        st.sampled_from(["open", "early", "blocked"]),
        st.booleans(),
    ),
    min_size=2,
    max_size=8,
)


@explore(most=20, fewest=3)
@given(steps=STEPS, re_entry=st.booleans())
def test_whatever_happened_since_each_scan_keeps_its_first_answer(
    steps: list[tuple[str, Direction, str, bool]], re_entry: bool, stream: StreamReader
) -> None:
    now = clock.now()
    event = events.create(
        events.EventDraft(
            title="Any night",
            starts_at=now,
            ends_at=now + timedelta(hours=6),
            re_entry_allowed=re_entry,
            gates=["Gate 1"],
        )
    )
    lock_outs.forget()
    uid, bound = family(event, 2)
    caller, answered = scenarios.caller(event.event_id), []
    for shown, direction, state, drained in steps:
        thing: dict[str, Any] = {"uid": uid} if shown == "card" else {"ticket_id": bound[int(shown[-1])].ticket_id}
        reading = Reading(scenarios.scan_id(), direction=direction, **thing)
        card_states.put_into(uid, CardStatus.BLOCKED if state == "blocked" else CardStatus.ACTIVE)
        with clock.set_to(now - timedelta(hours=5) if state == "early" else clock.now()):
            answered.append((reading, checkin.scan(caller, reading)))
        if drained:
            stream.drain()
        for earlier, answer in answered:
            assert checkin.scan(caller, earlier) == answer
    stream.drain()
    assert len(items_of(event.event_id, "scan")) == len(steps)
    assert_log_and_totals_are_true(event.event_id)
