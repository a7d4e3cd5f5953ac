"""Maps a table change to the live messages that it causes, each with its channel."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from chalicelib import clock
from chalicelib.domain.access import devices
from chalicelib.domain.background.changes import Change
from chalicelib.domain.events import events
from chalicelib.domain.gate import checkin_log, checkin_totals
from chalicelib.domain.gate.checkin_log import CheckinEntry
from chalicelib.domain.live import channels
from chalicelib.domain.money import Money
from chalicelib.domain.organizations import numbered_tickets
from chalicelib.domain.payments import own_payments, reconciliation
from chalicelib.domain.tickets import own_tickets
from chalicelib.domain.tickets.own_tickets import OwnTicket
from chalicelib.table import keys, operations
from chalicelib.table.items import (
    CardBalance,
    ConflictAddress,
    Device,
    EditRequest,
    Event,
    Item,
    NumberedTicket,
    NumberRange,
    Order,
    Payment,
    RefundRequest,
    Scan,
    Ticket,
)
from chalicelib.table.places import Place
from chalicelib.vocabulary.gate import Reason
from chalicelib.vocabulary.messages import Fact, LiveType
from chalicelib.vocabulary.payments import OrderStatus
from chalicelib.vocabulary.tickets import TicketStatus
from chalicelib.vocabulary.work import JobStatus

# Larger ranges are published without their tickets; a list of this size fits into one frame (AWS: 32 KB).
TICKETS_TOLD = 50


class ChannelEvent(Struct, frozen=True):
    """A live message to render; `subject` is a domain object, which the API layer renders."""

    channel: str
    type: LiveType
    source: str
    at: datetime
    subject: Any


class CardMoney(Struct, frozen=True):
    """The current balance of a customer's card."""

    card_id: str
    uid: str
    balance: Money


class StaffActivity(Struct, frozen=True):
    """An entry of the live activity list for staff."""

    action: str
    entity_type: str
    entity_id: str
    event_id: str | None = None


class ScanConflict(Struct, frozen=True):
    """A contradiction that staff must review: a card that may be a clone, or a conflict of the check-in log."""

    kind: str
    entry: CheckinEntry


class TicketWithNumber(Struct, frozen=True):
    """An organization's ticket, and its number as printed."""

    ticket: NumberedTicket
    number: str


class GeneratedRange(Struct, frozen=True):
    """A generated range; `tickets` is None for more than `TICKETS_TOLD`."""

    range: NumberRange
    tickets: list[TicketWithNumber] | None


def found_in(changes: Sequence[Change]) -> list[ChannelEvent]:
    """Return the messages that these changes cause, in order; card balances are last."""
    found = [finding for change in changes for finder in _FINDERS for finding in finder(change)]
    return [*found, *_card_money(changes)]


def completed(findings: Sequence[ChannelEvent]) -> list[ChannelEvent]:
    """Return findings with attendee names and ticket details, which the changes lack; read in batches."""
    findings = _with_scans(findings)
    scanned = checkin_log.scanned_tickets(e.scan for e in map(_unnamed, findings) if e is not None)
    own = [f.subject for f in findings if f.type is LiveType.TICKET]
    # A transferred ticket occurs twice: for its former and for its new customer.
    around = {id(ticket): shown for ticket, shown in zip(own, own_tickets.around(own), strict=True)}
    made: list[ChannelEvent] = []
    for finding in findings:
        entry = _unnamed(finding)
        if entry is not None and entry.scan.ticket_id in scanned:
            named = checkin_log.entry_of(entry.scan, scanned[entry.scan.ticket_id])
            is_conflict = finding.type is LiveType.CONFLICT
            made.append(replace(finding, subject=replace(finding.subject, entry=named) if is_conflict else named))
        elif finding.type is LiveType.TICKET:
            shown: OwnTicket | None = around[id(finding.subject)]
            made += [replace(finding, subject=shown)] if shown is not None else []
        elif finding.type is LiveType.TICKETS_GENERATED:
            made.append(replace(finding, subject=_generated(finding.subject)))
        else:
            made.append(finding)
    return made


