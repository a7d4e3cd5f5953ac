"""Deposits: money that the company receives from outside of its sales. A mistaken one is reversed by a journal."""

from datetime import date
from typing import Any

from msgspec import Struct

from chalicelib import clock
from chalicelib.config import config
from chalicelib.domain import idempotency, money
from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import AuditSubject
from chalicelib.domain.finance import months
from chalicelib.domain.ledger import journals
from chalicelib.domain.money import AmountInput
from chalicelib.errors import InvalidState, NotFound, ValidationFailed
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Deposit
from chalicelib.table.operations import Write


def get(deposit_id: str) -> Deposit:
    """Return a deposit. Raises NotFound."""
    deposit = operations.get(keys.finance.deposit(deposit_id))
    if deposit is None:
        raise NotFound("There is no such deposit.")
    return deposit


def day_of(deposit: Deposit) -> date:
    """Return the day of a deposit."""
    return date.fromisoformat(deposit.received_on)


class DepositAsk(Struct, frozen=True):
    """A request: a new deposit, the reversal of one, or both, which corrects it."""

    amount: AmountInput | None = None
    source: str | None = None
    received_on: date | None = None
    reference: str | None = None
    reverses: str | None = None


def ask(wanted: DepositAsk, *, by: str, operation_id: str) -> Deposit:
    """Book a deposit, or reverse one, in one transaction where both are asked for; idempotent for the operation.

    Returns the new deposit, or the reversed one. Raises ValidationFailed, InvalidState (a closed month, reversed
    already), NotFound.
    """
    known = idempotency.result_of(operation_id) if wanted.reverses else None
    if known is not None:
        return get(known)
    amount, source, received_on, reference = wanted.amount, wanted.source, wanted.received_on, wanted.reference
    is_new = wanted.reverses is None or any(part is not None for part in (amount, source, received_on, reference))
    before = get(wanted.reverses) if wanted.reverses else None
    if not is_new and before is not None:
        return _commit(before, before, by=by, operation_id=operation_id)
    if amount is None or source is None or received_on is None or reference is None:
        parts = {"amount": amount, "source": source, "received_on": received_on, "reference": reference}
        missing = [name for name, part in parts.items() if part is None]
        raise ValidationFailed(
            details=[
                {"field": name, "message": "is required, or `reverses` alone to take a deposit back"}
                for name in missing
            ]
        )
    made = _drafted(amount, source, received_on, reference, by=by)
    return _commit(made, before, by=by, operation_id=operation_id)


def _commit(shown: Deposit, before: Deposit | None, *, by: str, operation_id: str) -> Deposit:
    """Book `shown` unless it is `before`, which is reversed, and return `shown`."""
    is_new = shown is not before
    writes: list[Write] = [operations.put(shown, Deposit.pk.does_not_exist()), *_booked(shown)] if is_new else []
    if before is not None:
        months.require_open(day_of(before))
        gone = [Deposit.reversed_at.set(clock.now()), Deposit.reversed_by.set(by)]
        as_booked = Deposit.pk.exists() & Deposit.reversed_at.does_not_exist()
        writes += [operations.change(before.place, gone, as_booked), *_booked(before, sign=-1)]
    subject = AuditSubject(
        "deposit",
        shown.deposit_id,
        before=_audited(before) if before else None,
        after=_audited(shown) if is_new else {"status": "reversed"},
    )
    try:
        acts.commit(idempotency.once(operation_id, shown.deposit_id), *writes, subject=subject)
    except operations.ConditionFailed as failure:
        if 0 not in failure.failures and before is not None:
            raise InvalidState(f"The deposit {before.deposit_id} is reversed already.") from failure
        return get(idempotency.result_of(operation_id) or shown.deposit_id)
    return get(shown.deposit_id)


def _drafted(asked: AmountInput, source: str, received_on: date, reference: str, *, by: str) -> Deposit:
    months.require_past(received_on, field="received_on")
    months.require_open(received_on)
    amount = money.require(asked, currency=config().currency, field="amount")
    deposit_id = new_id("dep")
    return Deposit(
        *keys.finance.deposit(deposit_id),
        deposit_id=deposit_id,
        amount=amount.minor,
        currency=amount.currency,
        source=source,
        received_on=received_on.isoformat(),
        reference=reference,
        created_by=by,
        created_at=clock.now(),
    )


def _audited(deposit: Deposit) -> dict[str, Any]:
    shown = {"deposit_id": deposit.deposit_id, "amount": deposit.amount, "currency": deposit.currency}
    return {**shown, "source": deposit.source, "received_on": deposit.received_on}


def _booked(deposit: Deposit, *, sign: int = 1) -> list[Write]:
    """Return the writes that book a deposit, or with sign -1 its reversal."""
    return journals.post(
        months.booking(
            f"deposit_{deposit.deposit_id}{'' if sign > 0 else '_reversed'}",
            account=months.DEPOSITS,
            amount=sign * deposit.amount,
            currency=deposit.currency,
            day=day_of(deposit),
            named={"deposit_id": deposit.deposit_id},
        )
    )
