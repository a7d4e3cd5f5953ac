"""Money that moves at the provider after a charge: its refunds and disputes, merged and booked (D-PAY-21).

A payment stores every word that its provider said of each refund and dispute. Words are only added, and everything else
follows from the set of them. So callbacks may arrive in any order, repeatedly, and before the charge's own success.

What the provider returned settles first what is owed to the customer, so a refund that both sides made counts once. The
rest is booked on the event's account of charge-backs, which its settlement deducts. After that its organizer owes it.
"""

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.clients.providers import Move, MoveKind, MoveWord
from chalicelib.domain.ledger import account_names, debts, journals
from chalicelib.domain.ledger.postings import Posting
from chalicelib.domain.money import Money
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import Payment, PayoutHold
from chalicelib.table.operations import Write
from chalicelib.vocabulary.payments import PaymentMethod, PaymentPurpose, PaymentStatus, RefundState

TAKEN = (PaymentStatus.SUCCEEDED, PaymentStatus.REFUND_DUE, PaymentStatus.REFUNDED)
# Delay until the sweep retries a refund that the queue should have made.
STUCK_AFTER = timedelta(minutes=5)
# Of one payment. Twenty tickets have as many refunds; an item holds 400 KB (AWS).
_MOST_MOVES = 100
_LONGEST_REFERENCE = 255
# In the keys of refunds: a card's pay-back, one that staff have made again, and a further part of one.
PAY_BACK, _AGAIN, _PART = "pbk", "/again/", "/part/"
_WON_OR_LOST = {MoveWord.WON, MoveWord.LOST}

Moves = Mapping[str, Mapping[str, Any]]


class Standing(Struct, frozen=True):
    """What the moves of a payment come to, in minor units.

    `away` has left the provider's balance. `final` was returned for good at some time, also if that failed later; a
    refund of ours that failed does not count, since another one takes its place. `frozen` is in dispute, and the
    provider has not taken it.
    """

    away: int = 0
    final: int = 0
    frozen: int = 0
    is_disputed: bool = False
    has_failed: bool = False


class MovesBooking(Struct, frozen=True):
    """The part of a payment's update that its moves cause, and the writes beside it.

    `status` replaces the status that the payment would have without them; it is empty if they do not change it.
    """

    status: list[Action]
    actions: list[Action]
    writes: list[Write]


def standing(moves: Moves | None) -> Standing:
    """Return what moves come to."""
    away, final, frozen, is_disputed, has_failed = 0, 0, 0, False, False
    for move in (moves or {}).values():
        words, amount = {MoveWord(word) for word in move["words"]}, int(move["amount"])
        if move["kind"] == MoveKind.REFUND:
            is_failed = MoveWord.FAILED in words
            away += 0 if is_failed else amount
            final += amount if MoveWord.SUCCEEDED in words and not (is_failed and move.get("key")) else 0
            has_failed |= is_failed
            continue
        is_taken, is_lost = _is_taken(words), _is_lost(words)
        away += amount if is_taken else 0
        final += amount if is_lost else 0
        frozen += amount if not is_taken and not words & _WON_OR_LOST else 0
        # A dispute that was won is over when its money is back.
        is_disputed |= not words & _WON_OR_LOST or (is_taken and not is_lost)
    return Standing(away, final, frozen, is_disputed, has_failed)


def _is_taken(words: Container[str]) -> bool:
    """Whether the money of a dispute is off the provider's balance."""
    return (MoveWord.WITHDRAWN in words or MoveWord.LOST in words) and MoveWord.REINSTATED not in words


def _is_lost(words: Container[str]) -> bool:
    return MoveWord.LOST in words and MoveWord.WON not in words


def merged(payment: Payment, reported: Iterable[Move]) -> tuple[dict[str, Any], list[Move]]:
    """Return the payment's moves together with those reported, and the reported ones that the books cannot take.

    These are moves in another currency than the charge, and more or longer ones than an item holds.
    """
    moves = {reference: dict(move) for reference, move in (payment.moves or {}).items()}
    unbooked: list[Move] = []
    for move in reported:
        known = moves.get(move.reference)
        ids = {"payment_id": payment.payment_id, "kind": move.kind.value}
        if move.currency != (payment.taken_currency or payment.currency):
            logger.error("a provider moves another currency than it charged", extra=ids)
            unbooked.append(move)
        elif known is None and (len(moves) >= _MOST_MOVES or len(move.reference) > _LONGEST_REFERENCE):
            logger.error("a provider reports more moves of a payment than can be stored", extra=ids)
            unbooked.append(move)
        elif known is None or not set(move.words) <= set(known["words"]):
            words = sorted({*(known["words"] if known else ()), *move.words})
            made: dict[str, Any] = {"created_at": clock.to_text(clock.now())} if known is None else known
            moves[move.reference] = {**made, "kind": move.kind, "amount": move.amount, "words": words}
            if move.key is not None:
                moves[move.reference]["key"] = move.key[:_LONGEST_REFERENCE]
    return moves, unbooked


