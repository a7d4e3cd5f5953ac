"""What Stripe's objects mean here: outcomes, moves and lines of a day's list. Pure: it asks nothing.

Amounts are converted to minor units of ISO 4217 (`stripe_amounts`).
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from chalicelib.clients import stripe_amounts
from chalicelib.clients.providers import (
    ListedMoney,
    MoneyKind,
    Move,
    MoveKind,
    MoveWord,
    NextAction,
    Outcome,
    OutcomeStatus,
)

_DISPUTE_WORDS = {"funds_withdrawn": MoveWord.WITHDRAWN, "funds_reinstated": MoveWord.REINSTATED}
# The states of a refund and of a closed dispute (docs.stripe.com/api/refunds/object, .../api/disputes/object).
_REFUND_STATES = {"succeeded": MoveWord.SUCCEEDED, "failed": MoveWord.FAILED, "canceled": MoveWord.FAILED}
_DISPUTE_STATES = {
    "won": MoveWord.WON,
    "lost": MoveWord.LOST,
    "warning_closed": MoveWord.WON,
    "prevented": MoveWord.WON,
}
# The states of a refund that returns no money (docs.stripe.com/api/refunds/object).
_NOT_REFUNDED = ("failed", "canceled")


def refund_move(refund: Mapping[str, Any]) -> Move:
    """Return a refund; one that waits, also for its customer, has left the balance already."""
    currency = refund["currency"].upper()
    return Move(
        reference=str(refund["id"]),
        kind=MoveKind.REFUND,
        amount=stripe_amounts.from_stripe(int(refund["amount"]), currency),
        currency=currency,
        words=(_REFUND_STATES.get(refund["status"], MoveWord.PENDING),),
        key=(refund.get("metadata") or {}).get("refund_key"),
        made_on=_made_on(refund),
    )


def dispute_move(dispute: Mapping[str, Any], what: str) -> Move:
    """Return a dispute in the words of its state and of the callback's kind (docs.stripe.com/disputes)."""
    currency = dispute["currency"].upper()
    said = (MoveWord.OPENED, _DISPUTE_STATES.get(dispute["status"]), _DISPUTE_WORDS.get(what))
    return Move(
        reference=str(dispute["id"]),
        kind=MoveKind.DISPUTE,
        amount=stripe_amounts.from_stripe(int(dispute["amount"]), currency),
        currency=currency,
        words=tuple(word for word in said if word is not None),
        made_on=_made_on(dispute),
    )


def _made_on(said: Mapping[str, Any]) -> date:
    """Return the day of an object; every refund and dispute carries its Unix time of creation."""
    return datetime.fromtimestamp(int(said["created"]), UTC).date()


def listed_charge(intent: Mapping[str, Any]) -> ListedMoney:
    """Return an intent as a line of a day's list."""
    outcome = outcome_of(intent)
    payment_id = (intent.get("metadata") or {}).get("payment_id")
    return ListedMoney(
        outcome.reference, MoneyKind.CHARGE, payment_id, outcome.amount, outcome.currency, outcome.status
    )


def listed_refund(refund: Mapping[str, Any]) -> ListedMoney:
    """Return a refund as a line; one that failed moved nothing."""
    status = OutcomeStatus.FAILED if refund["status"] in _NOT_REFUNDED else OutcomeStatus.SUCCEEDED
    return _listed(refund, MoneyKind.REFUND, status)


def listed_dispute(dispute: Mapping[str, Any]) -> ListedMoney:
    """Return a dispute as a line; one that is open has not ended."""
    word = _DISPUTE_STATES.get(dispute["status"])
    states = {MoveWord.LOST: OutcomeStatus.SUCCEEDED, MoveWord.WON: OutcomeStatus.FAILED}
    return _listed(
        dispute, MoneyKind.DISPUTE, states.get(word, OutcomeStatus.PENDING) if word else OutcomeStatus.PENDING
    )


def _listed(said: Mapping[str, Any], kind: MoneyKind, status: OutcomeStatus) -> ListedMoney:
    currency, intent = said["currency"].upper(), said.get("payment_intent")
    payment_id = (intent.get("metadata") or {}).get("payment_id") if isinstance(intent, Mapping) else None
    amount = stripe_amounts.from_stripe(int(said["amount"]), currency)
    return ListedMoney(str(said["id"]), kind, payment_id, amount, currency, status)


def our_transfers(transfers: Sequence[Mapping[str, Any]]) -> tuple[ListedMoney, ...]:
    """Return the transfers that payouts made, each by its key; one that was reversed moved nothing."""
    found = []
    for one in transfers:
        key, currency = (one.get("metadata") or {}).get("payout_key"), one["currency"].upper()
        if key:
            status = OutcomeStatus.FAILED if one["reversed"] else OutcomeStatus.SUCCEEDED
            amount = stripe_amounts.from_stripe(int(one["amount"]), currency)
            found.append(ListedMoney(str(key), MoneyKind.PAYOUT, None, amount, currency, status))
    return tuple(found)


def outcome_of(intent: Mapping[str, Any]) -> Outcome:
    """Return the outcome of an intent's state (docs.stripe.com/payments/paymentintents/lifecycle)."""
    status, error = intent["status"], intent.get("last_payment_error")
    amount, currency = intent["amount"], intent["currency"].upper()
    reason, outcome = None, OutcomeStatus.PENDING
    if status == "succeeded":
        outcome, amount = OutcomeStatus.SUCCEEDED, intent.get("amount_received") or amount
    elif status == "canceled":
        outcome, reason = OutcomeStatus.FAILED, intent.get("cancellation_reason") or "canceled"
    elif status == "requires_payment_method" and error:
        outcome, reason = OutcomeStatus.FAILED, error.get("decline_code") or error.get("code") or "declined"
    return Outcome(
        reference=intent["id"],
        status=outcome,
        amount=stripe_amounts.from_stripe(int(amount), currency),
        currency=currency,
        failure_reason=reason,
        is_closed=status in ("succeeded", "canceled"),
        action=_action(intent) if status == "requires_action" else None,
    )


def _action(intent: Mapping[str, Any]) -> NextAction:
    """Return what the owner must do: open a page, or anything else by Stripe's own script (next_action.type)."""
    asked = intent.get("next_action") or {}
    kind = asked.get("type") or "use_stripe_sdk"
    url = (asked.get(kind) or {}).get("url") if kind == "redirect_to_url" else None
    return NextAction(type=kind, url=url, client_secret=None if url else intent.get("client_secret"))
