"""Profit: the partners' shares by date, and what they withdraw of it (D-FIN-05).

A partner's balance is the share of each day's profit, by the shares of that day, less the withdrawals. A withdrawal
adds to what the partner withdrew on the condition that this stays within the share, and that the shares are as they
were read, in the same transaction: so no number of callers at once can withdraw more.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from msgspec import Struct
from pynamodb.expressions.condition import Condition

from chalicelib import clock
from chalicelib.config import config
from chalicelib.domain import idempotency, money
from chalicelib.domain.approvals import second_person
from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import AuditSubject
from chalicelib.domain.finance import company, months
from chalicelib.domain.ledger import journals
from chalicelib.domain.money import AmountInput, Money
from chalicelib.errors import InsufficientBalance, InvalidState, NotFound, Unavailable, ValidationFailed
from chalicelib.identifiers import new_id
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import PartnerAccount, ProfitShares, Withdrawal
from chalicelib.table.operations import Write
from chalicelib.vocabulary.payouts import WithdrawalDecision, WithdrawalStatus

WHOLE = 10_000
_FIRST = date(1970, 1, 1)
# The position of the condition on the shares in the transaction of a withdrawal.
_SHARES_AT = 3


class Share(Struct, frozen=True):
    """A partner's share in basis points (0.01 %)."""

    partner: str
    basis_points: int


class SharePeriod(Struct, frozen=True):
    """The shares from a day on, until the next period begins."""

    valid_from: date
    shares: Sequence[Share]
    set_by: str
    set_at: datetime


class Shares(Struct, frozen=True):
    """The shares of today, and all periods."""

    shares: Sequence[Share]
    periods: Sequence[SharePeriod]


def show() -> Shares:
    """Return the shares of today, and all periods."""
    known, today = periods(), clock.now().date()
    current = [period for period in known if period.valid_from <= today]
    return Shares(current[-1].shares if current else [], known)


def periods() -> list[SharePeriod]:
    """Return all periods of shares, the earliest first."""
    return [_period(stored) for stored in _stored()]


def _stored() -> list[ProfitShares]:
    raws = operations.query(keys.finance.profit_shares().pk, consistent=True)
    return [ProfitShares.from_raw_data(raw) for raw in raws]


def _unchanged(earliest: ProfitShares) -> Condition:
    """Return the condition that no shares were set since the earliest period was read."""
    known = earliest.changes
    same = ProfitShares.changes.does_not_exist() if known is None else ProfitShares.changes == known
    unchanged: Condition = ProfitShares.pk.exists() & same
    return unchanged


def _period(stored: ProfitShares) -> SharePeriod:
    shares = [Share(share["partner"], int(share["basis_points"])) for share in stored.shares]
    return SharePeriod(date.fromisoformat(stored.valid_from), shares, stored.set_by, stored.set_at)


def set_shares(shares: Sequence[Share], *, valid_from: date | None, by: str) -> Shares:
    """Set the shares from a day on, today if none is named, and return all. Those in force already stay as they are.

    Raises ValidationFailed (they do not sum to 100, a partner twice), InvalidState (a closed month), Unavailable.
    """
    if sum(share.basis_points for share in shares) != WHOLE:
        raise ValidationFailed(details=[{"field": "shares", "message": "must sum to 100 percent"}])
    if len({share.partner for share in shares}) != len(shares):
        raise ValidationFailed(details=[{"field": "shares", "message": "name each partner once"}])
    day = valid_from or clock.now().date()
    months.require_open(day)
    listed = [{"partner": share.partner, "basis_points": share.basis_points} for share in shares]
    place = keys.finance.profit_shares(day.isoformat())
    for _ in retries.attempts():
        stored = _stored()
        before = next((each for each in stored if each.valid_from == day.isoformat()), None)
        in_force = [period for period in map(_period, stored) if period.valid_from <= day]
        if in_force and list(in_force[-1].shares) == list(shares):
            return show()
        made = ProfitShares(*place, valid_from=day.isoformat(), shares=listed, set_by=by, set_at=clock.now())
        subject = AuditSubject(
            "profit_share",
            day.isoformat(),
            before={"shares": before.shares} if before else None,
            after={"shares": listed},
        )
        as_read = ProfitShares.shares == before.shares if before else ProfitShares.pk.does_not_exist()
        counted: list[Write] = []
        if before is not None and before is stored[0]:
            made.changes, as_read = (before.changes or 0) + 1, as_read & _unchanged(before)
        elif stored:
            counted = [operations.change(stored[0].place, [ProfitShares.changes.add(1)], _unchanged(stored[0]))]
        try:
            acts.commit(operations.put(made, as_read), *counted, subject=subject)
        except operations.ConditionFailed:
            continue  # they were set by others after the read
        return show()
    raise Unavailable("The shares are being set by others. Try again.", retry_after=1)


