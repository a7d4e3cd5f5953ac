"""The feed of an event: the changes to its tickets and cards, numbered, for those that have a snapshot of it.

The stream's follower writes one item for each batch and event, in one transaction with the feed's number. Before it
reads the states, it reads that number, and the transaction requires that it is unchanged. So the states of number N+1
were read after those of N were stored: no state ever goes back, also where a batch is delivered again or late.

An event is fed from the first request of a device on. Containers cache that for `gate_control.REFRESH_SECONDS`, so a
snapshot's tickets are not read before FED_AFTER has passed: any change that no container has fed is then in them.
"""

import secrets
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial

from msgspec import Struct, field

from chalicelib import clock
from chalicelib.clients.bus import Published
from chalicelib.domain.background.changes import Change, every, follows
from chalicelib.domain.events import gate_control
from chalicelib.domain.offline import states
from chalicelib.domain.offline.states import States
from chalicelib.domain.tickets import tickets
from chalicelib.errors import NotFound, Unavailable
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Card, OfflineChanges, OfflineEvent, OfflineFeed, Ticket
from chalicelib.table.ranges import Between

# The age of the cached flag, and what the clocks of two machines may differ by.
FED_AFTER = timedelta(seconds=gate_control.REFRESH_SECONDS + 2)
# How long a cursor is good; older ones get a full snapshot.
CURSOR_LIFETIME = timedelta(hours=24)
_KEPT = CURSOR_LIFETIME + timedelta(hours=2)
KEY_BYTES = 32
_ATTEMPTS = 12
_LAST = 10**12 - 1
# The most items of the feed, and of things, in one delta of a device: at most 1 MB of it.
_MOST_ROWS = 2_000
MOST_THINGS = 50_000


class _Touched(Struct):
    tickets: set[str] = field(default_factory=set)
    cards: set[str] = field(default_factory=set)


class Fed(Struct, frozen=True):
    """The newest states after a number of the feed, up to `number`; `at` is the latest time known to be before more.

    `has_more` says that the feed goes on.
    """

    states: States
    number: int
    at: datetime
    has_more: bool


@follows(*every(Ticket, Card))
def follow(changes: Sequence[Change]) -> list[Published]:
    """Feed the changes that a gate must know, for events that have devices with snapshots."""
    touched: dict[str, _Touched] = defaultdict(_Touched)
    for change in changes:
        before, after = change.before, change.after
        if isinstance(after, Ticket):
            if not isinstance(before, Ticket) or _shown(before) != _shown(after):
                touched[after.event_id].tickets.add(after.ticket_id)
        elif isinstance(after, Card):
            for event_id in _events_of_change(before if isinstance(before, Card) else None, after):
                touched[event_id].cards.add(after.uid)
    for event_id, things in touched.items():
        if is_fed(event_id):
            append(event_id, partial(_present, event_id, things))
    return []


def _shown(ticket: Ticket) -> tuple[object, ...]:
    """Return what devices and phones know of a ticket."""
    admission = ticket.admission
    admitted_at = None if admission is None else admission.scanned_at or admission.decided_at
    display = (ticket.holder_name, ticket.tier, ticket.photo_url, tickets.labels_shown(ticket))
    return (states.of_ticket(ticket), *display, admitted_at)


def _events_of_change(before: Card | None, after: Card) -> list[str]:
    earlier = before.tickets if before else {}
    return [
        event_id
        for event_id in dict.fromkeys((*earlier, *after.tickets))
        if before is None or states.of_card(before, event_id) != states.of_card(after, event_id)
    ]


def is_fed(event_id: str) -> bool:
    """Whether the changes of an event are fed, as its gates know it."""
    try:
        return gate_control.control(event_id).offline is not None
    except NotFound:
        return False


