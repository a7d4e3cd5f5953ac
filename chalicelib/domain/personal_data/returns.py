"""What an erased customer would lose: valid tickets and money on cards, and how it is given back first.

A ticket is refunded where the rules of refunds still allow it, and given up where they do not. Money on a card returns
to the payments that loaded it. What none of them takes moves to the account of unclaimed money (D-ERA-05).
"""

from msgspec import Struct

from chalicelib.config import config
from chalicelib.domain.approvals import second_person
from chalicelib.domain.card_office import pay_backs
from chalicelib.domain.events import deeds, events
from chalicelib.domain.events.deeds import EventState, TicketState
from chalicelib.domain.ledger import account_names, card_balances, journals
from chalicelib.domain.ledger.postings import Posting
from chalicelib.domain.money import Money
from chalicelib.domain.payments import payments, refunds, withdrawals
from chalicelib.domain.personal_data.places import Person
from chalicelib.domain.sale import orders
from chalicelib.domain.tickets import gifts, refund_requests, tickets
from chalicelib.errors import InvalidState, Unavailable
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import CardBalance, Payment, Ticket
from chalicelib.vocabulary.cards import EntryType
from chalicelib.vocabulary.payments import OrderStatus, PaymentStatus
from chalicelib.vocabulary.tickets import TicketStatus

_UNUSED = (TicketState.VALID, TicketState.GIFTED, TicketState.RETURNING)
_REASON = "The customer's personal data is erased."
_OPEN_PAYMENTS = (PaymentStatus.REQUIRES_CONFIRMATION, PaymentStatus.REFUND_DUE)


class Belongings(Struct, frozen=True):
    """The valid tickets of events that are not over, and the balances with money, of a customer."""

    tickets: tuple[Ticket, ...]
    balances: tuple[CardBalance, ...]

    @property
    def described(self) -> list[dict[str, str]]:
        """What a refusal says of them, for `details`."""
        return [
            *(
                {"field": one.ticket_id, "message": "is a valid ticket of an event that is not over"}
                for one in self.tickets
            ),
            *(
                {
                    "field": f"…{one.uid[-4:]}",
                    "message": f"is a card with {Money(one.amount, one.currency).amount} {one.currency}",
                }
                for one in self.balances
            ),
        ]

    @property
    def needs_second_person(self) -> bool:
        """Whether giving one of them back is above what one member of staff may decide."""
        amounts = [
            *(Money(one.price or 0, one.currency or config().currency) for one in self.tickets),
            *(Money(one.amount, one.currency) for one in self.balances),
        ]
        return any(second_person.is_needed(amount) for amount in amounts)


def belongings(person: Person) -> Belongings:
    """Return what a customer would lose."""
    held = [ticket for ticket in person.tickets if deeds.state_of_ticket(ticket) in _UNUSED]
    known = operations.get_many({keys.events.event(ticket.event_id) for ticket in held})
    over = {event.event_id for event in known.values() if deeds.state_of_event(event) is EventState.OVER}
    found = operations.get_many([keys.money.card_balance(uid) for uid in person.card_uids])
    return Belongings(
        tickets=tuple(ticket for ticket in held if ticket.event_id not in over),
        balances=tuple(balance for balance in found.values() if balance.amount),
    )


def give_back(person: Person, *, by: str) -> int:
    """Give back reservations, tickets and money of a customer, each once; return how many. Raises Unavailable."""
    count = 0
    for order in person.orders:
        if order.status == OrderStatus.RESERVED:
            payments.give_back(person.customer_id, order.order_id)
            count += 1
    mine = belongings(person)
    for ticket in mine.tickets:
        _give_ticket_back(ticket.ticket_id, by=by)
        count += 1
    # After the tickets: a refund may have put money on a card.
    for balance in belongings(Person(person.customer_id)).balances:
        _pay_back(balance.uid, customer_id=person.customer_id, by=by)
        count += 1
    return count


def open_payments(person: Person) -> int:
    """Return how many payments of a customer are not settled yet: their end still needs the customer's data."""
    return sum(payment.status in _OPEN_PAYMENTS for payment in person.payments)


def _give_ticket_back(ticket_id: str, *, by: str) -> None:
    """Refund a ticket if the rules allow it, or cancel it; one that was used meanwhile stays used."""
    refused = 0
    for _ in retries.attempts():
        ticket = tickets.get(ticket_id)
        state = deeds.state_of_ticket(ticket)
        if state not in _UNUSED:
            return
        if state is TicketState.GIFTED and gifts.end(ticket):
            continue
        payment = _refundable(ticket)
        # Refused again, such as after a charge-back of the whole payment.
        if payment is None or refused > 1:
            tickets.set_status(ticket_id, TicketStatus.CANCELLED)
            logger.info("ticket given up", extra={"ticket_id": ticket_id})
            return
        refund_id = ticket.pledge if state is TicketState.RETURNING else withdrawals.request(ticket, payment, _REASON)
        if refund_id is None:
            continue  # the ticket changed after the read
        try:
            refunds.approve(ticket_id, refund_id, by=by)
        except InvalidState:
            refused += 1
            continue  # it was used or refunded meanwhile: read again
        return
    raise Unavailable(retry_after=1)


def _refundable(ticket: Ticket) -> Payment | None:
    """Return the payment to refund a ticket from, or None where it is given up: too late, or nobody paid."""
    if ticket.order_id is None or ticket.price is None:
        return None
    event = events.get(ticket.event_id)
    last = refund_requests.deadline(event, ticket)
    if last is not None and refund_requests.is_past(last):
        return None
    payment_id = orders.get(ticket.order_id).payment_id
    return operations.get(keys.money.payment(payment_id)) if payment_id else None


def _pay_back(uid: str, *, customer_id: str, by: str) -> None:
    """Return a card's balance to the payments that loaded it, as far as they take it, and set the rest aside."""
    try:
        pay_backs.pay_back(uid, by=by, operation_id=f"op_erasure_{customer_id}_{uid}")
    except InvalidState:
        # No payment takes it back, such as money that another customer gave.
        logger.info("balance has no source", extra={"customer_id": customer_id})
    _set_aside(uid, customer_id=customer_id)


def _set_aside(uid: str, *, customer_id: str) -> None:
    """Move a card's whole balance to the account of unclaimed money, once for each balance."""
    for _ in retries.attempts():
        balance = card_balances.of(uid)
        if not balance.amount:
            return
        writes = journals.post(
            journals.Movement(
                f"jrn_unclaimed_{uid}_{balance.entries}",
                type="unclaimed",
                currency=balance.currency,
                entries=[
                    Posting(account_names.card(uid), -balance.amount, EntryType.ADJUSTMENT),
                    Posting(account_names.UNCLAIMED, balance.amount),
                ],
                references={"customer_id": customer_id},
            ),
            balances=[balance],
        )
        try:
            operations.commit(*writes)
        except operations.ConditionFailed:
            continue  # booked already, or the balance changed after the read
        logger.info("balance set aside", extra={"customer_id": customer_id})
        return
    raise Unavailable(retry_after=1)