class Entitlement(Struct, frozen=True):
    """A partner's share of all profit so far, in minor units, and the condition that the shares are as they were read.

    Not `is_known` is who never had a share.
    """

    amount: int
    is_known: bool
    unchanged: Write


def entitlement(partner: str) -> Entitlement:
    """Return a partner's share, rounded down for each period. Raises NotFound while no shares are set."""
    stored = _stored()
    if not stored:
        raise NotFound("No shares are set.")
    known = [_period(each) for each in stored]
    of_day: Mapping[str, int] = {
        day: company.profit_of(figures) for day, figures in company.days(_FIRST, clock.latest_day()).items()
    }
    whole = 0
    for place, period in enumerate(known):
        end = known[place + 1].valid_from.isoformat() if place + 1 < len(known) else "9999"
        profit = sum(profit for day, profit in of_day.items() if period.valid_from.isoformat() <= day < end)
        points = next((share.basis_points for share in period.shares if share.partner == partner), 0)
        whole += profit * points // WHOLE
    is_known = any(share.partner == partner for period in known for share in period.shares)
    return Entitlement(whole, is_known, operations.check(stored[0].place, _unchanged(stored[0])))


class WithdrawalAsk(Struct, frozen=True):
    """A request: a new withdrawal, or the decision about one that waits."""

    partner: str | None = None
    amount: AmountInput | None = None
    withdrawal_id: str | None = None
    decision: WithdrawalDecision | None = None


def ask(wanted: WithdrawalAsk, *, by: str, operation_id: str) -> Withdrawal:
    """Withdraw profit, or decide about a withdrawal that waits; raises as `withdraw` and `decide` do."""
    if wanted.withdrawal_id is not None:
        if wanted.decision is None:
            raise ValidationFailed(details=[{"field": "decision", "message": "approve or reject the withdrawal"}])
        return decide(wanted.withdrawal_id, wanted.decision, by=by)
    if wanted.partner is None or wanted.amount is None:
        missing = "partner" if wanted.partner is None else "amount"
        raise ValidationFailed(details=[{"field": missing, "message": "name the partner and the amount"}])
    return withdraw(wanted.partner, wanted.amount, by=by, operation_id=operation_id)


def withdraw(partner: str, asked: AmountInput, *, by: str, operation_id: str) -> Withdrawal:
    """Withdraw profit of a partner; above the threshold it waits for a second person. Idempotent for the operation.

    Raises NotFound (no such partner), ValidationFailed, InsufficientBalance.
    """
    amount = money.require(asked, currency=config().currency, field="amount")
    for _ in retries.attempts():
        made = _withdrawn(partner, amount, by=by, operation_id=operation_id)
        if made is not None:
            return made
    raise Unavailable("The shares are being set at this moment. Try again.", retry_after=1)


def _withdrawn(partner: str, amount: Money, *, by: str, operation_id: str) -> Withdrawal | None:
    """Try to withdraw, and return the withdrawal; None if the shares were set meanwhile."""
    share = entitlement(partner)
    if not share.is_known:
        raise NotFound("There is no partner of this name.")
    entitled = share.amount
    waits = second_person.is_needed(amount)
    withdrawal_id = new_id("wdr")
    made = Withdrawal(
        *keys.finance.withdrawal(withdrawal_id),
        withdrawal_id=withdrawal_id,
        partner=partner,
        amount=amount.minor,
        currency=amount.currency,
        status=WithdrawalStatus.AWAITING_SECOND if waits else WithdrawalStatus.DONE,
        asked_by=by,
        created_at=clock.now(),
    )
    account = keys.finance.partner_account(partner)
    taken = [
        PartnerAccount.kind.set(PartnerAccount),
        PartnerAccount.partner.set(partner),
        PartnerAccount.withdrawn.add(amount.minor),
    ]
    within = PartnerAccount.withdrawn <= entitled - amount.minor
    if entitled >= amount.minor:
        within = PartnerAccount.withdrawn.does_not_exist() | within
    asked = {"partner": partner, "amount": amount.minor, "currency": amount.currency}
    subject = AuditSubject("withdrawal", withdrawal_id, after=asked)
    try:
        acts.commit(
            idempotency.once(operation_id, withdrawal_id),
            operations.change(account, taken, within),
            operations.put(made, Withdrawal.pk.does_not_exist()),
            share.unchanged,
            *(() if waits else _booked(made)),
            subject=subject,
        )
    except operations.ConditionFailed as failure:
        if 0 in failure.failures:
            return get(idempotency.result_of(operation_id) or withdrawal_id)
        if _SHARES_AT in failure.failures:
            return None
        known = failure.found(PartnerAccount, 1)
        left = Money(entitled - int(known.withdrawn if known else 0), amount.currency)
        raise InsufficientBalance(f"{partner} can withdraw {left.amount} {left.currency} at most.") from failure
    logger.info("profit withdrawn", extra={"withdrawal_id": withdrawal_id, "status": made.status, "by": by})
    return made