def _with_scans(findings: Sequence[ChannelEvent]) -> list[ChannelEvent]:
    """Return findings with the scans of conflicts, without those that a later record has withdrawn."""
    places = {f.source: _scan_of(f.subject) for f in findings if isinstance(f.subject, ConflictAddress)}
    scans = operations.get_many(places.values(), consistent=False)
    made: list[ChannelEvent] = []
    for finding in findings:
        place = places.get(finding.source) if isinstance(finding.subject, ConflictAddress) else None
        scan = scans.get(place) if place is not None else None
        if scan is not None and scan.conflict is not None:
            made.append(replace(finding, subject=ScanConflict(scan.conflict, CheckinEntry(scan, None))))
        elif place is None:
            made.append(finding)
    return made


def _scan_of(conflict: ConflictAddress) -> Place[Scan]:
    return Place(Scan, conflict.scan_pk, conflict.scan_sk)


def _unnamed(finding: ChannelEvent) -> CheckinEntry | None:
    """Return a finding's check-in entry where its attendee's name is still missing."""
    entry = finding.subject.entry if finding.type is LiveType.CONFLICT else finding.subject
    return entry if isinstance(entry, CheckinEntry) and entry.attendee_name is None else None


def _generated(made: NumberRange) -> GeneratedRange:
    is_few = int(made.quantity or 0) <= TICKETS_TOLD
    return GeneratedRange(
        made, [_numbered_ticket(each) for each in numbered_tickets.of_range(made)] if is_few else None
    )


def _numbered_ticket(ticket: NumberedTicket) -> TicketWithNumber:
    return TicketWithNumber(ticket, numbered_tickets.number_of(ticket))


# The gates


def _check_in(change: Change) -> Iterator[ChannelEvent]:
    before, after = change.before, change.after
    entry: CheckinEntry | None = None
    if isinstance(after, Ticket):
        # The stream's worker writes the record later; publishing here saves one hop.
        scan = checkin_totals.record_of_first_entry(before if isinstance(before, Ticket) else None, after)
        entry = checkin_log.entry_of(scan, after) if scan else None
    elif isinstance(after, Scan) and before is None and not after.counted:
        entry = CheckinEntry(after, None)
    if entry is None:
        return
    scan = entry.scan
    yield ChannelEvent(channels.of_event(scan.event_id), LiveType.CHECK_IN, scan.log_id, scan.decided_at, entry)
    if scan.reason == Reason.CLONE_SUSPECTED:
        conflict = ScanConflict("clone_suspected", entry)
        yield ChannelEvent(channels.ADMIN, LiveType.CONFLICT, scan.log_id, scan.decided_at, conflict)


def _conflict(change: Change) -> Iterator[ChannelEvent]:
    before, after = change.before, change.after
    was_open = isinstance(before, ConflictAddress) and before.is_open
    if isinstance(after, ConflictAddress) and after.is_open and not was_open:
        yield ChannelEvent(channels.ADMIN, LiveType.CONFLICT, change.position, clock.now(), after)


_OF_THE_GATE = (
    "status",
    "starts_at",
    "ends_at",
    "scanning_opens_at",
    "scanning_closes_at",
    "scanning_enabled",
    "re_entry_allowed",
)


def _status(change: Change) -> Iterator[ChannelEvent]:
    before, after = change.before, change.after
    if isinstance(after, Event) and isinstance(before, Event) and _differ(before, after, _OF_THE_GATE):
        channel = channels.of_event(after.event_id)
        yield ChannelEvent(channel, LiveType.STATUS, change.position, clock.now(), events.status_of(after))


# Customers


_OF_THE_TICKET = ("customer_id", "status", "holder_name", "dependent_id", "card_uid", "price")


def _ticket(change: Change) -> Iterator[ChannelEvent]:
    before, after = change.before, change.after
    if not isinstance(after, Ticket):
        return
    was = before if isinstance(before, Ticket) else None
    passed_first = after.admission is not None and (was is None or was.admission is None)
    if was is not None and not passed_first and not _differ(was, after, _OF_THE_TICKET):
        return
    now = clock.now()
    if was is not None and was.customer_id and was.customer_id != after.customer_id:
        # The former version: nothing about the new customer may leak to the former one.
        was.status = TicketStatus.TRANSFERRED
        yield ChannelEvent(channels.of_customer(was.customer_id), LiveType.TICKET, change.position, now, was)
    if after.customer_id:
        yield ChannelEvent(channels.of_customer(after.customer_id), LiveType.TICKET, change.position, now, after)


