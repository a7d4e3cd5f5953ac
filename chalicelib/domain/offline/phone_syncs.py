"""What an usher's phone keeps for its event: attendees and cards, in pages of JSON, then the changes of them.

All pages of one full sync have the cursor that was read before the first of them. A change that a later page has
already is in the next delta again.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from msgspec import Struct

from chalicelib import clock
from chalicelib.domain import paging
from chalicelib.domain.lists.tickets import TICKETS
from chalicelib.domain.offline import builds, cursors, feed, snapshot_format, states
from chalicelib.domain.offline.cursors import Cursor
from chalicelib.domain.offline.feed import Fed
from chalicelib.domain.offline.snapshot_format import REMOVED, GateCard
from chalicelib.errors import InvalidCursor, Unavailable
from chalicelib.table import keys, operations
from chalicelib.table.items import Card, OfflineEvent, Ticket
from chalicelib.table.places import whose
from chalicelib.table.ranges import After
from chalicelib.vocabulary.cards import CardStatus

ThingT = TypeVar("ThingT")
LIFETIME = timedelta(hours=24)
ATTENDEES, CARDS = "attendees", "cards"
# Tickets of a page; with the longest texts these are less than 5 MB.
_PAGE = 1_500


class KeptCard(Struct, frozen=True):
    """A card as a phone keeps it, by its fingerprint in hex."""

    fingerprint: str
    state: GateCard

    @property
    def status(self) -> CardStatus:
        """The card's status."""
        return states.card_status(self.state)


class Sync(Struct, Generic[ThingT], frozen=True):
    """A page of a sync: of a full one, or of what changed. `deleted` names what a phone must forget."""

    results: Sequence[ThingT]
    deleted: Sequence[str]
    next: str | None
    cursor: str
    full: bool
    fingerprint_key: bytes
    generated_at: datetime

    @property
    def expires_at(self) -> datetime:
        """When a phone may no longer decide by it."""
        return self.generated_at + LIFETIME


class _Page(Struct, frozen=True):
    """A place in a full sync: the cursor of all its pages, a shard of the list, and the row before the next one."""

    cursor: Cursor
    shard: int = 0
    after: str = ""

    def sealed(self, what: str, event_id: str) -> str:
        moment = round(self.cursor.at.timestamp() * 1000)
        values = [self.cursor.number, moment, self.cursor.generation, self.shard, self.after]
        return paging.seal(json.dumps(values), bound_to=f"page of {what} {event_id}")

    @classmethod
    def opened(cls, text: str, what: str, event_id: str) -> "_Page | None":
        try:
            values = json.loads(paging.unseal(text, bound_to=f"page of {what} {event_id}"))
        except InvalidCursor:
            return None
        number, moment, generation, shard, after = values
        return cls(Cursor(number, datetime.fromtimestamp(moment / 1000, UTC), 0, generation), shard, after)


def attendees(event_id: str, *, since: str | None, page_size: int = _PAGE) -> Sync[Ticket]:
    """Return a page of the attendees of an event. Raises InvalidCursor, Unavailable."""
    return _sync(_Asked(ATTENDEES, event_id, since, page_size), _full_tickets, _changed_tickets)


def cards(event_id: str, *, since: str | None, page_size: int = _PAGE) -> Sync[KeptCard]:
    """Return a page of the cards that open tickets of an event. Raises InvalidCursor, Unavailable.

    A card that opens several tickets may be on several pages.
    """
    return _sync(_Asked(CARDS, event_id, since, page_size), _full_cards, _changed_cards)


# Returns what a page shows of some tickets, or a delta of what was fed, with what is deleted.
_OfPage = Callable[[str, bytes, Sequence[Ticket]], Sequence[ThingT]]
_OfDelta = Callable[[str, bytes, Fed], tuple[Sequence[ThingT], Sequence[str]]]


class _Asked(Struct, frozen=True):
    """What a phone asks for; `size` bounds the tickets of a page."""

    what: str
    event_id: str
    since: str | None
    size: int


