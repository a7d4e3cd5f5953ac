"""Pay-backs: a card's balance returns to the payments that loaded it, each once (D-CRD-07).

One transaction takes the money off the card, and adds a refund to each payment. From then on the refunds are owed, as
those of tickets are: the queue makes them at the provider with the pay-back's id as idempotency key, and the sweep
repeats what failed. What no payment covers, such as money that another customer gave, stays on the card.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta

from msgspec import Struct
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.clients.bus import Published
from chalicelib.domain import idempotency
from chalicelib.domain.approvals import second_person
from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import AuditSubject
from chalicelib.domain.background.changes import Change, every, follows
from chalicelib.domain.cards import cards
from chalicelib.domain.ledger import account_names, journals
from chalicelib.domain.ledger.postings import Posting
from chalicelib.domain.money import Money
from chalicelib.domain.payments import provider_refunds, resolution, returns
from chalicelib.domain.payments.payment_decisions import INTERNAL
from chalicelib.errors import InvalidState, NotFound, Unavailable
from chalicelib.identifiers import new_id, uid_of_card_id
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Card, CardBalance, CardEntry, CardPayBack, Leftover, Payment
from chalicelib.table.operations import Write
from chalicelib.vocabulary.cards import EntryType, LeftoverAction, LeftoverState, PayBackStatus
from chalicelib.vocabulary.messages import Fact
from chalicelib.vocabulary.payments import PaymentStatus

# Ledger lines that are searched for the payments behind a balance, and cards that the money came from.
_MOST_LINES, _MOST_CARDS = 100, 5
# Payments of one transaction, with three writes each.
_MOST_SOURCES = 20
_RETRIED_AFTER = timedelta(minutes=5)
_CHARGE = "jrn_charge_"


class LeftoverAnswer(Struct, frozen=True):
    """What became of one leftover: the amount that moves, and what stays where it is."""

    state: LeftoverState
    amount: Money
    rest: Money


class _Source(Struct, frozen=True):
    payment: Payment
    amount: int


def pay_back(uid: str, *, by: str, operation_id: str) -> LeftoverAnswer:
    """Return a card's balance to the payments that loaded it, or ask for the second person; idempotent by operation.

    Raises NotFound, InvalidState (no balance, or no payment to return it to), SecondPersonNeeded, Unavailable.
    """
    for _ in retries.attempts():
        if (first := first_answer(operation_id)) is not None:
            return first
        card, balance = read(uid)
        paid_by = _paid_by(uid)
        sources = _sources(paid_by, balance, owner_id=card.customer_id)
        total = sum(source.amount for source in sources)
        if not total:
            raise _nothing_goes_back(paid_by)
        answer = LeftoverAnswer(
            LeftoverState.REFUNDING,
            Money(total, balance.currency),
            Money(balance.amount - total, balance.currency),
        )
        asking = LeftoverAnswer(LeftoverState.AWAITING_SECOND, answer.amount, answer.rest)
        if not may_act(
            uid,
            Money(balance.amount, balance.currency),
            LeftoverAction.PAY_BACK,
            by=by,
            once=answered_once(operation_id, asking),
        ):
            return asking
        before = {"balance": balance.amount, "currency": balance.currency}
        subject = AuditSubject("card", card.card_id, before=before, after={**before, "balance": balance.amount - total})
        try:
            once = answered_once(operation_id, answer)
            acts.commit(once, *_writes(card, balance, sources, total, by=by), subject=subject)
        except operations.ConditionFailed:
            continue  # the card or a payment changed after the read
        logger.info("balance paid back", extra={"card_id": card.card_id, "amount": total, "by": by})
        return answer
    raise Unavailable("This card is being used at this moment. Try again.", retry_after=1)


def read(uid: str) -> tuple[Card, CardBalance]:
    """Return a card with a balance. Raises NotFound, InvalidState (nothing is left)."""
    found = operations.get_many([keys.cards.card(uid), keys.money.card_balance(uid)])
    card, balance = found.get(keys.cards.card(uid)), found.get(keys.money.card_balance(uid))
    if not isinstance(card, Card):
        raise NotFound("There is no such card.")
    if not isinstance(balance, CardBalance) or not balance.amount:
        raise InvalidState("This card holds nothing. It was returned or spent.")
    return card, balance


def answered_once(operation_id: str, answer: LeftoverAnswer) -> Write:
    """Return the write that stores the first answer of an operation on a leftover."""
    parts = (answer.state, answer.amount.minor, answer.rest.minor, answer.amount.currency)
    return idempotency.once(operation_id, ".".join(map(str, parts)))


def first_answer(operation_id: str) -> LeftoverAnswer | None:
    """Return the first answer of an operation, or None before it."""
    stored = idempotency.result_of(operation_id)
    if stored is None:
        return None
    state, amount, rest, currency = stored.split(".")
    return LeftoverAnswer(LeftoverState(state), Money(int(amount), currency), Money(int(rest), currency))


def may_act(name: str, left: Money, action: LeftoverAction, *, by: str, once: Write) -> bool:
    """Return whether a leftover may move now; above the threshold the first member of staff only asks.

    `name` is the card's UID, or the id of the payment.

    Raises SecondPersonNeeded where the same one asks again, Unavailable while the stream is behind.
    """
    if not second_person.is_needed(left):
        return True
    place = keys.money.leftover(name)
    leftover = operations.get(place)
    if leftover is None or leftover.amount != left.minor:
        raise Unavailable("This balance has just changed. Try again in a moment.", retry_after=5)
    if leftover.asked_by is not None and leftover.asked_for == action:
        second_person.require_other(asked_by=leftover.asked_by, by=by)
        return True
    asked: list[Action] = [
        Leftover.asked_by.set(by),
        Leftover.asked_for.set(action),
        Leftover.revision.add(1),
    ]
    as_read = (Leftover.revision == leftover.revision) & (Leftover.amount == left.minor)
    subject = AuditSubject(
        "card" if leftover.card_id else "payment", leftover.card_id or name, after={"asked_for": action}
    )
    try:
        acts.commit(once, operations.change(place, asked, as_read), subject=subject)
    except operations.ConditionFailed as failure:
        raise Unavailable("Another member of staff has just asked. Look at it again.", retry_after=1) from failure
    return False


def _paid_by(uid: str) -> list[Payment]:
    """Return the payments behind a card's ledger, newest first."""
    places = [keys.money.payment(payment_id) for payment_id in dict.fromkeys(_payment_ids(uid))]
    found = operations.get_many(places)
    return [found[place] for place in places if place in found]


