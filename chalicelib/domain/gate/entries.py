"""The write that admits a ticket that was never scanned, and what it needs of a reading."""

from datetime import timedelta
from functools import lru_cache
from typing import Any

from pynamodb.expressions.condition import Condition

from chalicelib import clock
from chalicelib.domain.gate.readings import FoundReading
from chalicelib.domain.tickets import states
from chalicelib.table import keys, operations
from chalicelib.table.items import Passage, Ticket
from chalicelib.table.prepared import Prepared
from chalicelib.vocabulary.gate import Direction, Presence, ScanKind, ScanSource
from chalicelib.vocabulary.tickets import TicketStatus


def owner_of_card(look: FoundReading) -> str | None:
    """Return the customer who owns the presented card, or None."""
    return look.card.customer_id if look.card is not None else None


def passage(look: FoundReading, *, ticket_id: str, remaining: int | None) -> Passage:
    """Return what a ticket keeps of the reading that it passes with."""
    reading, caller = look.reading, look.caller
    return Passage(
        scan_id=reading.scan_id,
        caller_id=caller.id,
        caller_name=caller.name,
        subject=None if look.subject == ticket_id else look.subject,
        log_id=look.log_id,
        decided_at=look.now,
        scanned_at=None if look.at == look.now else look.at,
        direction=None if reading.heading is Direction.ENTRY else reading.heading,
        scan_kind=None if reading.kind is ScanKind.SCAN else reading.kind,
        source=None if caller.source is ScanSource.ONLINE else caller.source,
        gate=look.gate,
        remaining=remaining,
        seq=reading.seq,
    )


def is_fit(needed: dict[str, Any]) -> Condition:
    """Return the rule's checks of event and ticket as a condition."""
    fit: Condition = (Ticket.event_id == needed["event_id"]) & (Ticket.status == TicketStatus.VALID)
    if "credential" in needed:
        fit = fit & (Ticket.credential == needed["credential"])
    if "owner" in needed:
        fit = fit & ((Ticket.customer_id == needed["owner"]) | Ticket.customer_id.does_not_exist())
    if "issued_by" in needed:
        handed_over = Ticket.renewed_at.does_not_exist() | (Ticket.renewed_at <= needed["renewed_by"])
        fit = fit & (Ticket.issued_at <= needed["issued_by"]) & handed_over
    return fit


def fitness(look: FoundReading) -> dict[str, Any]:
    """Return the values that a ticket must have for this reading, of what it shows."""
    needed: dict[str, Any] = {"event_id": look.caller.event_id}
    if look.presented.credential is not None:
        needed["credential"] = look.presented.credential
    if (owner := owner_of_card(look)) is not None:
        needed["owner"] = owner
    if _is_late_card(look):
        needed |= {"issued_by": look.at, "renewed_by": look.at}
    return needed


def is_opened(look: FoundReading, ticket: Ticket) -> bool:
    """Whether a ticket is one that the reading opens.

    A card does not open one that was transferred since the card was read. A kept tap of it opens none that came to its
    customer after that tap: the one who came later would be refused.
    """
    owner = owner_of_card(look)
    is_owned = owner is None or ticket.customer_id in (None, owner)
    return is_owned and (not _is_late_card(look) or states.had_come(ticket, look.at))


def _is_late_card(look: FoundReading) -> bool:
    return look.presented.by_card and look.reading.scanned_at is not None


def first_entry(look: FoundReading, ticket_id: str, *, remaining: int | None) -> operations.Write:
    """Return the one write that admits a ticket that was never scanned."""
    needed = fitness(look)
    values = {**needed, "passage": passage(look, ticket_id=ticket_id, remaining=remaining)}
    return _prepared_entry(frozenset(needed)).fill(keys.tickets.ticket(ticket_id), values)


@lru_cache(maxsize=16)
def _prepared_entry(names: frozenset[str]) -> Prepared:
    """Compose the write of a first entry, which has few shapes: with and without a credential, an owner and a time."""
    now = clock.now()
    examples: dict[str, tuple[Any, Any]] = {
        "event_id": (Ticket.event_id, "an event"),
        "credential": (Ticket.credential, 1),
        "owner": (Ticket.customer_id, "an owner"),
        "issued_by": (Ticket.issued_at, now),
        "renewed_by": (Ticket.renewed_at, now + timedelta(seconds=1)),
    }
    shown = {name: examples[name] for name in names}
    example = Passage(scan_id="a scan", caller_id="a caller", log_id="an entry", decided_at=now)
    write = operations.change(
        keys.tickets.ticket("a ticket"),
        [Ticket.presence.set(Presence.INSIDE), Ticket.admission.set(example)],
        is_fit({name: value for name, (_, value) in shown.items()})
        & Ticket.admission.does_not_exist()
        & Ticket.contested.does_not_exist(),
    )
    return Prepared(write, passage=(Ticket.admission, example), **shown)
