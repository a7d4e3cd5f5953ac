"""The places of a customer's personal data, and how each is read: by the customer's id, their number or their cards.

Each place is read in full with bounded pages. No place needs a scan of the table.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TypeVar

from msgspec import Struct

from chalicelib import clock
from chalicelib.clients.providers import MoveKind
from chalicelib.domain.access import numbers
from chalicelib.domain.lists import pages
from chalicelib.domain.lists.audit_entries import AUDIT_ENTRIES
from chalicelib.domain.lists.declaration import ListOf
from chalicelib.domain.lists.disputes import REFUND_REQUESTS
from chalicelib.domain.lists.pages import Asked
from chalicelib.domain.paging import MAX_SIZE
from chalicelib.domain.payments import disputes, returns
from chalicelib.domain.tickets import gifts
from chalicelib.table import keys, operations
from chalicelib.table.items import (
    Account,
    Assignment,
    CardBalance,
    Gift,
    Item,
    Leave,
    NewestChallenge,
    OpenAssignment,
    Order,
    Payment,
    RefundRequest,
    Ticket,
)
from chalicelib.table.places import Key, Place, whose
from chalicelib.table.ranges import Begins, Between
from chalicelib.vocabulary.access import OtpPurpose, Portal

# A card and its assignment are closed in one transaction, each with its own reading of the clock.
_APART = timedelta(minutes=1)
_CUSTOMER_CHANNEL, _EVENT_CHANNEL = "customer", "event"


@dataclass(frozen=True)
class Person:
    """A customer as the key to their places. What is read once is kept for the step that looks."""

    customer_id: str

    @cached_property
    def account(self) -> Account | None:
        """The account."""
        return operations.get(keys.access.account(self.customer_id))

    @property
    def mobile_number(self) -> str | None:
        """The number, until it is erased."""
        return self.account.mobile_number if self.account else None

    @cached_property
    def orders(self) -> list[Order]:
        """The orders, in any state."""
        return _listed(Order, keys.sale.customer_orders(self.customer_id).pk, "gsi1")

    @cached_property
    def tickets(self) -> list[Ticket]:
        """The tickets that are the customer's now."""
        found = _listed(Ticket, keys.tickets.customer_tickets(self.customer_id).pk, "gsi2")
        return [ticket for ticket in found if ticket.customer_id == self.customer_id]

    @cached_property
    def card_uids(self) -> list[str]:
        """The UIDs of the cards that are the customer's now."""
        raws = operations.query(keys.cards.customer_cards(self.customer_id).pk, index="gsi1")
        return [whose(place.pk) for place in map(operations.key_of, raws)]

    @cached_property
    def payments(self) -> list[Payment]:
        """The payments, in any state."""
        return _listed(Payment, keys.money.customer_payments(self.customer_id).pk, "gsi1")

    @property
    def event_ids(self) -> list[str]:
        """The events of the customer's tickets and orders."""
        of_orders = [order.event_id for order in self.orders]
        return list(dict.fromkeys([*(ticket.event_id for ticket in self.tickets), *of_orders]))

    @property
    def ticket_ids(self) -> list[str]:
        """The tickets that the customer has, or ordered once."""
        ordered = [line["ticket_id"] for order in self.orders for line in order.tickets]
        return list(dict.fromkeys([*(ticket.ticket_id for ticket in self.tickets), *ordered]))


ItemT = TypeVar("ItemT", bound=Item)
Reader = Callable[[Person], Iterable[Item]]


class PersonalPlace(Struct, frozen=True):
    """A place of personal data: its name in an export and in a certificate, and how its items are read."""

    name: str
    read: Reader


def _listed(item: type[ItemT], partition: str, index: str) -> list[ItemT]:
    places = operations.places_of(item, operations.query(partition, index=index))
    found = operations.get_many(places)
    return [found[place] for place in places if place in found]


def _stored(*places: Place[ItemT]) -> list[ItemT]:
    found = operations.get_many(places)
    return [found[place] for place in places if place in found]


def _partition(pk: str, beginning: str = "") -> list[Item]:
    where = Begins(beginning) if beginning else None
    return [Item.from_raw_data(raw) for raw in operations.query(pk, where, consistent=True)]


def _account(person: Person) -> list[Item]:
    return _partition(keys.access.account(person.customer_id).pk)


def _login(person: Person) -> Sequence[Item]:
    number = person.mobile_number
    return _stored(keys.access.login(Portal.WEBAPP, number)) if number else []