def _nothing_goes_back(paid_by: Sequence[Payment]) -> InvalidState:
    """Return why no payment takes a balance back, and what to do instead."""
    for payment in paid_by:
        if payment.voided or returns.standing(payment.moves).is_disputed:
            word = "took back" if payment.voided else "disputes"
            return InvalidState(
                f"A bank {word} payment {payment.payment_id}, which loaded this card, so nothing is paid back. "
                "See whether anything of the balance is owed before you make a claim link."
            )
    return InvalidState("No payment can take this balance back. Make a claim link.")


def _sources(paid_by: Sequence[Payment], balance: CardBalance, *, owner_id: str | None) -> list[_Source]:
    """Return the payments that take a balance back, newest first, each with its part of it.

    What another customer paid is not theirs any more: the card's owner claimed it. An erased owner is None.
    """
    rest, found = balance.amount, list[_Source]()
    for payment in paid_by:
        if not rest or len(found) == _MOST_SOURCES:
            break
        if owner_id not in (None, payment.customer_id) or not _takes_back(payment, balance.currency):
            continue
        amount = min(rest, payment.amount - int(payment.refunded or 0))
        if amount > 0:
            found.append(_Source(payment, amount))
            rest -= amount
    return found


def _takes_back(payment: Payment, currency: str) -> bool:
    return (
        payment.status == PaymentStatus.SUCCEEDED
        and payment.provider not in INTERNAL
        and payment.currency == currency
        and not returns.waits(payment)
        and not payment.voided
    )


def _payment_ids(uid: str) -> Iterator[str]:
    """Yield the payments behind a card's ledger, newest first, also of cards whose balance moved to it."""
    waiting, seen = [uid], set[str]()
    while waiting and len(seen) < _MOST_CARDS:
        uid = waiting.pop(0)
        seen.add(uid)
        raws = operations.query(keys.money.card_ledger(uid), newest_first=True, limit=_MOST_LINES, consistent=True)
        for line in map(CardEntry.from_raw_data, raws):
            if line.type in (EntryType.RELOAD, EntryType.AUTO_RELOAD) and line.journal_id.startswith(_CHARGE):
                yield line.journal_id.removeprefix(_CHARGE)
            elif line.type == EntryType.TRANSFER_IN and line.reference:
                origin = uid_of_card_id(line.reference)
                if origin and origin not in seen:
                    waiting.append(origin)


def _writes(card: Card, balance: CardBalance, sources: Sequence[_Source], total: int, *, by: str) -> list[Write]:
    movement = journals.Movement(
        f"jrn_pay_back_{card.uid}_{balance.entries + 1}",
        type="pay_back",
        currency=balance.currency,
        entries=[
            Posting(
                account_names.card(card.uid), -total, EntryType.ADJUSTMENT, reference=sources[0].payment.payment_id
            ),
            Posting(account_names.REFUNDS_DUE, total),
        ],
        references={"card_id": card.card_id},
    )
    writes = journals.post(movement, balances=[balance])
    writes.append(operations.check(keys.cards.card(card.uid), cards.as_read(card)))
    for source in sources:
        writes += _owed(card, source, by=by)
    return writes


