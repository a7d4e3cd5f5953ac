"""What an erasure makes of each item, as the inventory says, and what is left of it afterwards."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.domain.cards import cards
from chalicelib.domain.gate import attendee_names
from chalicelib.domain.ledger import card_balances
from chalicelib.domain.personal_data.inventory import INVENTORY, Fate
from chalicelib.table import keys, operations
from chalicelib.table.items import (
    Account,
    Card,
    CardBalance,
    Gift,
    Item,
    Order,
    RefundRequest,
    Ticket,
)
from chalicelib.table.operations import Write
from chalicelib.vocabulary.cards import CardStatus
from chalicelib.vocabulary.tickets import GiftStatus

# In place of a name or a word of a person.
NOBODY = "Erased"
_OUT_OF_USE = (CardStatus.BLOCKED, CardStatus.LOST, CardStatus.REPLACED)


def is_removed(cls: type[Item]) -> bool:
    """Whether an erasure deletes items of a class as a whole."""
    return Fate.REMOVED in INVENTORY.get(cls, {}).values()


def left(item: Item, customer_id: str) -> list[str]:
    """Return the attributes of an item that still hold data of a customer."""
    cls = type(item)
    if is_removed(cls):
        return [cls.__name__]
    if isinstance(item, Gift) and item.giver_id == customer_id and item.status != GiftStatus.PENDING:
        return []  # its name is another person's
    return [name for name in _cleared(cls) if not _is_clear(getattr(item, name), customer_id)]


def erase(item: Item, customer_id: str) -> None:
    """Erase what an item holds of a customer; idempotent. An item that is another's by now stays as it is."""
    if not left(item, customer_id):
        return
    if is_removed(type(item)):
        operations.record(operations.remove(item.place))
        return
    if isinstance(item, Ticket):
        operations.remove_many(attendee_names.rows_of(item))
    special = _SPECIAL.get(type(item))
    try:
        if special is None:
            operations.record(operations.change(item.place, _clearing(item), type(item).pk.exists()))
        else:
            operations.commit(*special(item))
    except operations.ConditionFailed:
        return  # it changed after the read: the next look finds what is left


def _cleared(cls: type[Item]) -> list[str]:
    return [name for name, fate in INVENTORY.get(cls, {}).items() if fate is Fate.CLEARED]


def _is_clear(value: Any, customer_id: str) -> bool:
    if isinstance(value, list | tuple):
        return all(_is_clear(each, customer_id) for each in value)
    if isinstance(value, dict):
        return all(name not in _OF_LINES or _is_clear(each, customer_id) for name, each in value.items())
    return value in (None, "", NOBODY, pseudonym(customer_id)) or (isinstance(value, set) and not value)


# The parts of a line of an order that name a person.
_OF_LINES = ("holder_name", "dependent_id")


def pseudonym(customer_id: str) -> str:
    """Return the log-in name of an erased customer, which nobody can log in with."""
    return f"erased/{customer_id}"


def _clearing(item: Item) -> list[Action]:
    """Return the actions that clear the attributes of an item: removed, or a word where one is needed."""
    cls = type(item)
    actions: list[Action] = []
    for name in _cleared(cls):
        attribute = getattr(cls, name)
        if getattr(item, name) is None:
            continue
        actions.append(attribute.remove() if attribute.null else attribute.set(NOBODY))
    return actions


def _ticket(ticket: Ticket) -> list[Write]:
    """Keep a ticket with its number and its admission, for nobody."""
    in_index = keys.gate.attendee(ticket.event_id, NOBODY, ticket.ticket_id) if ticket.gsi1pk else None
    actions = [*_clearing(ticket), *Ticket.in_gsi1(in_index)]
    return [operations.change(ticket.place, actions, Ticket.customer_id == ticket.customer_id)]


def _order(order: Order) -> list[Write]:
    lines = [
        {**line, "holder_name": NOBODY, "dependent_id": None, "card_id": None, "on_card": False}
        for line in order.tickets
    ]
    actions: list[Action] = [Order.tickets.set(lines), Order.card_uid.remove(), Order.card_id.remove()]
    same: Condition = Order.status == order.status
    return [operations.change(order.place, actions, same)]


def account_actions(account: Account) -> list[Action]:
    """Return the actions that leave an account without a person; nobody can log in to it."""
    cleared = {name: getattr(Account, name) for name in _cleared(Account) if name not in _WORDS_OF_ACCOUNT}
    return [
        *(attribute.remove() for name, attribute in cleared.items() if getattr(account, name) is not None),
        Account.name.set(NOBODY),
        Account.password_hash.set(NOBODY),
        Account.login.set(pseudonym(account.account_id)),
        Account.version.add(1),
    ]


_WORDS_OF_ACCOUNT = ("name", "password_hash", "login")


def _card(card: Card) -> list[Write]:
    """Take a card out of use and end its binding; its UID stays as the name of a thing and of its account."""
    status = [] if card.status in _OUT_OF_USE else [*cards.becoming(card, CardStatus.BLOCKED)]
    actions: list[Action] = [
        *status,
        Card.customer_id.remove(),
        Card.block_reason.remove(),
        Card.tickets.set({}),
        Card.admitted.set({}),
        Card.admitted_at.set({}),
        Card.blocked_at.set(Card.blocked_at | clock.now()),
        # Nothing gathers its balance any more: there is no customer to gather it for.
        Card.kept_by_staff.set(True),
        *Card.in_gsi1(None),
    ]
    return [operations.change(card.place, actions, cards.as_read(card)), card_balances.freeze(card.uid, is_frozen=True)]


def _balance(balance: CardBalance) -> list[Write]:
    actions: list[Action] = [
        CardBalance.auto_enabled.set(False),
        CardBalance.auto_token.remove(),
        CardBalance.auto_customer_id.remove(),
    ]
    return [operations.change(balance.place, actions, CardBalance.pk.exists())]


def _gift(gift: Gift) -> list[Write]:
    return [operations.change(gift.place, [Gift.name.remove(), Gift.message.remove()], Gift.pk.exists())]


def _request(request: RefundRequest) -> list[Write]:
    actions: list[Action] = [RefundRequest.reason.set(NOBODY), RefundRequest.note.remove()]
    return [operations.change(request.place, actions, RefundRequest.pk.exists())]


_SPECIAL: Mapping[type[Item], Callable[[Any], list[Write]]] = {
    Ticket: _ticket,
    Order: _order,
    Card: _card,
    CardBalance: _balance,
    Gift: _gift,
    RefundRequest: _request,
}


def all_left(found: Iterable[Item], customer_id: str) -> Sequence[str]:
    """Return what is left in these items."""
    return [name for item in found for name in left(item, customer_id)]
