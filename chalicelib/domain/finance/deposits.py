"""Deposits: money that the company receives from outside of its sales."""

from dataclasses import dataclass
from datetime import date

from chalicelib import clock
from chalicelib.config import config
from chalicelib.domain import idempotency, money
from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import AuditSubject
from chalicelib.domain.finance import months
from chalicelib.domain.ledger import journals
from chalicelib.domain.money import AmountInput
from chalicelib.errors import NotFound
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Deposit


@dataclass(frozen=True, slots=True)
class DepositInput:
    """A deposit as staff enter it."""

    amount: AmountInput
    source: str
    received_on: date
    reference: str


def get(deposit_id: str) -> Deposit:
    """Return a deposit. Raises NotFound."""
    deposit = operations.get(keys.finance.deposit(deposit_id))
    if deposit is None:
        raise NotFound("There is no such deposit.")
    return deposit


def day_of(deposit: Deposit) -> date:
    """Return the day of a deposit."""
    return date.fromisoformat(deposit.received_on)


def create(entered: DepositInput, *, by: str, operation_id: str) -> Deposit:
    """Book a deposit and return it; idempotent for the operation. Raises ValidationFailed, InvalidState."""
    months.require_past(entered.received_on, field="received_on")
    months.require_open(entered.received_on)
    amount = money.require(entered.amount, currency=config().currency, field="amount")
    deposit_id = new_id("dep")
    deposit = Deposit(
        *keys.finance.deposit(deposit_id),
        deposit_id=deposit_id,
        amount=amount.minor,
        currency=amount.currency,
        source=entered.source,
        received_on=entered.received_on.isoformat(),
        reference=entered.reference,
        created_by=by,
        created_at=clock.now(),
    )
    booked = months.booking(
        f"deposit_{deposit_id}",
        account=months.DEPOSITS,
        amount=amount.minor,
        currency=amount.currency,
        day=entered.received_on,
        named={"deposit_id": deposit_id},
    )
    shown = {"amount": amount.minor, "source": entered.source, "received_on": deposit.received_on}
    try:
        acts.commit(
            idempotency.once(operation_id, deposit_id),
            operations.put(deposit, Deposit.pk.does_not_exist()),
            *journals.post(booked),
            subject=AuditSubject("deposit", deposit_id, after=shown),
        )
    except operations.ConditionFailed:
        return get(idempotency.result_of(operation_id) or deposit_id)
    return deposit