def get(withdrawal_id: str) -> Withdrawal:
    """Return a withdrawal. Raises NotFound."""
    found = operations.get(keys.finance.withdrawal(withdrawal_id))
    if found is None:
        raise NotFound("There is no such withdrawal.")
    return found


def decide(withdrawal_id: str, decision: WithdrawalDecision, *, by: str) -> Withdrawal:
    """Approve or reject a withdrawal that waits; one that was decided so already is only returned.

    Raises NotFound, InvalidState (which names the state), SecondPersonNeeded (one's own approval),
    InsufficientBalance (the partner's profit has fallen since it was asked for).
    """
    for _ in retries.attempts():
        decided = _decided(get(withdrawal_id), decision, by=by)
        if decided is not None:
            return decided
    raise Unavailable("The shares are being set at this moment. Try again.", retry_after=1)


def _decided(waiting: Withdrawal, decision: WithdrawalDecision, *, by: str) -> Withdrawal | None:
    """Try to decide, and return the withdrawal; None if the shares were set meanwhile."""
    withdrawal_id = waiting.withdrawal_id
    is_approval = decision is WithdrawalDecision.APPROVE
    status = WithdrawalStatus.DONE if is_approval else WithdrawalStatus.REJECTED
    if waiting.status == status and waiting.decided_by is not None:
        return waiting
    if waiting.status != WithdrawalStatus.AWAITING_SECOND:
        raise InvalidState(f"This withdrawal is {waiting.status}, so nobody needs to decide it.")
    if is_approval:
        second_person.require_other(asked_by=waiting.asked_by, by=by)
    decided = [
        Withdrawal.status.set(status),
        Withdrawal.decided_by.set(by),
        Withdrawal.decided_at.set(clock.now()),
    ]
    back = [PartnerAccount.withdrawn.add(-waiting.amount)]
    account = keys.finance.partner_account(waiting.partner)
    entitled = 0
    effect = [operations.change(account, back, PartnerAccount.pk.exists())]
    if is_approval:
        share = entitlement(waiting.partner)
        entitled = share.amount
        # The account counts this withdrawal already.
        within = operations.check(account, PartnerAccount.withdrawn <= entitled)
        effect = [within, share.unchanged, *_booked(waiting)]
    as_waiting = Withdrawal.status == WithdrawalStatus.AWAITING_SECOND
    subject = AuditSubject("withdrawal", withdrawal_id, before={"status": waiting.status}, after={"status": status})
    try:
        acts.commit(operations.change(waiting.place, decided, as_waiting), *effect, subject=subject)
    except operations.ConditionFailed as failure:
        found = get(withdrawal_id)
        if found.status != status:
            if found.status != WithdrawalStatus.AWAITING_SECOND:
                raise InvalidState(f"This withdrawal is {found.status}.") from failure
            if 1 not in failure.failures:
                return None
            known = failure.found(PartnerAccount, 1)
            over = Money(int(known.withdrawn if known else 0) - entitled, waiting.currency)
            raise InsufficientBalance(
                f"The profit of {waiting.partner} has fallen {over.amount} {over.currency} under the withdrawals. "
                "Reject this one, and ask for less."
            ) from failure
        return found
    return get(withdrawal_id)


def _booked(withdrawal: Withdrawal) -> list[Write]:
    return journals.post(
        months.booking(
            f"withdrawal_{withdrawal.withdrawal_id}",
            account=months.WITHDRAWALS,
            amount=-withdrawal.amount,
            currency=withdrawal.currency,
            day=clock.now().date(),
            named={"withdrawal_id": withdrawal.withdrawal_id, "partner": withdrawal.partner},
        )
    )
