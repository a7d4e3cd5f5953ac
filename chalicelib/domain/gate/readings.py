"""Readings at a gate, and the data that is loaded for them before a ticket is written."""

import hashlib
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from chalicelib import clock
from chalicelib.domain.admission import CardFacts, Case, Presented, TicketFacts, heading
from chalicelib.domain.cards import cards
from chalicelib.domain.events import gate_control
from chalicelib.domain.gate import sun
from chalicelib.domain.tickets import credentials
from chalicelib.errors import NotAssigned
from chalicelib.identifiers import log_id_of
from chalicelib.table import keys, operations
from chalicelib.table.items import Card
from chalicelib.vocabulary.gate import Direction, ScanKind, ScanSource, Signature

# A second reading of a card by the same caller within this time of its admission repeats that (D-GATE-21).
REPEAT_WINDOW = timedelta(seconds=2)


def is_near(one: datetime, other: datetime) -> bool:
    """Whether two readings are within REPEAT_WINDOW, in either order: replayed ones may arrive in any."""
    return abs(one - other) <= REPEAT_WINDOW


class Caller(Struct, frozen=True):
    """The scanning principal: an usher, a device or a member of staff, at one event.

    `moved`: when a device was moved to its gate, and from which.
    """

    id: str
    event_id: str
    name: str | None = None
    gate: str | None = None
    source: ScanSource = ScanSource.ONLINE
    moved: tuple[datetime, str] | None = None

    def gate_at(self, at: datetime) -> str | None:
        """Return the caller's gate at a moment: what a device kept until it was moved was at the gate before."""
        return self.moved[1] if self.moved is not None and at < self.moved[0] else self.gate


class SunMessage(Struct, frozen=True):
    """A Secure Unique NFC message as read, both parts in hex."""

    picc_data: str
    cmac: str


class Reading(Struct, frozen=True):
    """One reading: exactly one of `uid`, `code` (a QR's text), `ticket_id`, or `sun` (with or without `uid`).

    `scanned_at` is the time of the reading, corrected to the platform's clock; None means now. `note` is what the usher
    wrote about a leave or a return, `seq` the number that the device gave its record.
    """

    scan_id: str
    uid: str | None = None
    code: str | None = None
    ticket_id: str | None = None
    sun: SunMessage | None = None
    event_id: str | None = None
    gate: str | None = None
    scanned_at: datetime | None = None
    direction: Direction = Direction.ENTRY
    kind: ScanKind = ScanKind.SCAN
    note: str | None = None
    seq: int | None = None

    @property
    def heading(self) -> Direction:
        """The direction in which the attendee goes."""
        return heading(self.kind, self.direction)


class FoundReading(Struct, frozen=True):
    """A reading with its card, ticket ids and event settings, before any ticket is written."""

    caller: Caller
    reading: Reading
    control: gate_control.GateControl
    now: datetime
    subject: str
    presented: Presented
    card: Card | None
    ticket_ids: tuple[str, ...]
    # Tickets of the card that another scan has admitted.
    passed_over: tuple[str, ...] = ()
    has_tickets_elsewhere: bool = False
    # The presented UID, where no card with it is registered.
    unknown_uid: str | None = None

    @property
    def card_was_refused(self) -> bool:
        """Whether the card was refused at this event before, by this scan or another."""
        return self.card is not None and self.caller.event_id in (self.card.refused_at or ())

    @property
    def at(self) -> datetime:
        """The time of the reading, at most now."""
        return min(self.reading.scanned_at or self.now, self.now)

    @property
    def gate(self) -> str | None:
        """The gate in the reading, else the caller's gate."""
        return self.reading.gate or self.caller.gate_at(self.at)

    @property
    def log_id(self) -> str:
        """The id of the log entry that this scan will have."""
        scan_key = f"{self.caller.id}/{self.reading.scan_id}/{self.subject}"
        return log_id_of(scan_key, decided_at=self.now)

    def case(self, ticket: TicketFacts | None) -> Case:
        """Return the input of the admission rule for one ticket."""
        card = None
        if self.card is not None:
            card = CardFacts(
                status=self.card.status,
                type=self.card.type,
                last_counter=self.card.sun_counter,
            )
        return Case(
            presented=self.presented,
            card=card,
            ticket=ticket,
            event=self.control.facts,
            at=self.at,
            direction=self.reading.direction,
            kind=self.reading.kind,
        )


