"""Which ticket a record made without the network is about, and whether card and ticket were good at its time. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct, field
from msgspec.structs import replace

from chalicelib.domain import admission
from chalicelib.domain.admission import CardFacts, Case, EventFacts, Presented, TicketFacts, Verdict
from chalicelib.domain.cards import bindings, cards
from chalicelib.domain.gate import passages
from chalicelib.domain.gate.readings import Caller
from chalicelib.domain.gate.sun import OpenedMessage
from chalicelib.domain.gate.uploads import ScanRecord
from chalicelib.domain.tickets import states
from chalicelib.errors import Refusal
from chalicelib.identifiers import log_id_of
from chalicelib.table.items import Card, Ticket
from chalicelib.vocabulary.cards import CardStatus
from chalicelib.vocabulary.gate import Correction, Direction, Presence, Reason, ScanKind, ScanResult, Signature


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
    """Return the ticket that a claim is about: of a family's card the first that was good then and may pass so.

    Where none may, it is the one whose bearer came in last. So the earliest claims admit, as many as there are tickets,
    in any order of arrival.
    """
    opened = [tickets[each] for each in upload.ticket_ids if each in tickets]
    owned = [ticket for ticket in opened if _is_owned(upload, ticket)]
    # One that came to its customer later is for the one who comes with it, unless the card had no other.
    opened = [ticket for ticket in owned if had_come(upload, ticket)] or owned
    good = [ticket for ticket in opened if objection_then(upload, ticket) is None] or opened
    fitting = [ticket for presences in _passing(upload) for ticket in good if ticket.presence in presences]
    found = next((ticket for ticket in fitting if _was_there(upload, ticket)), None) or next(iter(fitting), None)
    if found is not None or upload.record.heading is Direction.EXIT:
        return found or next(iter(good), None)
    return max(good, key=passages.came_in, default=None)


def _passing(upload: Upload) -> Sequence[Sequence[Presence | None]]:
    """Return where a bearer is who may pass so, by the gate's own rule; of several groups the likeliest first.

    Where nobody may return, a bearer who went out has used the ticket up: the card's next one comes before it.
    """
    if upload.record.heading is Direction.EXIT:
        return [[Presence.INSIDE]]
    if upload.record.kind is ScanKind.RETURN:
        return [[Presence.OUTSIDE]]
    return [[None, Presence.OUTSIDE]] if upload.event.re_entry_allowed else [[None], [Presence.OUTSIDE]]


def _was_there(upload: Upload, ticket: Ticket) -> bool:
    """Whether a ticket's bearer was where they are now when the record was made: they have not passed since."""
    last = ticket.passage or ticket.admission
    return last is None or passages.at_of(last) <= upload.at


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
