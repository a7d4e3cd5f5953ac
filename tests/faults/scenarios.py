"""Scans in which faults are injected: each on a ticket of its own, with the answer that it must reach."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.domain.cards import cards
from chalicelib.domain.cards.cards import CardRegistration
from chalicelib.domain.gate import checkin
from chalicelib.domain.gate.readings import Caller, Reading
from chalicelib.domain.tickets import tickets
from chalicelib.domain.tickets.tickets import Holder, TicketToIssue
from chalicelib.table.items import Ticket
from chalicelib.vocabulary.cards import CardType
from chalicelib.vocabulary.gate import Direction
from chalicelib.vocabulary.tickets import TicketStatus
from tests.support import secure_cards


@dataclass(frozen=True)
class Scenario:
    """A reading of a ticket, ready to be scanned, and the result that it must get."""

    caller: Caller
    reading: Reading
    ticket: Ticket
    result: str


def scan_id() -> str:
    return f"scn_{uuid.uuid4().hex}"


def issue(event_id: str, status: TicketStatus = TicketStatus.VALID) -> Ticket:
    return tickets.issue(
        TicketToIssue(event_id=event_id, holder=Holder(name="Guest"), number=uuid.uuid4().hex[:8], status=status)
    )


def caller(event_id: str) -> Caller:
    return Caller(id="ush_fault", event_id=event_id, name="usher", gate="Gate 1")


def card_for(ticket: Ticket, card_type: CardType = CardType.UID) -> str:
    uid = f"04{uuid.uuid4().hex[:12]}".upper()
    cards.register(CardRegistration(uid=uid, type=card_type, tickets={ticket.event_id: [ticket.ticket_id]}))
    return uid


def by_ticket(event_id: str) -> Scenario:
    ticket = issue(event_id)
    return Scenario(caller(event_id), Reading(scan_id(), ticket_id=ticket.ticket_id), ticket, "valid")


def by_code(event_id: str) -> Scenario:
    ticket = issue(event_id)
    return Scenario(caller(event_id), Reading(scan_id(), code=tickets.code(ticket)), ticket, "valid")


def by_card(event_id: str) -> Scenario:
    ticket = issue(event_id)
    return Scenario(caller(event_id), Reading(scan_id(), uid=card_for(ticket)), ticket, "valid")


def by_secure_card(event_id: str) -> Scenario:
    ticket = issue(event_id)
    uid = card_for(ticket, CardType.SECURE)
    message = secure_cards.message(uid, 7)
    return Scenario(caller(event_id), Reading(scan_id(), uid=uid, sun=message), ticket, "valid")


def contested(event_id: str) -> Scenario:
    ticket = issue(event_id, TicketStatus.RESERVED)
    refused = checkin.scan(caller(event_id), Reading(scan_id(), ticket_id=ticket.ticket_id))
    assert refused.reason == "not_paid"
    tickets.set_status(ticket.ticket_id, TicketStatus.VALID)
    return Scenario(caller(event_id), Reading(scan_id(), ticket_id=ticket.ticket_id), ticket, "valid")


def unpaid(event_id: str) -> Scenario:
    ticket = issue(event_id, TicketStatus.RESERVED)
    return Scenario(caller(event_id), Reading(scan_id(), ticket_id=ticket.ticket_id), ticket, "invalid")


def duplicate(event_id: str) -> Scenario:
    first = by_ticket(event_id)
    checkin.scan(first.caller, first.reading)
    again = Reading(scan_id(), ticket_id=first.ticket.ticket_id)
    return Scenario(first.caller, again, first.ticket, "already_scanned")


def leaving(event_id: str) -> Scenario:
    first = by_ticket(event_id)
    checkin.scan(first.caller, first.reading)
    leave = Reading(scan_id(), ticket_id=first.ticket.ticket_id, direction=Direction.EXIT)
    return Scenario(first.caller, leave, first.ticket, "valid")


def returning(event_id: str) -> Scenario:
    left = leaving(event_id)
    checkin.scan(left.caller, left.reading)
    back = Reading(scan_id(), ticket_id=left.ticket.ticket_id)
    return Scenario(left.caller, back, left.ticket, "valid")


ALL: dict[str, Callable[[str], Scenario]] = {
    make.__name__: make
    for make in (
        by_ticket,
        by_code,
        by_card,
        by_secure_card,
        contested,
        unpaid,
        duplicate,
        leaving,
        returning,
    )
}