def begin(event_id: str) -> OfflineEvent:
    """Return what the event's snapshots are made with, and feed its changes from now on. Raises NotFound."""
    known = gate_control.control(event_id).offline
    if known is not None:
        return known
    mine = OfflineEvent(
        *keys.offline.event(event_id),
        started_at=clock.now(),
        generation=1,
        fingerprint_key=secrets.token_bytes(KEY_BYTES),
    )
    try:
        operations.record(operations.put(mine, OfflineEvent.pk.does_not_exist()))
    except operations.ConditionFailed as failure:
        found = failure.found(OfflineEvent)
        if found is None:
            raise
        return found
    return mine


def take_next_key(event_id: str, seen: OfflineEvent) -> None:
    """Give the event another fingerprint key; all cursors of the one seen then get a full snapshot."""
    actions = [
        OfflineEvent.generation.set(seen.generation + 1),
        OfflineEvent.fingerprint_key.set(secrets.token_bytes(KEY_BYTES)),
    ]
    with suppress(operations.ConditionFailed):  # a concurrent build has given it one
        operations.record(
            operations.change(keys.offline.event(event_id), actions, OfflineEvent.generation == seen.generation)
        )


def append(event_id: str, present: Callable[[], States]) -> None:
    """Store states under the next number; `present` reads them, again in each try. Raises Unavailable."""
    for _ in retries.attempts(_ATTEMPTS):
        number = last_number(event_id)
        now = clock.now()
        item = OfflineChanges(
            *keys.offline.changes(event_id, number + 1),
            number=number + 1,
            states=states.packed(present()),
            written_at=now,
            ttl=int((now + _KEPT).timestamp()),
        )
        is_next = OfflineFeed.number == number if number else OfflineFeed.pk.does_not_exist()
        place = keys.offline.feed(event_id)
        try:
            operations.commit(
                operations.change(
                    place, [OfflineFeed.kind.set(OfflineFeed), OfflineFeed.number.set(number + 1)], is_next
                ),
                operations.put(item, OfflineChanges.pk.does_not_exist()),
            )
        except operations.ConditionFailed:
            continue  # another batch of the event, or our own try, whose answer was lost; states are read again
        return
    raise Unavailable(retry_after=1)


def last_number(event_id: str) -> int:
    """Return the last number of an event's feed; 0 before the first."""
    found = operations.get(keys.offline.feed(event_id))
    return found.number if found else 0


def _present(event_id: str, touched: _Touched) -> States:
    """Return the states of these things as they are stored, with those of all tickets that these cards open."""
    found = States()
    for card in operations.get_many(map(keys.cards.card, sorted(touched.cards))).values():
        found.cards[card.uid] = states.of_card(card, event_id)
    opened = {ticket_id for card in found.cards.values() for ticket_id in card.ticket_ids}
    for ticket in read_tickets(touched.tickets | opened):
        if ticket.event_id == event_id:
            found.tickets[ticket.ticket_id] = states.of_ticket(ticket)
    return found


def read_tickets(ticket_ids: Iterable[str]) -> Iterable[Ticket]:
    """Return the stored tickets with these ids, with strongly consistent reads."""
    return operations.get_many(map(keys.tickets.ticket, sorted(ticket_ids))).values()


def read(event_id: str, *, after: int, at: datetime, most: int = MOST_THINGS) -> Fed:
    """Return what the feed has after a number, in one request; `at` is when that number was the last one.

    It ends after the number with which there are `most` things or more.

    Only numbers without a gap count, since a query may see a later transaction and not yet an earlier one.
    """
    span = Between(keys.offline.changes(event_id, after + 1).sk, keys.offline.changes(event_id, _LAST).sk)
    asked_at = clock.now()
    raws = operations.query(keys.offline.feed(event_id).pk, span, limit=_MOST_ROWS, consistent=True)
    found, number = States(), after
    for raw in raws:
        item = OfflineChanges.from_raw_data(raw)
        if item.number != number + 1:
            break
        found.update(states.unpacked(bytes(item.states)))
        number, at = item.number, item.written_at
        if len(found.tickets) + len(found.cards) >= most:
            break
    has_more = number < after + len(raws) or len(raws) == _MOST_ROWS
    return Fed(found, number, at if has_more else asked_at, has_more)
