"""Ticket ownership: checks, and transfers to another customer.

A transfer is one transaction. It increments the credential number, which invalidates the old QR code. It moves the
ticket between customers' lists, names at the gate and cards. Its condition is that the ticket is unchanged since it
was read. A scan writes the same ticket under its own condition, so exactly one of a concurrent scan and transfer
succeeds.
"""

from datetime import timedelta

from msgspec import Struct
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.clients import messages
from chalicelib.clients.messages import Channel, Message
from chalicelib.domain import idempotency
from chalicelib.domain.access import accounts, limits, numbers, throttle
from chalicelib.domain.access.throttle import CountedTry
from chalicelib.domain.cards import bindings
from chalicelib.domain.events import deeds, events
from chalicelib.domain.events.deeds import Deed
from chalicelib.domain.tickets import seats, states
from chalicelib.errors import Conflict, IdempotencyMismatch, NotFound, RateLimited, Refusal, Unavailable
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Account, Ticket
from chalicelib.table.operations import Write
from chalicelib.vocabulary.access import AccountStatus
from chalicelib.vocabulary.tickets import TicketStatus

# Texts of one ticket in a day, to all numbers: giving and taking back must not send texts without end.
_TEXTS_PER_TICKET = 5
_TEXTS_WINDOW = timedelta(days=1)


class Transferred(Struct, frozen=True):
    """A ticket that was transferred to another customer."""

    ticket_id: str
    mobile_number: str
    status: TicketStatus = TicketStatus.TRANSFERRED


def own(customer_id: str, ticket_id: str) -> Ticket:
    """Return a customer's ticket. Raises NotFound, also for another customer's ticket."""
    ticket = operations.get(keys.tickets.ticket(ticket_id))
    if ticket is None or not is_of(ticket, customer_id):
        raise NotFound("You have no such ticket.")
    return ticket


def is_of(ticket: Ticket, customer_id: str) -> bool:
    """Whether a ticket is this customer's now; after its reservation expires it belongs to no customer."""
    reservation_over = (
        ticket.status == TicketStatus.RESERVED
        and ticket.reserved_until is not None
        and ticket.reserved_until <= clock.now()
    )
    return ticket.customer_id == customer_id and not reservation_over


def is_as_read(ticket: Ticket) -> Condition:
    """Return the condition that a valid ticket is unchanged since it was read, and whether it was scanned."""
    fit: Condition = Ticket.status == TicketStatus.VALID
    scanned = ((Ticket.admission, ticket.admission), (Ticket.passage, ticket.passage))
    for passage, known in scanned:
        fit = fit & (passage.does_not_exist() if known is None else passage.exists())
    same = (
        (Ticket.credential, ticket.credential),
        (Ticket.customer_id, ticket.customer_id),
        (Ticket.pledge, ticket.pledge),
        (Ticket.card_uid, ticket.card_uid),
    )
    for attribute, value in same:
        fit = fit & (attribute.does_not_exist() if value is None else attribute == value)
    return fit


def handing_over(ticket: Ticket, *, to: Account, message: str | None = None) -> list[Write]:
    """Return the writes that transfer a ticket and end its pledge, the ticket's own first.

    Their conditions require ticket, cards, seats and recipient unchanged since the read; on failure, read again.
    """
    card_uid, rebound = bindings.rebinding(ticket, to=to.account_id)
    name_at_gate = keys.gate.attendee(ticket.event_id, to.name, ticket.ticket_id)
    index_key = keys.tickets.customer_tickets(to.account_id, ticket.ticket_id)
    actions: list[Action] = [
        Ticket.customer_id.set(to.account_id),
        Ticket.holder_name.set(to.name),
        *states.renewing(),
        *Ticket.in_gsi1(name_at_gate),
        *Ticket.in_gsi2(index_key),
        # These describe the previous holder.
        Ticket.dependent_id.remove(),
        Ticket.photo_url.remove(),
        Ticket.pledge.remove(),
        Ticket.pledged_to.remove(),
        Ticket.message.set(message) if message else Ticket.message.remove(),
        Ticket.card_uid.set(card_uid) if card_uid else Ticket.card_uid.remove(),
        Ticket.labels.remove(),
        Ticket.customer_labels.set(list(to.labels)) if to.labels else Ticket.customer_labels.remove(),
    ]
    return [
        operations.change(keys.tickets.ticket(ticket.ticket_id), actions, is_as_read(ticket)),
        operations.check(keys.access.account(to.account_id), Account.status == AccountStatus.ACTIVE),
        *rebound,
        *seats.moving(ticket, to=to.account_id),
    ]


