"""Looking into a snapshot: sorted columns in memory, and the changes of later deltas beside them.

A hundred thousand tickets take some 5 MB. A look-up is a binary search.
"""

import base64
import hashlib
import hmac
from array import array
from bisect import bisect_left
from collections import ChainMap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from ulid import ULID

from reader_agent.admission import Presence
from reader_agent.snapshot.package import FINGERPRINT_BYTES, Event, Head, Package, SnapshotRefused

_TICKET_STATUSES = {0: "valid", 1: "reserved", 2: "cancelled", 3: "refunded", 4: "transferred"}
_CARD_STATUSES = {0: "active", 1: "blocked", 2: "lost", 3: "stock", 4: "held", 5: "replaced"}
_PRESENCES: dict[int, Presence | None] = {0: None, 1: "inside", 2: "outside"}
_REMOVED = 7
_SINCE_ZERO = 2**31


@dataclass(frozen=True, slots=True)
class KnownTicket:
    """A ticket as the snapshot knows it; `since` is the time of its last passage."""

    fingerprint: int
    status: str
    presence: Presence | None
    credential: int
    since: datetime | None
    is_disputed: bool


@dataclass(frozen=True, slots=True)
class KnownCard:
    """A card as the snapshot knows it; `tickets` are the fingerprints of what it opens, in its order."""

    fingerprint: int
    status: str
    is_secure: bool
    tickets: tuple[int, ...]
    counter: int


@dataclass(frozen=True, slots=True)
class _TicketRow:
    state: int
    credential: int
    since: int


@dataclass(frozen=True, slots=True)
class _CardRow:
    state: int
    tickets: tuple[int, ...]
    counter: int


_Byte = Annotated[int, Field(ge=0, lt=2**8)]
_Number = Annotated[int, Field(ge=-1, lt=2**32)]
_Fingerprint = Annotated[int, Field(ge=0, lt=2 ** (8 * FINGERPRINT_BYTES))]


class ExcerptTicket(BaseModel):
    """A ticket of an excerpt: its state as the format has it, and its last passage in seconds since 1970, or 0."""

    model_config = ConfigDict(frozen=True)
    state: _Byte
    credential: _Number = 0
    since: _Number = 0


class ExcerptCard(BaseModel):
    """A card of an excerpt: its state as the format has it, what it opens, and its counter."""

    model_config = ConfigDict(frozen=True)
    state: _Byte
    tickets: Annotated[tuple[_Fingerprint, ...], Field(max_length=255)] = ()
    counter: _Number = -1


class Excerpt(BaseModel):
    """What a snapshot says of one card or code, by fingerprints, and of the event: as of a time of the platform."""

    model_config = ConfigDict(frozen=True)
    as_of: AwareDatetime
    event: Event
    tickets: Annotated[dict[_Fingerprint, ExcerptTicket], Field(max_length=255)]
    cards: Annotated[dict[_Fingerprint, ExcerptCard], Field(max_length=1)]


