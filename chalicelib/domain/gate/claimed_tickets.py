"""Which ticket a record made without the network is about, and whether card and ticket were good at its time. Pure."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct, field
from msgspec.structs import replace

from chalicelib.domain import admission
from chalicelib.domain.admission import CardFacts, Case, EventFacts, Presented, TicketFacts, Verdict
from chalicelib.domain.cards import bindings, cards
from chalicelib.domain.gate import convergence, passages
from chalicelib.domain.gate.convergence import Claim, Effect
from chalicelib.domain.gate.readings import Caller
from chalicelib.domain.gate.sun import OpenedMessage
from chalicelib.domain.gate.uploads import ScanRecord
from chalicelib.domain.tickets import states
from chalicelib.errors import Refusal
from chalicelib.identifiers import log_id_of
from chalicelib.table.items import Card, Ticket
from chalicelib.vocabulary.cards import CardStatus
from chalicelib.vocabulary.gate import Correction, Direction, Reason, ScanKind, ScanResult, Signature


class Upload(Struct, frozen=True, kw_only=True):
    """A record with what it presents, and what the platform knows of that."""

    caller: Caller
    record: ScanRecord
    event: EventFacts
    now: datetime
    at: datetime
    correction: Correction
    subject: str
    presented: Presented = field(default_factory=Presented)
    card: Card | None = None
    ticket_ids: tuple[str, ...] = ()
    # The genuine message of a secure card that was sent with it.
    message: OpenedMessage | None = None
    error: Refusal | None = None
    # The device was revoked since, so its records are marked.
    is_late: bool = False

    @property
    def gate(self) -> str | None:
        """The gate in the record, else the sender's."""
        return self.record.gate or self.caller.gate_at(self.at)

    @property
    def log_id(self) -> str:
        """The id of its log entry."""
        return log_id_of(f"{self.caller.id}/{self.record.scan_id}/{self.subject}", decided_at=self.now)


def find(upload: Upload, tickets: Mapping[str, Ticket]) -> Ticket | None:
    """Return the ticket that a claim is about: of those on a family's card that were good then the one it fits best.

    It fits best where the passages that are known with it contradict each other least (D-OFF-77), whichever of them
    arrived first.
    """
    opened = [tickets[each] for each in upload.ticket_ids if each in tickets]
    owned = [ticket for ticket in opened if _is_owned(upload, ticket)]
    # One that came to its customer later is for the one who comes with it, unless the card had no other.
    opened = [ticket for ticket in owned if had_come(upload, ticket)] or owned
    good = [ticket for ticket in opened if objection_then(upload, ticket) is None] or opened
    if len(good) < 2:
        return next(iter(good), None)
    added = {ticket.ticket_id: _contradictions_added(upload, ticket) for ticket in good}
    least = [ticket for ticket in good if added[ticket.ticket_id] == min(added.values())]
    if added[least[0].ticket_id] < _MOVES_NOBODY:
        return least[0]
    if upload.record.heading is Direction.EXIT:
        # Nobody was inside by what is known. Its entry may arrive later, and of which bearer that one will be is open.
        return min(least, key=lambda ticket: (ticket.admission is not None, len(passages.passages(ticket))))
    # An earlier claim takes the place of the latest one.
    return max(least, key=passages.came_in)


# What contradicts the most: a passage that moves nobody, a return where none is allowed, a return without an entry.
_MOVES_NOBODY, _NOT_ALLOWED, _ENTRY_IS_MISSING = 3, 2, 1


def _contradictions_added(upload: Upload, ticket: Ticket) -> int:
    """Return what a claim adds to the contradictions in a ticket's passages; less than zero where it explains some."""
    record = upload.record
    mine = Claim(upload.at, record.scan_id, upload.caller.id, record.heading)
    kinds = {passages.claim_of(each): each.scan_kind for each in passages.passages(ticket)}
    may_return = upload.event.re_entry_allowed
    known = _contradictions(kinds, may_return=may_return)
    return _contradictions({**kinds, mine: record.kind}, may_return=may_return) - known


def _contradictions(kinds: Mapping[Claim, ScanKind | None], *, may_return: bool) -> int:
    found = 0
    for claim, effect in convergence.settle(kinds).effects.items():
        if not effect.moves:
            found += _MOVES_NOBODY
        elif effect is Effect.RETURN and not may_return:
            found += _NOT_ALLOWED
        elif effect is Effect.ADMISSION and kinds[claim] is ScanKind.RETURN:
            found += _ENTRY_IS_MISSING
    return found


def _is_owned(upload: Upload, ticket: Ticket) -> bool:
    """Whether the ticket was of the card's customer when the record was made."""
    owner = upload.card.customer_id if upload.card is not None else None
    is_of_owner = owner is None or ticket.customer_id in (None, owner)
    return is_of_owner or (ticket.renewed_at is not None and upload.at < ticket.renewed_at)


def had_come(upload: Upload, ticket: Ticket) -> bool:
    """Whether a ticket was sold, and on the card that was shown, when the record was made."""
    if upload.card is None:
        return ticket.issued_at <= upload.at
    was_on_card = ticket.ticket_id in bindings.released_after(upload.card, ticket.event_id, upload.at)
    return was_on_card or states.had_come(ticket, upload.at)


def objection_then(upload: Upload, ticket: Ticket) -> Verdict | None:
    """Return why card or ticket were no longer good when the record was made, or None: they were."""
    card, shown = upload.card, upload.presented
    is_current = shown.credential is not None and states.was_current(ticket, shown.credential, upload.at)
    case = Case(
        presented=shown,
        card=CardFacts(status=_card_status_at(card, upload.at), type=card.type) if card is not None else None,
        ticket=TicketFacts(
            event_id=ticket.event_id,
            status=states.status_at(ticket, upload.at),
            credential=shown.credential if is_current and shown.credential is not None else ticket.credential,
        ),
        event=upload.event,
        at=upload.at,
        direction=upload.record.direction,
    )
    return admission.objection_of_state(case)


def objection_to_given_up(upload: Upload, ticket: Ticket) -> Verdict:
    """Return why a ticket that had left its card admits nobody by it: it is void, or another's."""
    return objection_then(upload, ticket) or Verdict(ScanResult.INVALID, Reason.TRANSFERRED)


def objection_to_proof(upload: Upload) -> Verdict | None:
    """Return why the card did not prove itself, or None: it did, or need not.

    No gate can check the message of a secure card without the network. A counter below the card's says nothing by then:
    later taps may have arrived before.
    """
    card, shown = upload.card, upload.presented
    if card is None:
        return None
    if upload.message is not None and cards.has_newer_keys(card, upload.message.key_version):
        shown = replace(shown, signature=Signature.BAD)
    facts = CardFacts(status=card.status, type=card.type)
    case = Case(presented=shown, card=facts, ticket=None, event=upload.event, at=upload.at)
    return admission.objection_to_proof(case)


def _card_status_at(card: Card, at: datetime) -> CardStatus:
    was_active = card.inactive_since is not None and at < card.inactive_since
    return CardStatus.ACTIVE if was_active else card.status