def _sync(asked: _Asked, of_page: _OfPage[Any], of_delta: _OfDelta[Any]) -> Sync[Any]:
    what, event_id, since = asked.what, asked.event_id, asked.since
    settings = feed.begin(event_id)
    key, now = bytes(settings.fingerprint_key), clock.now()
    page = _Page.opened(since, what, event_id) if since else None
    cursor = cursors.opened(since, what, event_id) if since and page is None else None
    if cursor is not None and not cursor.is_old and cursor.generation == settings.generation:
        fed = feed.read(event_id, after=cursor.number, at=cursor.at, most=asked.size)
        results, deleted = of_delta(event_id, key, fed)
        text = Cursor(fed.number, fed.at, 0, settings.generation).sealed(what, event_id)
        return Sync(
            results, deleted, text if fed.has_more else None, text, full=False, fingerprint_key=key, generated_at=now
        )
    if page is None:
        page = _first_page(event_id, settings)
    elif page.cursor.is_old or page.cursor.generation != settings.generation:
        raise InvalidCursor("This sync was begun too long ago. Start again without a cursor.")
    found, following = _tickets(event_id, page, asked.size)
    return Sync(
        of_page(event_id, key, found),
        [],
        following.sealed(what, event_id) if following else None,
        page.cursor.sealed(what, event_id),
        full=True,
        fingerprint_key=key,
        generated_at=page.cursor.at,
    )


def _first_page(event_id: str, settings: OfflineEvent) -> _Page:
    """Return the beginning of a full sync. Raises Unavailable until every container feeds the event's changes."""
    wait = settings.started_at + feed.FED_AFTER - clock.now()
    if wait > timedelta(0):
        raise Unavailable("This event is being prepared. Ask again shortly.", retry_after=int(wait.total_seconds()) + 1)
    now = clock.now()
    return _Page(Cursor(feed.last_number(event_id), now, 0, settings.generation))


def _tickets(event_id: str, page: _Page, size: int) -> tuple[list[Ticket], _Page | None]:
    """Return the tickets of a page, and the next page."""
    ids: list[str] = []
    shard, after = page.shard, page.after
    while shard < TICKETS.shards and len(ids) < size:
        limit = size - len(ids)
        raws = operations.query(
            builds.partition(event_id, shard), After(after) if after else None, limit=limit, consistent=True
        )
        ids += [whose(raw["item_pk"]["S"]) for raw in raws]
        shard, after = (shard, raws[-1]["sk"]["S"]) if len(raws) == limit else (shard + 1, "")
    found = sorted(feed.read_tickets(ids), key=lambda ticket: ticket.ticket_id)
    return found, _Page(page.cursor, shard, after) if shard < TICKETS.shards else None


def _full_tickets(_event_id: str, _key: bytes, tickets: Sequence[Ticket]) -> Sequence[Ticket]:
    return tickets


def _changed_tickets(event_id: str, _key: bytes, fed: Fed) -> tuple[Sequence[Ticket], Sequence[str]]:
    found = {ticket.ticket_id: ticket for ticket in feed.read_tickets(fed.states.tickets)}
    deleted = [ticket_id for ticket_id in fed.states.tickets if ticket_id not in found]
    return [ticket for ticket in found.values() if ticket.event_id == event_id], deleted


def _full_cards(event_id: str, key: bytes, tickets: Sequence[Ticket]) -> Sequence[KeptCard]:
    places = {keys.cards.card(ticket.card_uid): None for ticket in tickets if ticket.card_uid}
    read: Iterator[Card] = iter(operations.get_many(places).values())
    kept = (_kept(key, states.of_card(card, event_id)) for card in read)
    return [card for card in kept if card.state.status != REMOVED]


def _changed_cards(_event_id: str, key: bytes, fed: Fed) -> tuple[Sequence[KeptCard], Sequence[str]]:
    kept = [_kept(key, state) for state in fed.states.cards.values()]
    gone = [card.fingerprint for card in kept if card.state.status == REMOVED]
    return [card for card in kept if card.state.status != REMOVED], gone


def _kept(key: bytes, state: GateCard) -> KeptCard:
    return KeptCard(snapshot_format.card_fingerprint(key, state.uid).hex(), state)
