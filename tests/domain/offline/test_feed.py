"""The feed of changes and the building of snapshots, step by step."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.offline import builds, feed, snapshots
from chalicelib.domain.offline.snapshot_format import GateTicket
from chalicelib.domain.offline.states import States
from chalicelib.errors import Unavailable
from chalicelib.table import keys, operations
from chalicelib.table.items import Event, OfflineEvent, Ticket
from tests.support import meanwhile
from tests.support.factories import make_event, make_ticket
from tests.support.snapshots import bound_card, build, fed
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")


@pytest.fixture
def event() -> Iterator[Event]:
    made = make_event()
    with fed(made.event_id):
        yield made


def cancel(ticket: Ticket, stream: StreamReader) -> None:
    operations.record(operations.change(ticket.place, [Ticket.credential.add(1)], Ticket.pk.exists()))
    stream.drain()


def test_a_change_made_while_a_snapshot_is_read_is_in_the_next_delta(event: Event) -> None:
    stream = StreamReader()
    ticket = make_ticket(event)
    bound_card(ticket)
    stream.drain()

    # The tickets are read, and the cards are about to be.
    def is_of_cards(sent: dict[str, Any]) -> bool:
        return "CARD#" in str(sent["RequestItems"])

    with meanwhile.before("BatchGetItem", lambda: cancel(ticket, stream), matches=is_of_cards):
        found = builds.read(event.event_id)
    assert found.states.tickets[ticket.ticket_id].credential == 1
    later = feed.read(event.event_id, after=found.number, at=clock.now())
    assert later.states.tickets[ticket.ticket_id].credential == 2


def test_a_delta_ends_before_a_number_that_is_not_there_yet(event: Event) -> None:
    for number in range(4):
        state = GateTicket(f"tkt_{number}", status=0)
        feed.append(event.event_id, lambda state=state: States({state.ticket_id: state}))  # type: ignore[misc]
    operations.record(operations.remove(keys.offline.changes(event.event_id, 3)))
    found = feed.read(event.event_id, after=0, at=clock.now())
    assert (found.number, found.has_more, list(found.states.tickets)) == (2, True, ["tkt_0", "tkt_1"])
    assert feed.read(event.event_id, after=3, at=clock.now()).number == 4


def test_states_are_read_again_where_another_batch_was_first(event: Event) -> None:
    ticket = make_ticket(event)
    tries: list[int] = []

    def present() -> States:
        tries.append(len(tries))
        if len(tries) == 1:
            feed.append(event.event_id, lambda: States({"other": GateTicket("other", status=0)}))
        return States({ticket.ticket_id: GateTicket(ticket.ticket_id, status=len(tries))})

    feed.append(event.event_id, present)
    found = feed.read(event.event_id, after=1, at=clock.now())
    assert (found.number, found.states.tickets[ticket.ticket_id].status) == (2, 2)


def test_a_write_whose_answer_was_lost_leaves_a_whole_feed(event: Event) -> None:
    for sent in range(2):
        one = States({"one": GateTicket("one", status=sent)})
        with meanwhile.after("TransactWriteItems", meanwhile.lost), pytest.raises(Unavailable):
            feed.append(event.event_id, partial(States, one.tickets))
    found = feed.read(event.event_id, after=0, at=clock.now())
    assert (found.states.tickets["one"].status, found.has_more) == (1, False)
    assert found.number == feed.last_number(event.event_id)


def test_two_equal_fingerprints_give_the_event_another_key(event: Event) -> None:
    settings = feed.begin(event.event_id)
    feed.take_next_key(event.event_id, settings)
    feed.take_next_key(event.event_id, settings)
    stored = operations.get(keys.offline.event(event.event_id))
    assert stored is not None
    assert stored.generation == settings.generation + 1
    assert stored.fingerprint_key != settings.fingerprint_key


def test_a_build_that_dies_is_done_by_its_next_run(event: Event) -> None:
    ticket = make_ticket(event)
    StreamReader().drain()
    builds.begin(event.event_id)

    def is_base(sent: dict[str, Any]) -> bool:
        return bool(sent["Item"]["kind"]["S"] == "offline_base")

    with meanwhile.before("PutItem", meanwhile.lost, matches=is_base), pytest.raises(AssertionError):
        build(event.event_id)
    assert operations.get(keys.offline.base(event.event_id)) is None
    build(event.event_id)
    base = operations.get(keys.offline.base(event.event_id))
    assert base is not None
    assert base.sections["tickets"] == 1
    assert ticket.event_id == event.event_id


def test_a_snapshot_is_built_again_at_most_every_ten_minutes(event: Event) -> None:
    def folder() -> str:
        base = operations.get(keys.offline.base(event.event_id))
        assert base is not None
        return str(base.folder)

    settings = operations.get(keys.offline.event(event.event_id))
    assert isinstance(settings, OfflineEvent)
    for _ in range(2):
        builds.begin(event.event_id)
        build(event.event_id)
    first = folder()
    with clock.set_to(clock.now() + snapshots.REBUILT_AFTER + timedelta(seconds=1)):
        builds.begin(event.event_id)
        build(event.event_id)
        assert folder() != first


def test_an_old_snapshot_is_not_given_out(event: Event) -> None:
    builds.begin(event.event_id)
    build(event.event_id)
    settings = feed.begin(event.event_id)
    with clock.set_to(clock.now() + snapshots.OLDEST + timedelta(seconds=1)), pytest.raises(Unavailable):
        snapshots.base(event.event_id, settings)
