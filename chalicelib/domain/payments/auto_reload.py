"""Automatic reload: tops a card up when a purchase takes its balance below a threshold."""

from contextlib import suppress

from pynamodb.expressions.update import Action

from chalicelib.clients import messages
from chalicelib.clients.messages import Channel, Message
from chalicelib.domain import idempotency, money
from chalicelib.domain.access import accounts
from chalicelib.domain.cards import bindings, own_cards
from chalicelib.domain.cards.own_cards import CardHolding
from chalicelib.domain.crypto import encryption
from chalicelib.domain.ledger import card_balances
from chalicelib.domain.money import AmountInput, Money
from chalicelib.domain.payments import providers, reloads, saved_methods
from chalicelib.errors import InvalidState, NotFound, Unavailable, ValidationFailed
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Card, CardBalance
from chalicelib.vocabulary.cards import CardStatus
from chalicelib.vocabulary.payments import PaymentStatus

MOST_DECLINES = 3
_TOKEN = "auto_reload_token"  # noqa: S105  # the name of a field


def change(
    customer_id: str,
    name: str,
    *,
    enabled: bool,
    threshold: AmountInput | None,
    amount: AmountInput | None,
    token: str | None,
) -> CardHolding:
    """Turn a card's automatic reload on or off, and return the updated card.

    On: each purchase that takes the balance below `threshold` triggers a top-up of `amount`. `token` is a saved means
    of payment and is stored sealed; None keeps the stored one. Off: the token is deleted.
    Raises NotFound (also for another customer's means of payment), InvalidState (turned on for a card that is not
    active), ValidationFailed, Unavailable.
    """
    if not enabled:
        return _turn_off(customer_id, name)
    return _turn_on(customer_id, name, threshold=threshold, amount=amount, token=token)


def _turning_on(uid: str, threshold: Money, amount: Money) -> list[Action]:
    """Return the actions that turn automatic reload on; they also create the balance of a card without bookings."""
    return [
        CardBalance.kind.set(CardBalance),
        CardBalance.uid.set(uid),
        CardBalance.currency.set(CardBalance.currency | threshold.currency),
        CardBalance.amount.set(CardBalance.amount | 0),
        CardBalance.entries.set(CardBalance.entries | 0),
        CardBalance.auto_enabled.set(True),
        CardBalance.auto_threshold.set(threshold.minor),
        CardBalance.auto_amount.set(amount.minor),
        CardBalance.auto_declines.set(0),
    ]


def _turn_on(
    customer_id: str, name: str, *, threshold: AmountInput | None, amount: AmountInput | None, token: str | None
) -> CardHolding:
    currency = own_cards.active(customer_id, name).balance.currency
    under = money.require(threshold, currency=currency, field="threshold")
    by = money.require(amount, currency=currency, field="amount")
    reloads.require_reloadable(by)
    sealed = encryption.seal(customer_id, _TOKEN, token) if token else None
    for _ in retries.attempts():
        saved_methods.require_own(customer_id, token)
        holding = own_cards.active(customer_id, name)
        if sealed is None and holding.balance.auto_token is None:
            message = "name a saved means of payment"
            raise ValidationFailed(details=[{"field": "payment_token", "message": message}])
        uid = holding.card.uid
        actions = [*_turning_on(uid, under, by), CardBalance.auto_customer_id.set(customer_id)]
        unchanged = None
        if sealed is not None:
            actions.append(CardBalance.auto_token.set(sealed))
        else:
            unchanged = CardBalance.auto_token.exists()
        still_theirs = (Card.status == CardStatus.ACTIVE) & (Card.customer_id == customer_id)
        try:
            operations.commit(
                operations.change(keys.money.card_balance(uid), actions, unchanged),
                operations.check(keys.cards.card(uid), still_theirs),
                *saved_methods.binding(customer_id, token),
            )
        except operations.ConditionFailed:
            continue  # the card, its reload or the saved method changed between the read and the write
        return own_cards.get(customer_id, uid)
    raise Unavailable(retry_after=1)


def _turn_off(customer_id: str, name: str) -> CardHolding:
    holding = own_cards.get(customer_id, name)
    place = keys.money.card_balance(holding.card.uid)
    try:
        operations.record(operations.change(place, _OFF, CardBalance.pk.exists()))
    except operations.ConditionFailed:
        return holding  # it was never turned on
    return own_cards.get(customer_id, holding.card.uid)


def opened_token(balance: CardBalance) -> str | None:
    """Return the saved means of payment of a card's automatic reload. Raises UndecryptableData, Unavailable."""
    if balance.auto_token is None or balance.auto_customer_id is None:
        return None
    return encryption.open_sealed(balance.auto_customer_id, _TOKEN, bytes(balance.auto_token))


def forget(balance: CardBalance) -> None:
    """Delete a card's saved means of payment, at the provider first; idempotent. Raises Unavailable."""
    token = opened_token(balance)
    if token is None:
        return
    providers.chosen().forget_method(token)
    gone = saved_methods.unbinding(token)
    is_same = CardBalance.auto_token == balance.auto_token
    with suppress(operations.ConditionFailed):  # turned off, or another one was saved: the next look finds it
        operations.commit(*gone, operations.change(keys.money.card_balance(balance.uid), _OFF, is_same))


