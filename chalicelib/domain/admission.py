"""The admission rule as a pure function: whether a scan is admitted, and if not, why.

The contract defines the order of its checks, the same everywhere: signature, known, event, card, ticket, event
window, already admitted. `tests/vectors/admission.json` holds it as data that any program can run.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec import Struct

from chalicelib.vocabulary.cards import CardStatus, CardType
from chalicelib.vocabulary.events import EventStatus
from chalicelib.vocabulary.gate import Direction, Presence, Reason, ScanKind, ScanResult, Signature
from chalicelib.vocabulary.tickets import TicketStatus

# Default for events without gate times: gates open this long before the start and close at the end.
OPENS_BEFORE_START = timedelta(hours=3)


class Presented(Struct, frozen=True):
    """The card or QR code that was scanned.

    `signature` is the verification result of a signed QR or SUN message. `counter` is the read counter of a SUN
    message. `uid_matches` is whether the UID in it equals the UID read. `credential` is the number in a QR.
    """

    by_card: bool = False
    signature: Signature = Signature.NONE
    credential: int | None = None
    counter: int | None = None
    uid_matches: bool = True


class CardFacts(Struct, frozen=True):
    """The stored state of the card. `last_counter` is the highest accepted read counter."""

    status: CardStatus
    type: CardType = CardType.UID
    last_counter: int = -1


class TicketFacts(Struct, frozen=True):
    """The stored state of the ticket."""

    event_id: str
    status: TicketStatus
    credential: int = 1
    presence: Presence | None = None


class EventFacts(Struct, frozen=True):
    """The state of the event that the rule needs."""

    event_id: str
    status: EventStatus
    opens_at: datetime
    closes_at: datetime
    scanning_enabled: bool = True
    re_entry_allowed: bool = False


class Case(Struct, frozen=True):
    """The input of the rule: one scan with the stored state.

    A leave goes out and a return goes in; `direction` is not asked then. People who are only counted are no case.
    """

    presented: Presented
    card: CardFacts | None
    ticket: TicketFacts | None
    event: EventFacts
    at: datetime
    direction: Direction = Direction.ENTRY
    kind: ScanKind = ScanKind.SCAN

    @property
    def goes_out(self) -> bool:
        """Whether the attendee wants to go out: an exit or a leave."""
        return heading(self.kind, self.direction) is Direction.EXIT


class Verdict(Struct, frozen=True):
    """The result of the rule. `reason` is set if the result is `invalid`."""

    result: ScanResult
    reason: Reason | None = None

    @property
    def admits(self) -> bool:
        """Whether the attendee may pass."""
        return self.result is ScanResult.VALID


def heading(kind: ScanKind, direction: Direction) -> Direction:
    """Return the direction in which the attendee goes; only an ordinary scan has a choice."""
    return {ScanKind.LEAVE: Direction.EXIT, ScanKind.RETURN: Direction.ENTRY}.get(kind, direction)


VALID = Verdict(ScanResult.VALID)
_NOT_FOUND = Verdict(ScanResult.NOT_FOUND)
_ALREADY = Verdict(ScanResult.ALREADY_SCANNED)

_CARD_REASONS = {
    CardStatus.BLOCKED: Reason.CARD_BLOCKED,
    CardStatus.LOST: Reason.CARD_BLOCKED,
    CardStatus.STOCK: Reason.CARD_NOT_ACTIVE,
    CardStatus.HELD: Reason.CARD_NOT_ACTIVE,
    CardStatus.REPLACED: Reason.CARD_NOT_ACTIVE,
}
_TICKET_REASONS = {
    TicketStatus.RESERVED: Reason.NOT_PAID,
    TicketStatus.CANCELLED: Reason.CANCELLED,
    TicketStatus.REFUNDED: Reason.REFUNDED,
    TicketStatus.TRANSFERRED: Reason.TRANSFERRED,
}


def _no(reason: Reason) -> Verdict:
    return Verdict(ScanResult.INVALID, reason)


def _signature(case: Case) -> Verdict | None:
    shown = case.presented
    if shown.by_card:
        secure = case.card is not None and case.card.type is CardType.SECURE
        old = case.card is not None and shown.counter is not None and shown.counter <= case.card.last_counter
        unproven = secure and shown.signature is not Signature.GOOD
        if shown.signature is Signature.BAD or not shown.uid_matches or unproven or old:
            return _no(Reason.CLONE_SUSPECTED)
    elif shown.signature is Signature.BAD:
        return _no(Reason.BAD_SIGNATURE)
    return None


def _known(case: Case) -> Verdict | None:
    unknown_card = case.presented.by_card and case.card is None
    return _NOT_FOUND if unknown_card or case.ticket is None else None


def _event(case: Case) -> Verdict | None:
    elsewhere = case.ticket is not None and case.ticket.event_id != case.event.event_id
    return _no(Reason.WRONG_EVENT) if elsewhere else None


def _card(case: Case) -> Verdict | None:
    reason = _CARD_REASONS.get(case.card.status) if case.card else None
    return _no(reason) if reason else None


def _ticket(case: Case) -> Verdict | None:
    if case.ticket is None:
        return None
    reason = _TICKET_REASONS.get(case.ticket.status)
    if reason is None and case.presented.credential not in (None, case.ticket.credential):
        reason = Reason.STALE_CREDENTIAL
    return _no(reason) if reason else None


def _window(case: Case) -> Verdict | None:
    event = case.event
    # Leaves and returns are a service of events with re-entry; at others they are switched off.
    if not event.scanning_enabled or (case.kind is not ScanKind.SCAN and not event.re_entry_allowed):
        return _no(Reason.SCANNING_DISABLED)
    if case.goes_out:
        return None  # an exit is allowed after the gates have closed
    if event.status is EventStatus.DRAFT or (event.status not in _OVER and case.at < event.opens_at):
        return _no(Reason.NOT_YET_OPEN)
    if event.status in _OVER or case.at >= event.closes_at:
        return _no(Reason.CLOSED)
    return None


_OVER = (EventStatus.ENDED, EventStatus.CANCELLED, EventStatus.ARCHIVED)


def _presence(case: Case) -> Verdict | None:
    presence = case.ticket.presence if case.ticket else None
    if case.goes_out:
        return None if presence is Presence.INSIDE else _no(Reason.ON_EXIT_NOT_INSIDE)
    if case.kind is ScanKind.RETURN:
        return None if presence is Presence.OUTSIDE else _no(Reason.ON_EXIT_NOT_INSIDE)
    may_return = presence is Presence.OUTSIDE and case.event.re_entry_allowed
    return None if presence is None or may_return else _ALREADY


_QUESTIONS: tuple[Callable[[Case], Verdict | None], ...] = (
    _signature,
    _known,
    _event,
    _card,
    _ticket,
    _window,
    _presence,
)


def decide(case: Case) -> Verdict:
    """Return the verdict: the first objection in the order of the checks, else valid."""
    for question in _QUESTIONS:
        verdict = question(case)
        if verdict is not None:
            return verdict
    return VALID


def objection_to_proof(case: Case) -> Verdict | None:
    """Return why what was presented does not prove itself, or None."""
    return _signature(case)


def objection_of_state(case: Case) -> Verdict | None:
    """Return why the event, card or ticket alone refuse the scan, or None: neither time, nor who is inside, counts."""
    return next((verdict for question in (_event, _card, _ticket) if (verdict := question(case)) is not None), None)


def objection_without_ticket(case: Case) -> bool:
    """Whether card, credential or event alone refuse the scan, so that no ticket write is needed."""
    return any(question(case) is not None for question in (_signature, _card, _window))