def _owed(card: Card, source: _Source, *, by: str) -> list[Write]:
    """Return the writes that add a refund to a payment: its own, what its moves change, and the pay-back."""
    payment, now, pay_back_id = source.payment, clock.now(), new_id(returns.PAY_BACK)
    refunded = int(payment.refunded or 0) + source.amount
    granted = {"amount": source.amount, "card_uid": card.uid, "created_at": clock.to_text(now)}
    actions: list[Action] = [
        Payment.refunded.set(refunded),
        Payment.granted.set({**(payment.granted or {}), pay_back_id: granted}),
    ]
    status: list[Action] = [Payment.status.set(PaymentStatus.REFUNDED)] if refunded == payment.amount else []
    booked: list[Write] = []
    if payment.moves:
        booking = returns.booking(payment, moves=payment.moves, owed_now=refunded, taken=None)
        status, booked = booking.status or status, booking.writes
        actions += booking.actions
    due = keys.jobs.due(now + _RETRIED_AFTER, pay_back_id)
    owed = CardPayBack(
        *keys.money.card_pay_back(pay_back_id),
        gsi2=due,
        pay_back_id=pay_back_id,
        payment_id=payment.payment_id,
        card_uid=card.uid,
        amount=source.amount,
        currency=payment.currency,
        status=PayBackStatus.OWED,
        decided_by=by,
        created_at=now,
    )
    place = keys.money.payment(payment.payment_id)
    return [
        operations.change(place, [*status, *actions], returns.as_read(payment)),
        operations.put(owed, CardPayBack.pk.does_not_exist()),
        *booked,
    ]


def run(pay_back_id: str) -> bool:
    """Make an owed pay-back at the provider, and return whether there was anything to do; idempotent.

    While the payment is disputed, or our balance is too small, nothing is paid, and the sweep tries again.
    Raises NotFound, Unavailable.
    """
    place = keys.money.card_pay_back(pay_back_id)
    owed = operations.get(place)
    if owed is None:
        raise NotFound("There is no such pay-back.")
    payment = resolution.get(owed.payment_id)
    if owed.status == PayBackStatus.PAID and returns.is_owed_again(payment, pay_back_id):
        owed = _opened_again(owed)
    if owed.status != PayBackStatus.OWED:
        return False
    if returns.standing(payment.moves).is_disputed:
        _postpone(owed, provider_refunds.WHILE_DISPUTED)
        return True
    moves = []
    if amount := returns.unmade(payment, pay_back_id):
        key = returns.part_key(payment, pay_back_id)
        made = provider_refunds.make(payment, amount=amount, currency=owed.currency, key=key)
        if made is None:
            _postpone(owed, provider_refunds.until_next_try(pay_back_id))
            return True
        moves = [made]
    done: list[Action] = [CardPayBack.status.set(PayBackStatus.PAID), *CardPayBack.not_due()]
    recorded = operations.change(place, done, CardPayBack.status == PayBackStatus.OWED)
    if resolution.take_moves(owed.payment_id, moves, also=[recorded]):
        logger.info("pay-back made", extra={"pay_back_id": pay_back_id, "payment_id": owed.payment_id})
    return True


def _opened_again(paid: CardPayBack) -> CardPayBack:
    """Return a pay-back as owed again, where a lost dispute had paid a part of it that was won in the end."""
    again = [
        CardPayBack.status.set(PayBackStatus.OWED),
        *CardPayBack.due_at(keys.jobs.due(clock.now() + _RETRIED_AFTER, paid.pay_back_id)),
    ]
    with suppress(operations.ConditionFailed):  # another process did
        operations.record(operations.change(paid.place, again, CardPayBack.status == PayBackStatus.PAID))
    return operations.get(paid.place) or paid


def _postpone(owed: CardPayBack, wait: timedelta) -> None:
    """Make a pay-back due again later, unless it was made meanwhile."""
    later = CardPayBack.due_at(keys.jobs.due(clock.now() + wait, owed.pay_back_id))
    with suppress(operations.ConditionFailed):
        operations.record(operations.change(owed.place, later, CardPayBack.status == PayBackStatus.OWED))


@follows(*every(CardPayBack))
def follow(changes: Sequence[Change]) -> list[Published]:
    """Publish the new pay-backs, which the payments queue makes."""
    return [
        Published(
            fact=Fact.CARD_PAY_BACK_DUE,
            fact_id=after.pay_back_id,
            occurred_at=after.created_at,
            ids={"pay_back_id": after.pay_back_id, "payment_id": after.payment_id},
        )
        for change in changes
        if isinstance(after := change.after, CardPayBack) and change.before is None
    ]