_OFF = [CardBalance.auto_enabled.set(False), CardBalance.auto_token.remove()]


def run(uid: str, entry: int) -> None:
    """Top up a card because its ledger line `entry` took it below its threshold; idempotent per line.

    Does nothing if the card is not active or automatic reload is off. A decline is counted, and the customer is
    notified. After `MOST_DECLINES` consecutive declines the reload is turned off. Raises Unavailable.
    """
    operation_id = f"op_auto_reload_{uid}_{entry}"
    ids = {"operation_id": operation_id}
    holding = _holding(uid)
    balance = holding.balance if holding else None
    if holding is not None and holding.card.uid != uid:
        uid, entry = holding.card.uid, holding.balance.entries
    if holding is None or balance is None or balance.auto_amount is None or not _is_on(holding):
        logger.info("automatic reload not run: it is off, or the card is not active", extra=ids)
        return
    owner_id = balance.auto_customer_id
    try:
        payment = reloads.charge_saved(
            owner_id,
            uid,
            AmountInput(Money(balance.auto_amount, balance.currency).amount),
            token=encryption.open_sealed(owner_id, _TOKEN, bytes(balance.auto_token)),
            operation_id=operation_id,
        )
    except (InvalidState, NotFound):
        logger.info("automatic reload not run: the card was taken out of use", extra=ids)
        return
    logger.info("automatic reload run", extra={**ids, "payment_id": payment.payment_id, "status": payment.status})
    if payment.status == PaymentStatus.FAILED:
        _count_decline(uid, entry, owner_id, operation_id=f"{operation_id}_declined", payment_id=payment.payment_id)
    elif payment.status == PaymentStatus.SUCCEEDED and balance.auto_declines:
        _forget_declines(uid, before=entry)


def _holding(uid: str) -> CardHolding | None:
    """Return the card of a purchase; of one that was replaced since, the card in its place, if that is low as well."""
    found = own_cards.holdings([uid])
    if not found or not found[0].card.replaced_by:
        return found[0] if found else None
    heir = bindings.usable(uid, found[0].card.customer_id)
    taken = own_cards.holdings([heir.uid]) if heir is not None else []
    is_low = taken and taken[0].balance.amount < (taken[0].balance.auto_threshold or 0)
    return taken[0] if is_low else None


def _is_on(holding: CardHolding) -> bool:
    card, balance = holding.card, holding.balance
    is_theirs = card.status == CardStatus.ACTIVE and card.customer_id == balance.auto_customer_id
    return is_theirs and balance.auto_enabled and balance.auto_token is not None


def _forget_declines(uid: str, *, before: int) -> None:
    """Reset the decline count after a successful reload, unless line `before` or a later one was declined."""
    none_since = CardBalance.auto_declined_at_entry < before
    with suppress(operations.ConditionFailed):  # a later reload was declined first
        operations.record(
            operations.change(keys.money.card_balance(uid), [CardBalance.auto_declines.set(0)], none_since)
        )


def _count_decline(uid: str, entry: int, owner_id: str, *, operation_id: str, payment_id: str) -> None:
    """Count a declined reload once and notify the customer; the decline number MOST_DECLINES turns the reload off."""
    for _ in retries.attempts():
        balance = card_balances.of(uid)
        # Checked after the balance was read: an operation not recorded yet is not counted in that balance.
        if idempotency.result_of(operation_id) is not None:
            return
        before = int(balance.auto_declines or 0)
        is_last = before + 1 >= MOST_DECLINES
        # Notify before counting: after a crash the retry repeats the message instead of losing it.
        _notify(owner_id, uid, is_last=is_last, message_id=f"msg_{payment_id}")
        same = CardBalance.auto_declines == before
        if not before:
            same = same | CardBalance.auto_declines.does_not_exist()
        actions = [
            CardBalance.auto_declines.set(before + 1),
            CardBalance.auto_declined_at_entry.set(max(entry, int(balance.auto_declined_at_entry or 0))),
            *(_OFF if is_last else []),
        ]
        try:
            operations.commit(
                idempotency.once(operation_id, payment_id),
                operations.change(keys.money.card_balance(uid), actions, same),
            )
        except operations.ConditionFailed:
            continue  # another delivery counted it, or another decline was recorded first
        return
    raise Unavailable(retry_after=1)


def _notify(owner_id: str, uid: str, *, is_last: bool, message_id: str) -> None:
    number = accounts.get(owner_id).mobile_number
    if number is None:
        return
    what = "It is turned off now." if is_last else "We try again the next time your balance runs low."
    text = f"Gatehouse: the automatic reload of your card ending in {uid[-4:]} was declined. {what}"
    messages.enqueue(Message(message_id=message_id, channel=Channel.SMS, to=number, body=text))