def _sessions(person: Person) -> Sequence[Item]:
    return _listed(keys.access.session("").item, keys.access.account_sessions(person.customer_id).pk, "gsi1")


def _codes(person: Person) -> list[Item]:
    if person.mobile_number is None:
        return []
    macs = numbers.all_macs(person.mobile_number)
    pointers = _stored(*(keys.access.newest_challenge(purpose, mac) for purpose in OtpPurpose for mac in macs))
    # One for each shop that sent a code, beside that of the number.
    of_shops = [_partition(*keys.access.newest_of_shops(OtpPurpose.CARD_ASSIGNMENT, mac)) for mac in macs]
    pointers += [item for found in of_shops for item in found if isinstance(item, NewestChallenge)]
    challenges = _stored(*(keys.access.challenge(pointer.challenge_id) for pointer in pointers))
    theirs = [one for one in challenges if one.account_id in (None, person.customer_id)]
    mine = {one.challenge_id for one in theirs}
    return [*theirs, *(pointer for pointer in pointers if pointer.challenge_id in mine)]


def _orders(person: Person) -> Sequence[Item]:
    return person.orders


def _tickets(person: Person) -> Sequence[Item]:
    return person.tickets


def _beside_tickets(person: Person) -> Iterator[Item]:
    """Refund requests of the customer, and gifts that they gave or received.

    A ticket that went from hand to hand also has those of others, whose words these are.
    """
    yield from _refund_requests(person).values()
    held = {ticket.ticket_id for ticket in person.tickets}
    for ticket_id in person.ticket_ids:
        first = keys.tickets.closed_gift(ticket_id)
        for gift in _partition(first.pk, first.sk):
            if isinstance(gift, Gift) and (ticket_id in held or gift.giver_id == person.customer_id):
                yield gift
    # One that waits is with its number.
    yield from filter(None, map(gifts.of_ticket, person.tickets))


def _refund_requests(person: Person) -> dict[Key, RefundRequest]:
    """The list has also those of tickets that are another's by now; beside the tickets are those it has not yet."""
    found: dict[Key, RefundRequest] = {item.place: item for item in _of_list(REFUND_REQUESTS, person, "customer_id")}
    for ticket_id in person.ticket_ids:
        first = keys.tickets.refund_request(ticket_id)
        beside = (item for item in _partition(first.pk, first.sk) if isinstance(item, RefundRequest))
        found |= {item.place: item for item in beside if item.customer_id == person.customer_id}
    return found


def _waiting_gifts(person: Person) -> Iterator[Item]:
    if person.mobile_number is None:
        return
    for mac in numbers.all_macs(person.mobile_number):
        yield from _partition(keys.tickets.gift(mac).pk)


def _check_ins(person: Person) -> Iterator[Item]:
    for ticket in person.tickets:
        partition = keys.gate.ticket_log(ticket.event_id, ticket.ticket_id).pk
        yield from _listed(keys.gate.scan("", "", "").item, partition, "gsi2")


def _leaves(person: Person) -> Iterator[Item]:
    for ticket in person.tickets:
        yield from _listed(Leave, keys.gate.ticket_leave(ticket.ticket_id).pk, "gsi2")


def _payments(person: Person) -> Sequence[Item]:
    return person.payments


def _disputes(person: Person) -> Sequence[Item]:
    found = [
        disputes.id_of(payment.payment_id, reference)
        for payment in person.payments
        for reference, move in (payment.moves or {}).items()
        if move["kind"] == MoveKind.DISPUTE
    ]
    return _stored(*map(keys.disputes.dispute, found))


def _pay_backs(person: Person) -> Sequence[Item]:
    """Parts of a card's balance that were returned to the customer's payments."""
    granted = (name for payment in person.payments for name in payment.granted or {})
    return _stored(*(keys.money.card_pay_back(name) for name in granted if name.startswith(returns.PAY_BACK)))


def _leftovers(person: Person) -> Sequence[Item]:
    """Money that nobody has used for long, by the card that it is on or the payment that it was taken by."""
    names = [*person.card_uids, *(payment.payment_id for payment in person.payments)]
    return _stored(*map(keys.money.leftover, names))