def owed(payment: Payment) -> int:
    """Return how much of a payment this platform decided to return, paid back or not."""
    return int(payment.taken if payment.taken is not None else payment.refunded or 0)


def due(payment: Payment) -> int:
    """Return how much of that is still to be paid back through the provider."""
    return max(owed(payment) - standing(payment.moves).away, 0)


def made_for(payment: Payment, key: str) -> Moves:
    """Return the refunds that we asked for with a key, as far as they are known: several where it was paid in parts."""
    moves = (payment.moves or {}).items()
    return {name: move for name, move in moves if _base(move) == key}


def unmade(payment: Payment, key: str) -> int:
    """Return how much of a granted refund was not asked of the provider yet, and is still to be paid back.

    What the provider returned in another way, such as by a dispute that was lost, is made up for by the first grants.
    So the amount of one refund is the same whether another one of the payment was made already, or at this moment.
    """
    left = _unmade(payment)
    if key in left:
        return left[key]
    # From before refunds were listed: the caller knows how much was granted.
    return 0 if made_for(payment, key) else due(payment) - sum(left.values())


def undelivered(payment: Payment) -> int:
    """Return how much a provider could not deliver and nobody has returned since: staff have that made again."""
    return due(payment) - sum(_unmade(payment).values()) if standing(payment.moves).has_failed else 0


def _unmade(payment: Payment) -> dict[str, int]:
    grants = sorted((payment.granted or {}).items(), key=lambda named: (named[1]["created_at"], named[0]))
    asked, sums = dict.fromkeys((name for name, _ in grants), 0), Counter[str]()
    for move in (payment.moves or {}).values():
        name, amount, is_failed = _base(move), int(move["amount"]), MoveWord.FAILED in move["words"]
        if name in asked:
            asked[name] += amount
            sums["failed" if is_failed else "made"] += amount
        elif move["kind"] == MoveKind.REFUND and not is_failed:
            sums["made by others"] += amount
        elif is_failed and not name and grants and move["created_at"] > grants[0][1]["created_at"]:
            sums["failed of others"] += amount
    disputed = standing(payment.moves).away - sums["made"] - sums["made by others"]
    # What others made is first for what failed. What they made for a grant, and failed, is not tried again either.
    other = disputed + max(sums["made by others"] - sums["failed"], sums["failed of others"], 0)
    left = dict[str, int]()
    for name, grant in grants:
        rest = max(int(grant["amount"]) - asked[name], 0)
        left[name] = max(rest - other, 0)
        other -= rest - left[name]
    return left


def _base(move: Mapping[str, Any]) -> str:
    """Return the key of a move, without the number of its part."""
    return str(move.get("key") or "").partition(_PART)[0]


def part_key(payment: Payment, key: str) -> str:
    """Return the key of the next refund with a key: what a dispute won in the end leaves unpaid has a key of its own.

    It follows from what is known to be made, so that many callers make one.
    """
    made = len(made_for(payment, key))
    return f"{key}{_PART}{made}" if made else key


def again_key(payment: Payment) -> str:
    """Return the key of the refund that staff have made again; it follows from how many have failed, and were made."""
    moves = (payment.moves or {}).values()
    known = sum(MoveWord.FAILED in move["words"] or _AGAIN in str(move.get("key") or "") for move in moves)
    return f"{payment.payment_id}{_AGAIN}{known}"


def made_again(payment: Payment) -> int:
    """Return the amount of the last refund that staff have made again, zero for none."""
    made = [move for move in (payment.moves or {}).values() if _AGAIN in _base(move) and is_made_apart(move)]
    return int(max(made, key=lambda move: move["created_at"])["amount"]) if made else 0


def is_failed(payment: Payment, reference: str | None) -> bool:
    """Whether the provider could not deliver a refund."""
    return MoveWord.FAILED in (payment.moves or {}).get(reference or "", {}).get("words", ())