def look_at(caller: Caller, reading: Reading, *, spend: bool) -> FoundReading:
    """Return a reading with its card and ticket ids; `spend` claims a SUN message's counter.

    Raises NotAssigned, NotFound.
    """
    if reading.event_id is not None and reading.event_id != caller.event_id:
        raise NotAssigned
    control = gate_control.control(caller.event_id)
    now = clock.now()
    if reading.code is not None:
        code = credentials.decode(reading.code)
        if code is None:
            subject = f"code:{hashlib.sha256(reading.code.encode()).hexdigest()[:16]}"
            bad = Presented(signature=Signature.BAD)
            return FoundReading(caller, reading, control, now, subject, bad, None, ())
        good = Presented(signature=Signature.GOOD, credential=code.credential)
        return FoundReading(caller, reading, control, now, code.ticket_id, good, None, (code.ticket_id,))
    if reading.ticket_id is not None:
        ticket_id = reading.ticket_id
        return FoundReading(caller, reading, control, now, ticket_id, Presented(), None, (ticket_id,))
    return _look_by_card(caller, reading, control, now, spend=spend)


def _read_card(reading: Reading, *, own_key: str, spend: bool) -> tuple[str | None, Card | None, Presented]:
    """Return the UID, its card, and the proof that was presented."""
    uid = reading.uid
    if reading.sun is None:
        return uid, _card(uid), Presented(by_card=True)
    opened = sun.open_message(reading.sun.picc_data, reading.sun.cmac)
    if opened is None:
        return uid, _card(uid), Presented(by_card=True, signature=Signature.BAD)
    tap, key_version = opened.tap, opened.key_version
    matches = uid is None or uid == tap.uid
    uid = uid or tap.uid
    card, fresh = None, True
    if spend and matches:
        card, fresh = cards.claim_counter(uid, counter=tap.counter, key_version=key_version, scan_key=own_key)
    card = card or _card(uid)
    if card is not None and cards.has_newer_keys(card, key_version):
        return uid, card, Presented(by_card=True, signature=Signature.BAD)
    # A counter claimed by this same scan is not a replay.
    counter = None if spend and fresh else tap.counter
    return uid, card, Presented(by_card=True, signature=Signature.GOOD, counter=counter, uid_matches=matches)


def _card(uid: str | None) -> Card | None:
    return operations.get(keys.cards.card(uid)) if uid is not None else None


def _passed_over(card: Card, tickets: list[str], *, own_key: str, at: datetime) -> tuple[str, ...]:
    """Return the tickets that other scans admitted, but not one that this reading may repeat."""
    caller = own_key[: own_key.index("/") + 1]

    def is_over(ticket_id: str) -> bool:
        scan_key, admitted_ms = card.admitted.get(ticket_id, own_key), card.admitted_at.get(ticket_id)
        may_repeat = (
            scan_key.startswith(caller)
            and admitted_ms is not None
            and is_near(at, datetime.fromtimestamp(admitted_ms / 1000, UTC))
        )
        return bool(scan_key != own_key and not may_repeat)

    return tuple(ticket_id for ticket_id in tickets if is_over(ticket_id))


def _look_by_card(
    caller: Caller, reading: Reading, control: gate_control.GateControl, now: datetime, *, spend: bool
) -> FoundReading:
    own_key = f"{caller.id}/{reading.scan_id}"
    uid, card, presented = _read_card(reading, own_key=own_key, spend=spend)
    mine = card.tickets.get(control.facts.event_id, []) if card else []
    # With re-entry, an admitted ticket may be outside again, so none is passed over.
    at = min(reading.scanned_at or now, now)
    passed = () if card is None or control.facts.re_entry_allowed else _passed_over(card, mine, own_key=own_key, at=at)
    return FoundReading(
        caller,
        reading,
        control,
        now,
        f"card:{uid}",
        presented,
        card,
        tuple(t for t in mine if t not in passed),
        passed,
        has_tickets_elsewhere=bool(card and card.tickets and not mine),
        unknown_uid=uid if card is None else None,
    )
