"""Expenses: what the company spends. A change or a deletion reverses the journal of the earlier state."""

from collections.abc import Mapping
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
from chalicelib.domain.money import AmountInput, Money
from chalicelib.errors import Conflict, NotFound
from chalicelib.identifiers import new_id
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import Expense
from chalicelib.table.operations import Write

_AUDITED = ("category", "amount", "currency", "event_id", "description", "incurred_on", "receipt_url")


class ExpenseInput(Struct, frozen=True):
    """An expense as staff enter it."""

    category: str
    amount: AmountInput
    description: str
    incurred_on: date
    event_id: str | None = None
    receipt_url: str | None = None


def get(expense_id: str) -> Expense:
    """Return an expense. Raises NotFound, also for a deleted one."""
    expense = operations.get(keys.finance.expense(expense_id))
    if expense is None or expense.deleted_at is not None:
        raise NotFound("There is no such expense.")
    return expense


def day_of(expense: Expense) -> date:
    """Return the day of an expense."""
    return date.fromisoformat(expense.incurred_on)


def create(entered: ExpenseInput, *, by: str, operation_id: str) -> Expense:
    """Book an expense and return it; idempotent for the operation.

    Raises ValidationFailed (amount, day), InvalidState (a closed month), NotFound (the event).
    """
    day = entered.incurred_on
    _require_bookable(day)
    if entered.event_id is not None:
        _require_event(entered.event_id)
    amount = money.require(entered.amount, currency=config().currency, field="amount")
    expense_id = new_id("exp")
    expense = Expense(
        *keys.finance.expense(expense_id),
        expense_id=expense_id,
        category=entered.category,
        amount=amount.minor,
        currency=amount.currency,
        event_id=entered.event_id,
        description=entered.description,
        incurred_on=day.isoformat(),
        receipt_url=entered.receipt_url,
        version=1,
        created_by=by,
        created_at=clock.now(),
    )
    try:
        acts.commit(
            idempotency.once(operation_id, expense_id),
            operations.put(expense, Expense.pk.does_not_exist()),
            *_booked(expense),
            subject=AuditSubject("expense", expense_id, after=_audited(expense)),
        )
    except operations.ConditionFailed:
        return get(idempotency.result_of(operation_id) or expense_id)
    logger.info("expense booked", extra={"expense_id": expense_id, "by": by})
    return expense


def change(expense_id: str, changes: Mapping[str, Any], *, version: int | None) -> Expense:
    """Change an expense: reverse its journal and book the new state. What changes nothing books nothing.

    Raises NotFound, Conflict (`version` is stale), InvalidState (a closed month), ValidationFailed.
    """
    before = get(expense_id)
    if version is not None and version != before.version:
        raise _stale(before)
    after = get(expense_id)
    for name, value in changes.items():
        setattr(after, name, _stored(name, value))
    months.require_open(date.fromisoformat(before.incurred_on))
    _require_bookable(date.fromisoformat(after.incurred_on))
    if after.event_id is not None and after.event_id != before.event_id:
        _require_event(after.event_id)
    after.version = before.version + 1
    old, new = _audited(before), _audited(after)
    changed = [name for name in _AUDITED if old[name] != new[name]]
    if not changed:
        return before
    if "amount" in changed:
        changed.append("currency")
    subject = AuditSubject(
        "expense",
        expense_id,
        before={name: old[name] for name in changed},
        after={name: new[name] for name in changed},
    )
    _commit(before, [operations.put(after, Expense.version == before.version), *_booked(after)], subject)
    return get(expense_id)


def delete(expense_id: str) -> None:
    """Delete an expense: reverse its journal. Raises NotFound, InvalidState (a closed month), Conflict."""
    before = get(expense_id)
    months.require_open(date.fromisoformat(before.incurred_on))
    gone = [Expense.deleted_at.set(clock.now()), Expense.version.set(before.version + 1)]
    write = operations.change(before.place, gone, Expense.version == before.version)
    _commit(before, [write], AuditSubject("expense", expense_id, before=_audited(before)))


def _commit(before: Expense, writes: list[Write], subject: AuditSubject) -> None:
    try:
        acts.commit(*writes, *_booked(before, sign=-1), subject=subject)
    except operations.ConditionFailed as failure:
        raise _stale(get(before.expense_id)) from failure
    logger.info("expense changed", extra={"expense_id": before.expense_id})


def _stale(expense: Expense) -> Conflict:
    amount = Money(expense.amount, expense.currency)
    present = {
        **{name: getattr(expense, name) for name in ("category", "event_id", "description", "incurred_on")},
        "id": expense.expense_id,
        "amount": {"amount": amount.amount, "currency": amount.currency},
        "receipt_url": expense.receipt_url,
        "version": expense.version,
    }
    return Conflict.stale("The expense", present)


def _require_bookable(day: date) -> None:
    months.require_past(day, field="incurred_on")
    months.require_open(day)


def _require_event(event_id: str) -> None:
    if operations.get(keys.events.event(event_id)) is None:
        raise NotFound("There is no such event.")


def _stored(name: str, value: Any) -> Any:
    if name == "amount":
        return money.require(value, currency=config().currency, field="amount").minor
    return value.isoformat() if isinstance(value, date) else value


def _audited(expense: Expense) -> dict[str, Any]:
    return {name: getattr(expense, name) for name in _AUDITED}


def _booked(expense: Expense, *, sign: int = 1) -> list[Write]:
    """Return the writes that book a state of an expense, or with sign -1 its reversal."""
    named = {"expense_id": expense.expense_id}
    if expense.event_id:
        named["of_event"] = expense.event_id
    return journals.post(
        months.booking(
            f"expense_{expense.expense_id}_{expense.version}{'' if sign > 0 else '_reversed'}",
            account=months.EXPENSES,
            amount=-sign * expense.amount,
            currency=expense.currency,
            day=date.fromisoformat(expense.incurred_on),
            named=named,
        )
    )
