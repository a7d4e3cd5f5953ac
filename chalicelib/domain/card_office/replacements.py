"""Replacements: a lost card gives balance, tickets and customer to another card, in one transaction (D-CRD-02).

What a card opens is one list on the card, so the transaction is the same size for one ticket and for a thousand. The
tickets' own note of their card follows from the stream (`bindings.repoint`). The old card keeps its list: a tap on it
that arrives late is refused for the card's state, and names the ticket that it would have opened.

Money that still arrives on the old card, such as a reload that was under way, follows to the replacement
(`balances.gather`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import AuditSubject
from chalicelib.domain.card_office import binding_notices, card_states
from chalicelib.domain.cards import bindings, cards
from chalicelib.domain.ledger import account_names, card_balances, journals
from chalicelib.domain.ledger.postings import Posting
from chalicelib.domain.money import Money
from chalicelib.errors import InvalidState, NotFound, Unavailable, ValidationFailed
from chalicelib.identifiers import masked_uid
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Account, Card, CardBalance, Dependent
from chalicelib.table.operations import Write
from chalicelib.table.ranges import Begins
from chalicelib.vocabulary.access import AccountStatus
from chalicelib.vocabulary.cards import CardStatus, EntryType

_REPLACEABLE = (CardStatus.ACTIVE, CardStatus.BLOCKED, CardStatus.LOST)


class Replacement(Struct, frozen=True):
    """What moved from a card to its replacement, and when."""

    from_card_id: str
    to_card_id: str
    to_uid: str
    customer_id: str | None
    balance: Money
    tickets: int
    dependents: int
    replaced_at: datetime


class _Read(Struct, frozen=True):
    """Both cards with their balances and the dependents who use the old one, all as read."""

    old: Card
    new: Card
    old_balance: CardBalance
    new_balance: CardBalance
    dependents: Sequence[Dependent]


def replace(name: str, *, to: str, reason: str) -> Replacement:
    """Move all that a card has to a card of the stock, or to another active card of its customer; once.

    A second call with the same cards returns the first answer. Raises NotFound, ValidationFailed, InvalidState (by the
    name of the state that does not allow it), Unavailable.
    """
    old_uid, new_uid = cards.name_to_uid(name), _uid(to)
    for _ in retries.attempts():
        read = _read(old_uid, new_uid)
        if read.old.replaced_by is not None:
            return _first(read.old, new_uid)
        opens = _require_possible(read)
        moved = _moved(read)
        try:
            acts.commit(*_writes(read, opens, moved, reason=reason), subject=_subject(read, moved, reason=reason))
        except operations.ConditionFailed:
            continue  # a sale, a reload or a change of a card was written first
        ids = {"card_id": read.old.card_id, "to_card_id": read.new.card_id, "customer_id": read.old.customer_id}
        logger.info("card replaced", extra=ids)
        if read.old.customer_id is not None:
            binding_notices.send(read.old.customer_id, read.new.uid)
        return moved
    raise Unavailable("These cards are being used by many at once. Try again.", retry_after=1)


def _uid(name: str) -> str:
    try:
        return cards.name_to_uid(name)
    except ValidationFailed as refused:
        message = (refused.details or [{"message": refused.text}])[0]["message"]
        raise ValidationFailed(details=[{"field": "to_uid", "message": message}]) from refused


def _read(old_uid: str, new_uid: str) -> _Read:
    if old_uid == new_uid:
        message = "must be another card than the one it replaces"
        raise ValidationFailed(details=[{"field": "to_uid", "message": message}])
    places = [place for uid in (old_uid, new_uid) for place in (keys.cards.card(uid), keys.money.card_balance(uid))]
    found = operations.get_many(places)
    old, new = found.get(keys.cards.card(old_uid)), found.get(keys.cards.card(new_uid))
    if not isinstance(old, Card):
        raise NotFound("There is no such card.")
    if not isinstance(new, Card):
        raise NotFound("There is no card with the UID in to_uid. Create it first.")
    return _Read(old, new, _balance(found, old), _balance(found, new), _dependents(old))


def _balance(found: Mapping[Any, Any], card: Card) -> CardBalance:
    balance = found.get(keys.money.card_balance(card.uid))
    return balance if isinstance(balance, CardBalance) else card_balances.no_balance(card.uid)


def _dependents(card: Card) -> list[Dependent]:
    """Return the dependents who use a card: a customer has ten dependents at most."""
    if card.customer_id is None or card.replaced_by is not None:
        return []
    place = keys.customers.dependent(card.customer_id)
    raws = operations.query(place.pk, Begins(place.sk), consistent=True)
    family = [Dependent.from_raw_data(raw) for raw in raws]
    return [dependent for dependent in family if dependent.card_uid == card.uid]


def _first(old: Card, new_uid: str) -> Replacement:
    """Return the answer of the first call. Raises InvalidState where that named another card."""
    if old.replaced_by != new_uid:
        raise InvalidState(f"This card is replaced: card {masked_uid(str(old.replaced_by))} has taken its place.")
    first: dict[str, Any] = dict(old.replacement)
    return Replacement(
        from_card_id=old.card_id,
        to_card_id=first["to_card_id"],
        to_uid=new_uid,
        customer_id=old.customer_id,
        balance=Money(int(first["amount"]), first["currency"]),
        tickets=int(first["tickets"]),
        dependents=int(first["dependents"]),
        replaced_at=datetime.fromisoformat(first["at"]),
    )


def _require_possible(read: _Read) -> bindings.Opens:
    """Return what the replacement opens afterwards. Raises InvalidState."""
    old, new = read.old, read.new
    if old.status not in _REPLACEABLE:
        raise InvalidState(f"This card is {cards.shown_status(old)}. Only a card that was in use can be replaced.")
    state = cards.shown_status(new)
    is_free = state is CardStatus.STOCK and new.customer_id is None
    is_theirs = state is CardStatus.ACTIVE and new.customer_id == old.customer_id is not None
    if not is_free and not is_theirs:
        owner = "" if state is not CardStatus.ACTIVE else " and is another customer's"
        raise InvalidState(f"The replacement is {state}{owner}. Take a card that is in stock.")
    if old.customer_id is not None:
        account = operations.get(keys.access.account(old.customer_id))
        if not isinstance(account, Account) or account.status != AccountStatus.ACTIVE:
            raise InvalidState("This card's customer is not active. Change that first.")
    if read.new_balance.entries and read.old_balance.amount and read.new_balance.currency != read.old_balance.currency:
        raise InvalidState(f"The replacement's balance is in {read.new_balance.currency}. Take another card.")
    opens = {event_id: list(ids) for event_id, ids in new.tickets.items()}
    for event_id, ids in old.tickets.items():
        opens[event_id] = list(dict.fromkeys([*ids, *opens.get(event_id, ())]))
        if len(opens[event_id]) > bindings.MAX_TICKETS_PER_EVENT:
            raise InvalidState("The replacement opens too many tickets of one event. Take a card that is in stock.")
    return opens


def _moved(read: _Read) -> Replacement:
    return Replacement(
        from_card_id=read.old.card_id,
        to_card_id=read.new.card_id,
        to_uid=read.new.uid,
        customer_id=read.old.customer_id,
        balance=Money(read.old_balance.amount, read.old_balance.currency),
        tickets=sum(len(ids) for ids in read.old.tickets.values()),
        dependents=len(read.dependents),
        replaced_at=clock.now(),
    )


def _writes(read: _Read, opens: bindings.Opens, moved: Replacement, *, reason: str) -> list[Write]:
    """Return the writes of a replacement: at most 17, for any number of tickets."""
    return [
        _retired(read, moved, reason=reason),
        _activated(read, opens, at=moved.replaced_at),
        *_money(read),
        *(_repointed(dependent, read) for dependent in read.dependents),
    ]


def _as_read(card: Card) -> Condition:
    same: Condition = card_states.as_seen(card) & bindings.opens_as_read(card)
    return same


def _retired(read: _Read, moved: Replacement, *, reason: str) -> Write:
    said = {
        "to_card_id": moved.to_card_id,
        "amount": moved.balance.minor,
        "currency": moved.balance.currency,
        "tickets": moved.tickets,
        "dependents": moved.dependents,
        "at": clock.to_text(moved.replaced_at),
    }
    actions: list[Action] = [
        *cards.becoming(read.old, CardStatus.REPLACED),
        Card.replaced_by.set(read.new.uid),
        Card.replacement.set(said),
        Card.blocked_at.set(moved.replaced_at),
        Card.block_reason.set(reason),
        Card.kept_by_staff.remove(),
    ]
    return operations.change(keys.cards.card(read.old.uid), actions, _as_read(read.old))


def _activated(read: _Read, opens: bindings.Opens, *, at: datetime) -> Write:
    old, new = read.old, read.new
    refused_at = {*(old.refused_at or ()), *(new.refused_at or ())}
    actions: list[Action] = [
        *cards.becoming(new, CardStatus.ACTIVE),
        Card.tickets.set(opens),
        Card.admitted.set({**old.admitted, **new.admitted}),
        Card.assigned_at.set(at),
    ]
    if refused_at:
        # A scan that was refused before may be repeated: it keeps its answer on the new card too.
        actions.append(Card.refused_at.set(refused_at))
    if old.customer_id is not None:
        actions.append(Card.customer_id.set(old.customer_id))
        actions += Card.in_gsi1(keys.cards.customer_cards(old.customer_id, new.card_id))
    return operations.change(keys.cards.card(new.uid), actions, _as_read(new))


def _money(read: _Read) -> list[Write]:
    """Return the writes that move balance and automatic reload; the old card can pay nothing afterwards."""
    old, new = read.old_balance, read.new_balance
    if not new.entries:
        new.currency = old.currency
    settings = {old.uid: _closing(), new.uid: _opening(old, new)}
    if not old.amount:
        return [_unmoved(old, settings[old.uid]), _unmoved(new, settings[new.uid])]
    entries = [
        Posting(account_names.card(old.uid), -old.amount, EntryType.TRANSFER_OUT, reference=read.new.card_id),
        Posting(account_names.card(new.uid), old.amount, EntryType.TRANSFER_IN, reference=read.old.card_id),
    ]
    movement = journals.Movement(
        f"jrn_replaced_{old.uid}",
        type="transfer",
        currency=old.currency,
        entries=entries,
        references={"from_card_id": read.old.card_id, "to_card_id": read.new.card_id},
    )
    return journals.post(movement, balances=[old, new], settings=settings)


def _closing() -> list[Action]:
    return [CardBalance.frozen.set(True), CardBalance.auto_enabled.set(False), CardBalance.auto_token.remove()]


def _opening(old: CardBalance, new: CardBalance) -> list[Action]:
    actions: list[Action] = [CardBalance.frozen.remove()]
    if not old.auto_enabled or old.auto_token is None or new.auto_enabled:
        return actions
    return [
        *actions,
        CardBalance.auto_enabled.set(True),
        CardBalance.auto_threshold.set(old.auto_threshold),
        CardBalance.auto_amount.set(old.auto_amount),
        CardBalance.auto_token.set(bytes(old.auto_token)),
        CardBalance.auto_customer_id.set(old.auto_customer_id),
        CardBalance.auto_declines.set(0),
    ]


def _unmoved(balance: CardBalance, settings: Sequence[Action]) -> Write:
    """Return the write that changes only the settings of a balance, which is as read."""
    return operations.change(
        keys.money.card_balance(balance.uid),
        [
            CardBalance.kind.set(CardBalance),
            CardBalance.uid.set(balance.uid),
            CardBalance.currency.set(balance.currency),
            CardBalance.amount.set(balance.amount),
            CardBalance.entries.set(balance.entries),
            *settings,
        ],
        card_balances.as_read(balance),
    )


def _repointed(dependent: Dependent, read: _Read) -> Write:
    return operations.change(
        keys.customers.dependent(dependent.customer_id, dependent.dependent_id),
        [Dependent.card_uid.set(read.new.uid), Dependent.card_id.set(read.new.card_id)],
        Dependent.card_uid == read.old.uid,
    )


def _subject(read: _Read, moved: Replacement, *, reason: str) -> AuditSubject:
    return AuditSubject(
        "card",
        read.old.card_id,
        before={"status": read.old.status},
        after={
            "status": CardStatus.REPLACED,
            "to_card_id": moved.to_card_id,
            "amount": moved.balance.amount,
            "currency": moved.balance.currency,
            "tickets": moved.tickets,
            "reason": reason,
        },
    )