def _payment(change: Change) -> Iterator[ChannelEvent]:
    before, after = change.before, change.after
    if isinstance(after, Payment) and _has_turned(before, after):
        channel = channels.of_customer(after.customer_id)
        yield ChannelEvent(channel, LiveType.PAYMENT, change.position, clock.now(), own_payments.shown(after))


def _card_money(changes: Sequence[Change]) -> Iterator[ChannelEvent]:
    moved = [
        (change.position, change.after)
        for change in changes
        if isinstance(change.after, CardBalance)
        and (change.before.amount if isinstance(change.before, CardBalance) else 0) != change.after.amount
    ]
    cards = operations.get_many([keys.cards.card(balance.uid) for _, balance in moved], consistent=False)
    for position, balance in moved:
        card = cards.get(keys.cards.card(balance.uid))
        if card is not None and card.customer_id:
            money = CardMoney(card.card_id, card.uid, Money(balance.amount, balance.currency))
            channel = channels.of_customer(card.customer_id)
            yield ChannelEvent(channel, LiveType.CARD_BALANCE, position, clock.now(), money)


# Organizations


def _numbered(change: Change) -> Iterator[ChannelEvent]:
    before, after = change.before, change.after
    if isinstance(after, NumberedTicket) and isinstance(before, NumberedTicket):
        if before.scanned_at is None and after.scanned_at is not None:
            channel = channels.of_organization(after.organization_id)
            yield ChannelEvent(
                channel, LiveType.TICKET_SCANNED, after.ticket_id, after.scanned_at, _numbered_ticket(after)
            )
    elif isinstance(after, NumberRange) and after.status == JobStatus.COMPLETE and _has_turned(before, after):
        channel = channels.of_organization(after.owner_id)
        at = after.completed_at or clock.now()
        yield ChannelEvent(channel, LiveType.TICKETS_GENERATED, after.job_id, at, after)


# The staff


def _activity(change: Change) -> Iterator[ChannelEvent]:
    for activity in _activities(change.before, change.after):
        source = f"{activity.action}/{change.position}"
        yield ChannelEvent(channels.ADMIN, LiveType.ACTIVITY, source, clock.now(), activity)


# Items whose status changes are published: entity type and id attribute of each.
_WITH_STATUS: dict[type[Item], tuple[str, str]] = {
    Event: ("event", "event_id"),
    Order: ("order", "order_id"),
    RefundRequest: ("refund_request", "refund_id"),
    EditRequest: ("edit_request", "request_id"),
}


def _activities(before: Item | None, after: Item | None) -> Iterator[StaffActivity]:
    if isinstance(after, Device):
        was = before if isinstance(before, Device) else None
        for fact in devices.facts_of_change(was, after):
            yield StaffActivity(fact.fact.value, "device", after.device_id, after.event_id)
        if after.silent_since is not None and was is not None and was.silent_since is None:
            yield StaffActivity(Fact.DEVICE_SILENT.value, "device", after.device_id, after.event_id)
    elif isinstance(after, Payment):
        for moved in reconciliation.moved(before if isinstance(before, Payment) else None, after):
            yield StaffActivity(moved.fact.value, "payment", after.payment_id, after.event_id)
    elif isinstance(after, (Event, Order, RefundRequest, EditRequest)) and _has_turned(before, after):
        if isinstance(after, Order) and after.status != OrderStatus.PAID:
            return  # reservations come and go
        kind, name = _WITH_STATUS[type(after)]
        yield StaffActivity(f"{kind}.{after.status}", kind, getattr(after, name), after.event_id)


def _has_turned(before: Item | None, after: Item) -> bool:
    """Return whether an item's status has changed."""
    return before is None or getattr(before, "status", None) != getattr(after, "status", None)


def _differ(before: Item, after: Item, names: Sequence[str]) -> bool:
    return any(getattr(before, name) != getattr(after, name) for name in names)


_FINDERS: tuple[Callable[[Change], Iterator[ChannelEvent]], ...] = (
    _check_in,
    _conflict,
    _status,
    _ticket,
    _payment,
    _numbered,
    _activity,
)
