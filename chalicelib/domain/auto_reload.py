"""Automatic reload: what tops a card up when a purchase takes its balance under a threshold."""

from dataclasses import dataclass

from chalicelib.domain import encryption, money, own_cards
from chalicelib.domain.money import Asked, Money
from chalicelib.domain.own_cards import Holding
from chalicelib.errors import Unavailable, ValidationFailed
from chalicelib.table import keys, operations
from chalicelib.table.items import Card, CardBalance
from chalicelib.vocabulary import CardStatus

_TOKEN = "auto_reload_token"  # noqa: S105  # the name of a field


@dataclass(frozen=True, slots=True)
class Settings:
    """When a card is topped up, and by how much."""

    enabled: bool
    threshold: Money
    amount: Money


def settings(balance: CardBalance) -> Settings | None:
    """Return what was last said of a card's automatic reload, if anything was."""
    if balance.auto_threshold is None:
        return None
    return Settings(
        enabled=bool(balance.auto_enabled),
        threshold=Money(int(balance.auto_threshold), balance.currency),
        amount=Money(int(balance.auto_amount), balance.currency),
    )


def change(
    customer_id: str, name: str, *, enabled: bool, threshold: Asked | None, amount: Asked | None, token: str | None
) -> Holding:
    """Turn a card's automatic reload on or off, and return the card as it is then.

    On: it is topped up by `amount` whenever a purchase takes it under `threshold`; `token` is a saved means of
    payment and is kept sealed, None keeps the one that is saved. Off: the token is forgotten. Raises NotFound,
    InvalidState (turned on where the card is not active), ValidationFailed, Unavailable.
    """
    if not enabled:
        return _turn_off(customer_id, name)
    return _turn_on(customer_id, name, threshold=threshold, amount=amount, token=token)


def _turn_on(
    customer_id: str, name: str, *, threshold: Asked | None, amount: Asked | None, token: str | None
) -> Holding:
    currency = own_cards.active(customer_id, name).balance.currency
    under = money.require(threshold, currency=currency, field="threshold")
    by = money.require(amount, currency=currency, field="amount")
    sealed = encryption.seal(customer_id, _TOKEN, token) if token else None
    for _ in operations.attempts():
        holding = own_cards.active(customer_id, name)
        if sealed is None and holding.balance.auto_token is None:
            message = "name a saved means of payment"
            raise ValidationFailed(details=[{"field": "payment_token", "message": message}])
        uid = holding.card.uid
        actions = [
            CardBalance.kind.set(CardBalance),
            CardBalance.uid.set(uid),
            CardBalance.currency.set(CardBalance.currency | currency),
            CardBalance.amount.set(CardBalance.amount | 0),
            CardBalance.entries.set(CardBalance.entries | 0),
            CardBalance.auto_enabled.set(True),  # PynamoDB's signature
            CardBalance.auto_threshold.set(under.minor),
            CardBalance.auto_amount.set(by.minor),
            CardBalance.auto_customer_id.set(customer_id),
            CardBalance.auto_declines.set(0),
        ]
        unchanged = None
        if sealed is not None:
            actions.append(CardBalance.auto_token.set(sealed))
        else:
            unchanged = CardBalance.auto_token.exists()
        still_theirs = (Card.status == CardStatus.ACTIVE.value) & (Card.customer_id == customer_id)
        try:
            operations.commit(
                operations.change(CardBalance, keys.card_balance(uid), actions, unchanged),
                operations.check(Card, keys.card(uid), still_theirs),
            )
        except operations.ConditionFailed:
            continue  # the card was blocked, or its reload turned off, between the read and the write
        return own_cards.get(customer_id, uid)
    raise Unavailable(retry_after=1)


def _turn_off(customer_id: str, name: str) -> Holding:
    holding = own_cards.get(customer_id, name)
    place = keys.card_balance(holding.card.uid)
    try:
        operations.record(operations.change(CardBalance, place, _OFF, CardBalance.pk.exists()))
    except operations.ConditionFailed:
        return holding  # it never had one
    return own_cards.get(customer_id, holding.card.uid)


_OFF = [CardBalance.auto_enabled.set(False), CardBalance.auto_token.remove()]  # PynamoDB's signature