def _hand_overs(person: Person) -> Iterator[Item]:
    """What shops handed over: by the time at which each card became the customer's, and what is still open."""
    found = dict[str, Assignment]()
    for card in _stored(*(keys.cards.card(uid) for uid in person.card_uids)):
        if card.merchant_id is None or card.assigned_at is None:
            continue
        first, last = (clock.to_text(card.assigned_at + by) for by in (-_APART, _APART))
        partition = keys.merchants.merchant_assigned(card.merchant_id).pk
        raws = operations.query(partition, Between(first, last), index="gsi1")
        for place in operations.places_of(Assignment, raws):
            assignment = operations.get(place)
            if assignment is not None and assignment.customer_id == person.customer_id:
                found[assignment.assignment_id] = assignment
    opened = (item for item in _account(person) if isinstance(item, OpenAssignment))
    for assignment in _stored(*(keys.merchants.assignment(each.assignment_id) for each in opened)):
        found[assignment.assignment_id] = assignment
    yield from found.values()


def _invoices(person: Person) -> Sequence[Item]:
    found = [payment.invoice_number for payment in person.payments if payment.invoice_number]
    # The number names its series: GH-<series>-<position>.
    return _stored(*(place for number in found for place in keys.money.invoice_places(number.split("-")[1], number)))


def _cards(person: Person) -> Sequence[Item]:
    return _stored(*(keys.cards.card(uid) for uid in person.card_uids))


def _balances(person: Person) -> Sequence[CardBalance]:
    return _stored(*(keys.money.card_balance(uid) for uid in person.card_uids))


def _card_lines(person: Person) -> Iterator[Item]:
    for uid in person.card_uids:
        yield from _partition(keys.money.card_ledger(uid))


def _live(person: Person) -> Iterator[Item]:
    yield from _partition(keys.live.head(f"{_CUSTOMER_CHANNEL}-{person.customer_id}").pk)
    yield from _partition(keys.live.of_principal(person.customer_id).pk)
    yield from _stored(keys.live.sockets(person.customer_id))


def _live_of_events(person: Person) -> Iterator[Item]:
    """Messages to the gates' screens that name one of the customer's tickets; they are kept for minutes."""
    names = [ticket.ticket_id for ticket in person.tickets]
    for event_id in person.event_ids:
        for item in _partition(keys.live.head(f"{_EVENT_CHANNEL}-{event_id}").pk):
            text = str(item.attribute_values.get("data") or item.attribute_values.get("messages") or "")
            if any(name in text for name in names):
                yield item


def _audit_entries(person: Person) -> Iterator[Item]:
    """What staff did with the customer; what an entry says of a person is sealed under the customer's key."""
    return _of_list(AUDIT_ENTRIES, person, "entity_id")


def _of_list(listed: ListOf[ItemT], person: Person, named_by: str) -> Iterator[ItemT]:
    """Yield what a list has under the customer's id."""
    cursor: str | None = None
    while True:
        about = {named_by: person.customer_id}
        asked = Asked(caller_id=person.customer_id, page_size=MAX_SIZE, cursor=cursor, filters=about)
        found = pages.page(listed, asked)
        yield from found.results
        cursor = found.next
        if cursor is None:
            return


# In the order in which an erasure takes them: what others are found by comes last.
PLACES: tuple[PersonalPlace, ...] = (
    PersonalPlace("codes", _codes),
    PersonalPlace("waiting_gifts", _waiting_gifts),
    PersonalPlace("sessions", _sessions),
    PersonalPlace("live", _live),
    PersonalPlace("live_of_events", _live_of_events),
    PersonalPlace("check_ins", _check_ins),
    PersonalPlace("leaves", _leaves),
    PersonalPlace("refunds_and_gifts", _beside_tickets),
    PersonalPlace("tickets", _tickets),
    PersonalPlace("orders", _orders),
    PersonalPlace("invoices", _invoices),
    PersonalPlace("disputes", _disputes),
    PersonalPlace("pay_backs", _pay_backs),
    PersonalPlace("leftovers", _leftovers),
    PersonalPlace("payments", _payments),
    PersonalPlace("card_lines", _card_lines),
    PersonalPlace("balances", _balances),
    PersonalPlace("hand_overs", _hand_overs),
    PersonalPlace("cards", _cards),
    PersonalPlace("audit_entries", _audit_entries),
    PersonalPlace("login", _login),
    PersonalPlace("account", _account),
)


def auto_reload_balances(person: Person) -> list[CardBalance]:
    """Return the balances that hold a saved means of payment of the customer."""
    return [
        balance
        for balance in _balances(person)
        if balance.auto_token and balance.auto_customer_id == person.customer_id
    ]
