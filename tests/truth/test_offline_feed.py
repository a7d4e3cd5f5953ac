"""Writers change tickets and cards while readers follow the feed: no change is missing, and no state goes back."""

import random
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from chalicelib import clock
from chalicelib.domain.background import changes
from chalicelib.domain.background.changes import Change
from chalicelib.domain.lists import background as lists
from chalicelib.domain.offline import background, builds, feed
from chalicelib.domain.offline.states import States
from chalicelib.table import keys, operations
from chalicelib.table.items import Card, Event, Ticket
from chalicelib.vocabulary.cards import CardStatus
from chalicelib.vocabulary.gate import Presence
from tests.support import engines, snapshots
from tests.support.caches import forget_caches
from tests.support.factories import make_event, make_ticket
from tests.support.sizes import size_of
from tests.support.snapshots import bound_card
from tests.support.streams import StreamReader

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("offline"), pytest.mark.timeout(900)]

TICKETS = size_of("OFFLINE_TICKETS", small=30, full=600)
WRITERS = size_of("OFFLINE_WRITERS", small=6, full=50)
READERS = size_of("OFFLINE_READERS", small=3, full=10)
CHANGES = max(8, TICKETS // WRITERS)
FOLLOWERS = (*lists.FOLLOWERS, *background.FOLLOWERS)


@pytest.fixture(scope="module", autouse=True)
def exact_cloud() -> Iterator[None]:
    with engines.cloud():
        forget_caches()
        yield
    forget_caches()


@dataclass
class Stream:
    """The table's stream; some batches are delivered again, late, by a worker that was thought dead."""

    reader: StreamReader
    draw: random.Random
    delivered: list[list[Change]] = field(default_factory=list)

    def carry(self) -> int:
        read = [changes.change_of(record) for record in self.reader.read()]
        for start in range(0, len(read), 40):
            batch = read[start : start + 40]
            self.delivered.append(batch)
            with ThreadPoolExecutor(2) as workers:
                again = workers.submit(follow, self.draw.choice(self.delivered))
                workers.submit(follow, batch).result()
                again.result()
        return len(read)


def follow(batch: Sequence[Change]) -> None:
    for each in FOLLOWERS:
        each(batch)


@dataclass
class Device:
    """A reader of the feed: a full reading, then deltas."""

    event_id: str
    number: int = 0
    # The last number when the full reading had ended.
    newest: int = 0
    states: States = field(default_factory=States)

    def begin(self) -> None:
        found = builds.read(self.event_id)
        self.number, self.states = found.number, found.states
        self.newest = feed.last_number(self.event_id)

    def follow(self) -> None:
        # Small deltas, so that chains are long.
        fed = feed.read(self.event_id, after=self.number, at=clock.now(), most=5)
        for ticket_id, state in fed.states.tickets.items():
            known = self.states.tickets.get(ticket_id)
            # Until then a delta may be older than the full reading.
            assert self.number < self.newest or known is None or known.credential <= state.credential
        self.number = fed.number
        self.states.update(fed.states)


def stored(event: Event) -> States:
    found = builds.read(event.event_id).states
    assert len(found.tickets) >= TICKETS
    return found


def change(ticket_ids: list[str], uids: list[str], draw: random.Random, event: Event) -> None:
    for _ in range(CHANGES):
        dice = draw.random()
        if dice < 0.1:
            ticket_ids.append(make_ticket(event).ticket_id)
        elif dice < 0.3:
            status = draw.choice([CardStatus.ACTIVE, CardStatus.BLOCKED])
            place = keys.cards.card(draw.choice(uids))
            operations.record(operations.change(place, [Card.status.set(status)], Card.pk.exists()))
        else:
            actions = [Ticket.credential.add(1), Ticket.presence.set(draw.choice([Presence.INSIDE, Presence.OUTSIDE]))]
            ticket = keys.tickets.ticket(draw.choice(ticket_ids))
            operations.record(operations.change(ticket, actions, Ticket.pk.exists()))


def test_every_chain_of_deltas_ends_in_the_states_of_the_table() -> None:
    event = make_event()
    draw = random.Random(7)  # noqa: S311  # nothing here is a secret
    stream = Stream(StreamReader(), draw)
    made = [make_ticket(event) for _ in range(TICKETS)]
    ids = [ticket.ticket_id for ticket in made]
    uids = [bound_card(ticket).uid for ticket in made[::3]]
    stream.carry()
    with snapshots.fed(event.event_id):
        writing = threading.Event()
        writing.set()
        devices = [Device(event.event_id) for _ in range(READERS)]

        def carry() -> None:
            while writing.is_set():
                stream.carry()

        def read(device: Device) -> None:
            device.begin()
            while writing.is_set():
                device.follow()

        with ThreadPoolExecutor(WRITERS + READERS + 1) as crowd:
            others = [crowd.submit(carry), *(crowd.submit(read, device) for device in devices)]
            draws = [random.Random(n) for n in range(WRITERS)]  # noqa: S311  # as above
            writers = [crowd.submit(change, ids, uids, each, event) for each in draws]
            try:
                for each in writers:
                    each.result()
            finally:
                writing.clear()
            for each in others:
                each.result()
        while stream.carry():
            pass
        end = feed.last_number(event.event_id)
        table = stored(event)
        for device in devices:
            while device.number < end:
                device.follow()
            assert device.states.tickets == table.tickets
            assert device.states.cards == table.cards
        assert sum(state.credential - 1 for state in table.tickets.values()) > 0
