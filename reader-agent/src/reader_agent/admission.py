"""The rule of the gate, for decisions without the platform: what is asked, in which order, with which answer.

It is the agent's own program. The cases of the platform's `tests/vectors/admission.json` hold both to one result.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Result = Literal["valid", "invalid", "already_scanned", "not_found"]
Signature = Literal["none", "good", "bad"]
Presence = Literal["inside", "outside"]
Direction = Literal["entry", "exit"]
Kind = Literal["scan", "leave", "return"]

_OVER = frozenset({"ended", "cancelled", "archived"})
_CARD_OBJECTIONS = {
    "blocked": "card_blocked",
    "lost": "card_blocked",
    "stock": "card_not_active",
    "held": "card_not_active",
    "replaced": "card_not_active",
}
_TICKET_OBJECTIONS = {
    "reserved": "not_paid",
    "cancelled": "cancelled",
    "refunded": "refunded",
    "transferred": "transferred",
}


@dataclass(frozen=True, slots=True)
class Presented:
    """What was shown at the gate.

    `signature`: what a signed code or a secure card's message proved. `counter` and `uid_matches` belong to such a
    message, `credential` to a code.
    """

    by_card: bool
    signature: Signature = "none"
    credential: int | None = None
    counter: int | None = None
    uid_matches: bool = True


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What is known of the card; `last_counter` is the highest read counter that was accepted."""

    status: str
    type: str = "uid"
    last_counter: int = -1


@dataclass(frozen=True, slots=True)
class TicketFacts:
    """What is known of the ticket; `presence` is None before the first entry."""

    event_id: str
    status: str
    credential: int
    presence: Presence | None = None


@dataclass(frozen=True, slots=True)
class EventFacts:
    """What is known of the event."""

    event_id: str
    status: str
    opens_at: datetime
    closes_at: datetime
    scanning_enabled: bool
    re_entry_allowed: bool


@dataclass(frozen=True, slots=True)
class Case:
    """One reading, with all that decides it. A leave goes out and a return goes in; `direction` does not count then."""

    presented: Presented
    card: CardFacts | None
    ticket: TicketFacts | None
    event: EventFacts
    at: datetime
    direction: Direction = "entry"
    kind: Kind = "scan"

    @property
    def goes_out(self) -> bool:
        """Whether the person wants to go out."""
        return self.kind == "leave" or (self.kind == "scan" and self.direction == "exit")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer; an `invalid` one has its reason."""

    result: Result
    reason: str | None = None


VALID = Verdict("valid")


def decide(case: Case) -> Verdict:
    """Return the verdict: proof, then what is known, then card, ticket and event, and last who is inside."""
    return (
        _of_proof(case)
        or _of_what_is_known(case)
        or _of_card(case)
        or _of_ticket(case)
        or _of_event(case)
        or _of_presence(case)
        or VALID
    )


def _invalid(reason: str | None) -> Verdict | None:
    return Verdict("invalid", reason) if reason else None


def _of_proof(case: Case) -> Verdict | None:
    shown, card = case.presented, case.card
    if not shown.by_card:
        return _invalid("bad_signature" if shown.signature == "bad" else None)
    suspect = shown.signature == "bad" or not shown.uid_matches
    if card is not None:
        suspect = suspect or (card.type == "secure" and shown.signature != "good")
        suspect = suspect or (shown.counter is not None and shown.counter <= card.last_counter)
    return _invalid("clone_suspected" if suspect else None)


def _of_what_is_known(case: Case) -> Verdict | None:
    if case.ticket is None or (case.presented.by_card and case.card is None):
        return Verdict("not_found")
    return _invalid("wrong_event" if case.ticket.event_id != case.event.event_id else None)


def _of_card(case: Case) -> Verdict | None:
    return _invalid(_CARD_OBJECTIONS.get(case.card.status) if case.card else None)


def _of_ticket(case: Case) -> Verdict | None:
    ticket, shown = case.ticket, case.presented.credential
    if ticket is None:
        return None
    if ticket.status in _TICKET_OBJECTIONS:
        return _invalid(_TICKET_OBJECTIONS[ticket.status])
    return _invalid("stale_credential" if shown is not None and shown != ticket.credential else None)


def _of_event(case: Case) -> Verdict | None:
    event = case.event
    # At events without re-entry, leaves and returns are switched off.
    if not event.scanning_enabled or (case.kind != "scan" and not event.re_entry_allowed):
        return _invalid("scanning_disabled")
    if case.goes_out:  # people may leave after the gates have closed
        return None
    if event.status in _OVER:
        return _invalid("closed")
    if event.status == "draft" or case.at < event.opens_at:
        return _invalid("not_yet_open")
    return _invalid("closed" if case.at >= event.closes_at else None)


def _of_presence(case: Case) -> Verdict | None:
    presence = case.ticket.presence if case.ticket else None
    if case.goes_out:
        return _invalid(None if presence == "inside" else "on_exit_not_inside")
    if case.kind == "return":
        return _invalid(None if presence == "outside" else "on_exit_not_inside")
    if presence is None or (presence == "outside" and case.event.re_entry_allowed):
        return None
    return Verdict("already_scanned")