@dataclass(frozen=True)
class Snapshot:
    """A full snapshot with the deltas that were applied to it. It never changes: `with_delta` returns the next one."""

    head: Head
    _base: Package
    _tickets: Mapping[int, _TicketRow] = field(default_factory=dict)
    _cards: Mapping[int, _CardRow] = field(default_factory=dict)

    @classmethod
    def of(cls, full: Package) -> "Snapshot":
        """Return the snapshot in a full package. Raises SnapshotRefused for a delta."""
        if full.head.since is not None:
            raise SnapshotRefused("the answer has only the changes of a snapshot that is not here")
        return cls(head=full.head, _base=full)

    @property
    def epoch(self) -> datetime:
        """The moment from which the times of passages count."""
        head = self._base.head
        return (head.epoch or head.generated_at).replace(microsecond=0)

    @property
    def begun_with(self) -> str:
        """The name of the key that signed the full snapshot, the first of the chain."""
        return self._base.head.key_id

    @property
    def fingerprint_key(self) -> bytes:
        """The event's key of fingerprints."""
        text = self.head.fingerprint_key
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

    @cached_property
    def ticket_count(self) -> int:
        """How many tickets it has, with those that the changes added; the head counts its own part only."""
        kept = sum(row.state & 7 != _REMOVED for row in self._tickets.values())
        replaced = sum(_find(self._base.tickets, fingerprint) is not None for fingerprint in self._tickets)
        return len(self._base.tickets) + kept - replaced

    def with_delta(self, delta: Package) -> "Snapshot":
        """Return this snapshot with the changes of a delta. Raises SnapshotRefused where it does not follow."""
        if delta.head.since != self.head.cursor:
            raise SnapshotRefused("the changes do not follow the snapshot that is here")
        if delta.head.fingerprint_key != self.head.fingerprint_key:
            raise SnapshotRefused("the changes have another fingerprint key: the whole snapshot is needed")
        if delta.head.generated_at < self.head.generated_at:
            raise SnapshotRefused("the changes are older than the snapshot that is here")
        tickets, cards = dict(self._tickets), dict(self._cards)
        for place, fingerprint in enumerate(delta.tickets):
            tickets[fingerprint] = _ticket_row(delta, place)
        for place, fingerprint in enumerate(delta.cards):
            cards[fingerprint] = _card_row(delta, place)
        return replace(self, head=delta.head, _tickets=tickets, _cards=cards)

    def excerpt_of_code(self, ticket: int) -> Excerpt:
        """Return what this snapshot says of the ticket of a code, by its fingerprint."""
        return self._excerpt([ticket], {})

    def excerpt_of_card(self, card: int) -> Excerpt:
        """Return what this snapshot says of a card, by its fingerprint, and of the tickets that it opens."""
        row = self._card_row(card) or _CardRow(_REMOVED, (), -1)
        shown = ExcerptCard(state=row.state, tickets=row.tickets, counter=row.counter)
        return self._excerpt(row.tickets, {card: shown})

    def _excerpt(self, tickets: Iterable[int], cards: dict[int, ExcerptCard]) -> Excerpt:
        rows = {ticket: self._excerpt_of(ticket) for ticket in tickets}
        return Excerpt(as_of=self.head.generated_at, event=self.head.event, tickets=rows, cards=cards)

    def _excerpt_of(self, fingerprint: int) -> ExcerptTicket:
        row = self._ticket_row(fingerprint) or _TicketRow(_REMOVED, 0, 0)
        since = int(self.epoch.timestamp()) + row.since - _SINCE_ZERO if row.since else 0
        return ExcerptTicket(state=row.state, credential=row.credential, since=max(since, 0))

    def with_newer(self, excerpt: Excerpt) -> "Snapshot":
        """Return this snapshot with what a newer one of the same event says; an older one changes nothing."""
        event = excerpt.event
        if excerpt.as_of <= self.head.generated_at or event.event_id != self.head.event.event_id:
            return self
        zero = int(self.epoch.timestamp()) - _SINCE_ZERO
        tickets = {
            each: _TicketRow(row.state, row.credential, row.since - zero if row.since else 0)
            for each, row in excerpt.tickets.items()
        }
        cards = {each: _CardRow(row.state, row.tickets, row.counter) for each, row in excerpt.cards.items()}
        return replace(
            self,
            head=self.head.model_copy(update={"event": event}),
            _tickets=ChainMap(tickets, self._tickets),  # type: ignore[arg-type]  # it changes neither
            _cards=ChainMap(cards, self._cards),  # type: ignore[arg-type]
        )

    def fingerprint_of_ticket(self, ulid: bytes) -> int:
        """Return the fingerprint of a ticket's ULID."""
        return _fingerprint(self.fingerprint_key, b"ticket\x00" + ulid)

    def fingerprint_of_ticket_id(self, ticket_id: str) -> int | None:
        """Return the fingerprint of a ticket's id, or None where it is no such id."""
        try:
            return self.fingerprint_of_ticket(ULID.from_str(ticket_id.removeprefix("tkt_")).bytes)
        except ValueError:
            return None

    def fingerprint_of_card(self, uid: str) -> int:
        """Return the fingerprint of a card's UID in hex."""
        return _fingerprint(self.fingerprint_key, b"card\x00" + bytes.fromhex(uid))

    def ticket(self, fingerprint: int) -> KnownTicket | None:
        """Return a ticket, or None where the snapshot has none, or says that it was removed."""
        row = self._ticket_row(fingerprint)
        if row is None or row.state & 7 == _REMOVED:
            return None
        since = None if row.since == 0 else self.epoch + timedelta(seconds=row.since - _SINCE_ZERO)
        return KnownTicket(
            fingerprint=fingerprint,
            # A status that is not known is no reason to admit.
            status=_TICKET_STATUSES.get(row.state & 7, "cancelled"),
            presence=_PRESENCES.get(row.state >> 3 & 3, "inside"),
            credential=row.credential,
            since=since,
            is_disputed=bool(row.state & 32),
        )

    def card(self, uid: str) -> KnownCard | None:
        """Return a card by its UID in hex, or None where the snapshot has none, or says that it was removed."""
        fingerprint = self.fingerprint_of_card(uid)
        row = self._card_row(fingerprint)
        if row is None or row.state & 7 == _REMOVED:
            return None
        return KnownCard(
            fingerprint=fingerprint,
            status=_CARD_STATUSES.get(row.state & 7, "blocked"),
            is_secure=bool(row.state & 8),
            tickets=row.tickets,
            counter=row.counter,
        )

    def _ticket_row(self, fingerprint: int) -> _TicketRow | None:
        row = self._tickets.get(fingerprint)
        place = _find(self._base.tickets, fingerprint) if row is None else None
        return row if place is None else _ticket_row(self._base, place)

    def _card_row(self, fingerprint: int) -> _CardRow | None:
        row = self._cards.get(fingerprint)
        place = _find(self._base.cards, fingerprint) if row is None else None
        return row if place is None else _card_row(self._base, place)


def _fingerprint(key: bytes, content: bytes) -> int:
    return int.from_bytes(hmac.digest(key, content, hashlib.sha256)[:FINGERPRINT_BYTES])


def _find(column: "array[int]", fingerprint: int) -> int | None:
    place = bisect_left(column, fingerprint)
    return place if place < len(column) and column[place] == fingerprint else None


def _ticket_row(package: Package, place: int) -> _TicketRow:
    return _TicketRow(package.ticket_states[place], package.credentials[place], package.since[place])


def _card_row(package: Package, place: int) -> _CardRow:
    links = package.links[package.link_starts[place] : package.link_starts[place + 1]]
    return _CardRow(package.card_states[place], tuple(links), package.counters.get(package.cards[place], -1))