def is_made_apart(move: Mapping[str, Any]) -> bool:
    """Whether a move is a refund of ours that no ticket's request reports.

    It is of a card's balance, was made again by staff, or is a further part of a refund.
    """
    key = str(move.get("key") or "")
    return MoveWord.FAILED not in move["words"] and (key.startswith(PAY_BACK) or _AGAIN in key or _PART in key)


def waits(payment: Payment) -> bool:
    """Whether nothing may be paid back now: a refund failed and would fail again, or the bank decides on a dispute.

    A refund that failed and was made again, here or at the provider, is no reason any more.
    """
    now = standing(payment.moves)
    return now.is_disputed or (now.has_failed and due(payment) > 0)


def is_owed_again(payment: Payment, key: str) -> bool:
    """Whether a refund, or a part of it, that a lost dispute had paid must be made after all: it was won in the end."""
    is_granted = key in (payment.granted or {})
    return is_granted and not standing(payment.moves).is_disputed and unmade(payment, key) > 0


def unpaid(payment: Payment) -> dict[str, Mapping[str, Any]]:
    """Return the refunds that were decided here and not made whole at the provider: by id, as they were granted."""
    grants = (payment.granted or {}).items()
    made = {name: sum(int(move["amount"]) for move in made_for(payment, name).values()) for name, _ in grants}
    return {name: grant for name, grant in grants if made[name] < int(grant["amount"])}


def as_read(payment: Payment) -> Condition:
    """Return the condition that status, refunds and moves of a payment are unchanged since it was read."""
    same: Condition = (Payment.status == payment.status) & (Payment.refunded == payment.refunded)
    known = payment.revision
    same &= Payment.revision.does_not_exist() if known is None else Payment.revision == known
    return same


def booking(payment: Payment, *, moves: Moves, owed_now: int, taken: int | None) -> MovesBooking:
    """Return what changes with these moves and this amount owed, for a payment whose charge has succeeded.

    `taken` is the charge of a payment that could not be fulfilled. It is owed in full. It is None for others.
    """
    was, now = int(payment.returned or 0), standing(moves)
    beyond = max(now.away - owed_now, 0) - max(was - owed(payment), 0)
    returned = now.away - was
    actions: list[Action] = [Payment.moves.set(dict(moves)), Payment.revision.set(int(payment.revision or 0) + 1)]
    actions.append(Payment.returned.set(now.away))
    # What is owed to the customer anyway is not the event's to lose.
    frozen = max(now.away + now.frozen - owed_now, 0) - max(now.away - owed_now, 0)
    newly_frozen = frozen - int(payment.frozen or 0)
    if newly_frozen:
        actions.append(Payment.frozen.set(frozen))
    entries = [
        Posting(account_names.clearing(payment.provider), returned),
        Posting(account_names.chargebacks(payment.event_id), -beyond),
        Posting(account_names.REFUNDS_DUE, beyond - returned),
        Posting(account_names.disputed(payment.event_id), -newly_frozen),
        Posting(account_names.frozen(payment.event_id), newly_frozen),
    ]
    writes = _posted(payment, [entry for entry in entries if entry.amount])
    if beyond and payment.event_id is not None:
        writes.append(debts.lose(payment.event_id, payment.taken_currency or payment.currency, beyond))
    is_open = now.away > owed_now or (now.has_failed and owed_now > now.away)
    writes += _held(payment, actions, is_questioned=now.is_disputed or is_open)
    status = _status(payment, moves, owed_now) if taken is None else _status_of_owed(payment, moves, taken)
    return MovesBooking(status, actions, writes)


def _status(payment: Payment, moves: Moves, owed_now: int) -> list[Action]:
    """Return the status that moves give a payment: a function of all its moves in any order.

    A refund that the bank sent back has withdrawn tickets all the same; a card keeps its balance in any case. What was
    voided and is not returned any more, by a dispute that was won in the end, is as before, unless it is owed by now.
    """
    now = standing(moves)
    returned = now.final if payment.purpose == PaymentPurpose.ORDER else min(now.final, now.away)
    if returned >= payment.amount > 0:
        return [Payment.status.set(PaymentStatus.REFUNDED), *Payment.not_due(), Payment.voided.set(True)]
    if payment.voided and owed_now < payment.amount:
        return [Payment.status.set(PaymentStatus.SUCCEEDED), Payment.voided.remove()]
    return []