def count_look_up(asked_by: str) -> None:
    """Count a customer's look-up of a number. Raises RateLimited above the limit."""
    # A look-up reveals whether a number is registered.
    limits.LOOK_UPS_BY_CUSTOMER.take(asked_by)


def transfer(
    sender_id: str, ticket_id: str, *, mobile_number: str, message: str | None, operation_id: str
) -> Transferred:
    """Give a ticket to the registered customer with this number, immediately and irrevocably.

    The old QR code and card no longer open the gate. `message` is shown with the ticket and never sent. Idempotent
    per `operation_id`. Raises NotFound (no such ticket, number not registered), InvalidState (scanned, not valid, the
    event is over, cancelled or not published), Conflict (pledged, the sender's own number), IdempotencyMismatch,
    RateLimited, Unavailable.
    """
    sender = accounts.get(sender_id)
    try:
        _transfer(sender, ticket_id, mobile_number=mobile_number, message=message, operation_id=operation_id)
    except Refusal:
        # A retry: this operation may have succeeded before, and its response may have been lost.
        taker_id = idempotency.result_of(operation_id)
        if taker_id is None:
            raise
        taker = numbers.find_by_number(mobile_number)
        if taker is None or taker.account_id != taker_id:
            raise IdempotencyMismatch from None
    return Transferred(ticket_id, mobile_number)


def _transfer(sender: Account, ticket_id: str, *, mobile_number: str, message: str | None, operation_id: str) -> None:
    for attempt in retries.attempts():
        ticket = own(sender.account_id, ticket_id)
        event = events.get(ticket.event_id)
        deeds.require(Deed.TRANSFER, event, ticket)
        if mobile_number == sender.mobile_number:
            raise Conflict("This is your own number; the ticket is yours already.")
        if attempt == 0:
            count_look_up(sender.account_id)
        taker = numbers.find_by_number(mobile_number)
        if taker is None or taker.status != AccountStatus.ACTIVE:
            raise NotFound("No customer has this number. Gift the ticket instead: it waits until they register.")
        writes = handing_over(ticket, to=taker, message=message)
        try:
            operations.commit(*writes, idempotency.once(operation_id, taker.account_id), deeds.while_unchanged(event))
        except operations.ConditionFailed:
            if idempotency.result_of(operation_id) is not None:
                return
            continue
        logger.info("ticket transferred", extra={"ticket_id": ticket_id, "by": sender.account_id})
        return
    raise Unavailable("This ticket or its card is being changed by others. Try again.", retry_after=1)


def notify(mobile_number: str, text: str, *, ticket_id: str, operation_id: str) -> None:
    """Send a number without an account an SMS, one of each ticket a day; a ticket sends a few a day to all numbers.

    `customer_notices` notifies customers. Over a limit nothing is sent: the gift waits all the same. Raises
    Unavailable.
    """
    receiver = numbers.number_mac(mobile_number)
    counted: list[CountedTry] = []
    try:
        for whom, limit in ((f"{ticket_id}/{receiver}", 1), (ticket_id, _TEXTS_PER_TICKET)):
            counted.append(throttle.take("text of a given ticket", whom, limit=limit, window=_TEXTS_WINDOW))
        messages.enqueue(Message(message_id=operation_id, channel=Channel.SMS, to=mobile_number, body=text))
    except RateLimited:
        logger.info("no further text of a given ticket", extra={"ticket_id": ticket_id})
    except Unavailable:
        # Not sent, so that a retry sends it.
        for one in counted:
            throttle.uncount(one)
        raise