def _status_of_owed(payment: Payment, moves: Moves, taken: int) -> list[Action]:
    """Return the status that moves give a payment which bought nothing, so that all that was taken is owed."""
    now = standing(moves)
    refunded = [Payment.status.set(PaymentStatus.REFUNDED), *Payment.not_due()]
    if now.away >= taken:
        paid = (name for name, move in moves.items() if MoveWord.FAILED not in move["words"])
        return [*refunded, Payment.refunded.set(taken), Payment.refund_reference.set(min(paid))]
    owed_again = [
        Payment.status.set(PaymentStatus.REFUND_DUE),
        Payment.refunded.set(0),
        Payment.refund_reference.remove(),
    ]
    if now.has_failed:
        return [*owed_again, *Payment.not_due()]  # staff decide how it is returned: the sweep does not try again
    if payment.status == PaymentStatus.REFUNDED:
        # A dispute had returned it, and was won.
        return [*owed_again, *Payment.due_at(keys.jobs.due(clock.now() + STUCK_AFTER, payment.payment_id))]
    return []


def _posted(payment: Payment, entries: Sequence[Posting]) -> list[Write]:
    if not entries:
        return []
    named = {"payment_id": payment.payment_id, "order_id": payment.order_id, "event_id": payment.event_id}
    return journals.post(
        journals.Movement(
            f"jrn_moved_{payment.payment_id}_{int(payment.revision or 0) + 1}",
            type="moved",
            currency=payment.taken_currency or payment.currency,
            entries=entries,
            references={name: value for name, value in named.items() if value},
        )
    )


def _held(payment: Payment, actions: list[Action], *, is_questioned: bool) -> list[Write]:
    """Return the write that holds or frees the event's payout, and add its mark to the payment's actions."""
    if not is_questioned and not payment.questioned:
        return []
    actions.append(Payment.questioned.set(True) if is_questioned else Payment.questioned.remove())
    if payment.purpose != PaymentPurpose.ORDER or payment.event_id is None:
        return []
    names = {payment.payment_id}
    changed = PayoutHold.payments.add(names) if is_questioned else PayoutHold.payments.delete(names)
    of_event: list[Action] = [PayoutHold.kind.set(PayoutHold), PayoutHold.event_id.set(payment.event_id), changed]
    return [operations.change(keys.money.payout_hold(payment.event_id), of_event)]


def kept(payment: Payment, moves: Moves) -> list[Action]:
    """Return the actions that store moves of a payment whose charge has not succeeded yet."""
    return [Payment.moves.set(dict(moves)), Payment.revision.set(int(payment.revision or 0) + 1)]


class ShownRefund(Struct, frozen=True):
    """A refund as its customer sees it."""

    amount: Money
    status: RefundState
    created_at: datetime


def shown(payment: Payment) -> list[ShownRefund]:
    """Return the refunds of a payment, oldest first: those decided here, and what its provider or a bank returned.

    What a dispute took has made up for refunds that were decided here. It is listed in their place.
    """
    states = ((move, _state(move)) for move in (payment.moves or {}).values())
    found = [_shown(payment, move["amount"], move["created_at"], state) for move, state in states if state]
    for refund_id, granted in (payment.granted or {}).items():
        if payment.method == PaymentMethod.WALLET:
            found.append(_shown(payment, granted["amount"], granted["created_at"], RefundState.SUCCEEDED))
        elif pending := unmade(payment, refund_id):
            found.append(_shown(payment, pending, granted["created_at"], RefundState.PENDING))
    if not found and owed(payment):
        # Owed and not paid back yet, or from before refunds were listed.
        state = RefundState.PENDING if payment.status is PaymentStatus.REFUND_DUE else RefundState.SUCCEEDED
        at = clock.to_text(payment.settled_at or payment.created_at)
        found.append(_shown(payment, owed(payment), at, state))
    return sorted(found, key=lambda refund: refund.created_at)


def _state(move: Mapping[str, Any]) -> RefundState | None:
    """Return what became of the money of a move, None for a dispute that took nothing from us."""
    words = move["words"]
    if move["kind"] == MoveKind.DISPUTE:
        if not _is_taken(words):
            return None
        return RefundState.SUCCEEDED if _is_lost(words) else RefundState.PENDING
    if MoveWord.FAILED in words:
        return RefundState.FAILED
    return RefundState.SUCCEEDED if MoveWord.SUCCEEDED in words else RefundState.PENDING


def _shown(payment: Payment, minor: int, at: str, state: RefundState) -> ShownRefund:
    currency = payment.taken_currency or payment.currency
    return ShownRefund(Money(int(minor), currency), state, datetime.fromisoformat(at))
