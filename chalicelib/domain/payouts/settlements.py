"""Settlement: closes an event's books once, and schedules its organizer's payout (D-OUT-01).

Sales and refunds come from running totals, a projection of the table's stream. The stock is exact, because it changes
with each sale. So the books close only if the totals match every ticket that the stock sold and took back. The ledger
must have the same net. Otherwise closing is refused and nothing is written.

Later sales and refunds, such as a late payment, leave settlement and payout unchanged. They stay on the event's own
ledger account, which the settlement brought to zero. The payout shows them as adjustments. What the provider takes back
later is a debt of the organizer (`debts`), which reduces the payout of the next settlement.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import asdict
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.config import config
from chalicelib.domain import timezones
from chalicelib.domain.approvals import second_person
from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import AuditSubject
from chalicelib.domain.events import categories, events, stock
from chalicelib.domain.ledger import account_names, account_totals, debts, journals
from chalicelib.domain.ledger.postings import Posting
from chalicelib.domain.money import Money
from chalicelib.domain.payouts import payout_states, settlement_figures
from chalicelib.domain.payouts.settlement_figures import SalesFigures, SettledCategory
from chalicelib.errors import InvalidState, Refusal, Unavailable
from chalicelib.identifiers import new_id
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import (
    Account,
    Category,
    Event,
    Invoice,
    InvoiceSeries,
    Item,
    OrganizerDebt,
    OrganizerProfile,
    OrganizerTotals,
    Payout,
    PayoutHold,
    SalesTotals,
    Settlement,
)
from chalicelib.table.operations import Write
from chalicelib.vocabulary.events import EventStatus
from chalicelib.vocabulary.payouts import PayoutStatus

# Concurrent settlements of other events contend for the one invoice series.
_ATTEMPTS = 30
# Our choice: time for complaints about the event.
PAID_AFTER = timedelta(days=7)
# The line of what the payment provider took back: it belongs to no category.
AT_PROVIDER = "provider"
_AT_PROVIDER = "Refunds and disputes at the payment provider"
_NOT_COUNTED = "Not every sale of this event is booked yet. Try again."


def taken_back(event_id: str, currency: str) -> int:
    """Return what the provider has taken back of an event's sales, as far as the stream has been processed."""
    return -account_totals.total(account_names.chargebacks(event_id), currency, consistent=True).minor


def hold_of(event_id: str) -> PayoutHold | None:
    """Return what holds an event's payout, or None for nothing."""
    found = operations.get(keys.money.payout_hold(event_id))
    return found if found is not None and found.payments else None


def close(event_id: str, *, by: str) -> Settlement:
    """Close the books of an event that is over, and return its settlement; idempotent.

    A net above zero is scheduled as a payout, which waits for a second person above the threshold. Raises NotFound,
    InvalidState (not over, no organizer, reserved tickets, a cancelled event with refunds outstanding, several
    currencies), Unavailable (not all sales counted yet).
    """
    for _ in retries.attempts(_ATTEMPTS):
        known = find(event_id)
        if known is not None:
            return known
        try:
            settlement, writes = _closing(event_id, by=by)
        except Refusal:
            # A concurrent call may have settled the event, which then causes the refusal.
            known = find(event_id)
            if known is None:
                raise
            return known
        closed = AuditSubject("settlement", settlement_id_of(event_id), after=_shown_in_audit(settlement))
        try:
            acts.commit(*writes, subject=closed)
        except operations.ConditionFailed:
            continue  # another call settled it, changed the event, or used this invoice number
        ids = {"event_id": event_id, "payout_id": settlement.payout_id, "by": by}
        logger.info("event settled", extra={**ids, "net": settlement.net})
        return settlement
    raise Unavailable(retry_after=1)


def settlement_id_of(event_id: str) -> str:
    """Return the id of the settlement of an event: each event has at most one."""
    return f"stl_{event_id.removeprefix('evt_')}"


def event_id_of(settlement_id: str) -> str:
    """Return the id of the event of a settlement."""
    return f"evt_{settlement_id.removeprefix('stl_')}"


def _shown_in_audit(settlement: Settlement) -> dict[str, Any]:
    names = (
        "event_id",
        "organizer_id",
        "payout_id",
        "gross",
        "refunds",
        "platform_fee",
        "net",
        "taken_back",
        "currency",
    )
    return {name: getattr(settlement, name) for name in names}


def find(event_id: str) -> Settlement | None:
    """Return the settlement of an event, or None while its books are open."""
    return operations.get(keys.money.settlement(event_id))


def unpaid(event_id: str) -> Write:
    """Return the condition that no payout of an event pays what a cancellation gives back.

    Its books are open, or they closed without a payout, with one that staff have cancelled, or with one of nothing.
    Raises InvalidState.
    """
    settlement = find(event_id)
    if settlement is None:
        return operations.check(keys.money.settlement(event_id), Settlement.pk.does_not_exist())
    payout_id = settlement.payout_id
    if payout_id is None:
        return operations.check(settlement.place, Settlement.payout_id.does_not_exist())
    payout = payout_states.get(payout_id)
    if not payout_states.sends_nothing(payout):
        raise InvalidState(
            f"The books of this event are closed, and its payout {payout_id} is {payout.status}. Cancel that first. "
            "What is paid out already can be returned at the payment provider, and its organizer owes it then."
        )
    return operations.check(settlement.place, Settlement.payout_id == payout_id)


def _closing(event_id: str, *, by: str) -> tuple[Settlement, list[Write]]:
    """Return an event's settlement and the writes that record it, its own first.

    Raises NotFound, InvalidState, Unavailable.
    """
    # Read totals before stock. Both only grow after the event's end, so totals that match the later stock were
    # complete. Until then staff may move a ticket to another category.
    sold = settlement_figures.by_category(event_id)
    event, offered = events.get(event_id), categories.of(event_id)
    currency = _require_closable(event, offered)
    _require_counted(event_id, offered, sold)
    lines = [
        settlement_figures.line_of_category(category, sums)
        for category in offered
        if (sums := sold.get(category.category_id))
    ]
    whole = settlement_figures.sum_of(line.figures for line in lines)
    if account_totals.total(account_names.sales(event_id), currency, consistent=True).minor != whole.net:
        raise Unavailable(_NOT_COUNTED, retry_after=5)
    hold = hold_of(event_id)
    taken = debts.taken_back(event_id, currency)
    if _gives_back(event, lines, whole):
        raise InvalidState("This event was cancelled. Its books close once everything was given back.")
    if taken.lost:
        lines.append(_provider_line(taken.lost))
        whole = settlement_figures.sum_of(line.figures for line in lines)
    debt = debts.of(str(event.organizer_id), currency)
    settlement = _settlement(event, whole, debt, by=by, at=clock.now())
    by_debt = -int(settlement.taken_back or 0) if whole.net > 0 else -whole.net
    return settlement, [
        operations.put(settlement, Settlement.pk.does_not_exist()),
        operations.check(keys.events.event(event_id), _is_as_read(event)),
        hold_as_read(event_id, hold),
        taken.charging,
        *debts.change(debt, by_debt),
        *_booked(settlement, lost=taken.lost, by_debt=by_debt),
        *(_payout(event, settlement, lines, is_held=hold is not None) if whole.net > 0 else ()),
    ]


def _gives_back(event: Event, lines: Sequence[SettledCategory], whole: SalesFigures) -> bool:
    """Whether money of a cancelled event still goes back.

    What staff had kept before, of a part that was refunded or of a ticket without a refund, stays with the event.
    """
    if event.status != EventStatus.CANCELLED or event.money_kept or whole.gross == whole.refunds:
        return False
    if event.refunds_open:
        return True
    if all(line.quantity == line.refunded_quantity for line in lines):
        return False
    known = operations.get(keys.cancellations.cancellation(event.event_id))
    run = operations.get(keys.cancellations.run(known.job_id)) if known is not None and known.job_id else None
    return run is None or run.shown is None or int(run.shown.get("failed", 0)) > 0


def hold_as_read(event_id: str, hold: PayoutHold | None) -> Write:
    """Return the condition that what holds a payout is unchanged since it was read."""
    place = keys.money.payout_hold(event_id)
    if hold is None:
        return operations.check(place, PayoutHold.payments.does_not_exist())
    return operations.check(place, PayoutHold.payments == set(hold.payments))


def _provider_line(lost: int) -> SettledCategory:
    figures = SalesFigures(gross=0, refunds=lost, platform_fee=0)
    return SettledCategory(AT_PROVIDER, _AT_PROVIDER, quantity=0, refunded_quantity=0, figures=figures)


def _require_closable(event: Event, offered: Sequence[Category]) -> str:
    """Return the currency of an event's settlement. Raises InvalidState."""
    if event.organizer_id is None:
        raise InvalidState("This event has no organizer, so its sales cannot be settled.")
    if event.status == EventStatus.DRAFT or clock.now() < event.ends_at:
        raise InvalidState("This event is not over. Its books close afterwards.")
    currencies = {category.currency for category in offered} or {config().currency}
    if len(currencies) > 1:
        raise InvalidState("The books of an event close in one currency; this one sells in several.")
    return currencies.pop()


def _require_counted(event_id: str, offered: Sequence[Category], sold: Mapping[str, SalesTotals]) -> None:
    for category_id, counts in stock.counts(event_id, offered, consistent=True).items():
        if counts.reserved:
            raise InvalidState("Tickets of this event are being paid for. Try again in ten minutes.")
        sums = sold.get(category_id, SalesTotals())
        if (counts.sold + counts.returned, counts.returned) != (sums.tickets, sums.refunded_tickets):
            raise Unavailable(_NOT_COUNTED, retry_after=5)


def _is_as_read(event: Event) -> Condition:
    same: Condition = (Event.organizer_id == event.organizer_id) & (Event.status == event.status)
    same &= Event.ends_at == event.ends_at
    return same


def _settlement(event: Event, whole: SalesFigures, debt: OrganizerDebt, *, by: str, at: datetime) -> Settlement:
    return Settlement(
        *keys.money.settlement(event.event_id),
        event_id=event.event_id,
        event_title=event.title,
        organizer_id=event.organizer_id,
        payout_id=new_id("pto") if whole.net > 0 else None,
        **asdict(whole),
        net=whole.net,
        taken_back=(debts.deducted(debt, whole.net) or None) if whole.net > 0 else None,
        currency=debt.currency,
        closed_at=at,
        closed_by=by,
    )


def _line_shown(line: SettledCategory) -> dict[str, Any]:
    """Return one category's line as a payout stores it."""
    return {
        "category_id": line.category_id,
        "description": line.description,
        "quantity": line.quantity,
        "refunded_quantity": line.refunded_quantity,
        **asdict(line.figures),
    }


def _payout(event: Event, settlement: Settlement, lines: Sequence[SettledCategory], *, is_held: bool) -> list[Write]:
    """Return the writes of a payout: the payout, its invoice, and the organizer's pending sum."""
    payout_id, organizer_id = settlement.payout_id, settlement.organizer_id
    at, currency = settlement.closed_at, settlement.currency
    net = settlement.net - int(settlement.taken_back or 0)
    number, of_invoice = _invoice(organizer_id, payout_id, at=at)
    needs_second = second_person.is_needed(Money(net, currency))
    resting = payout_states.resting(needs_second=needs_second, approved_by=None)
    status = PayoutStatus.ON_HOLD if is_held else resting
    if not net:
        status = PayoutStatus.PAID  # the organizer owed all of it
    payout = Payout(
        *keys.money.payout(payout_id),
        gsi1=keys.money.organizer_payouts(organizer_id, payout_id),
        payout_id=payout_id,
        organizer_id=organizer_id,
        event_id=event.event_id,
        event_title=event.title,
        status=status,
        gsi2=keys.jobs.due(at + PAID_AFTER, payout_id) if status is PayoutStatus.SCHEDULED else None,
        asked_by=settlement.closed_by,
        needs_second=needs_second or None,
        gross=settlement.gross,
        refunds=settlement.refunds,
        platform_fee=settlement.platform_fee,
        taken_back=settlement.taken_back,
        net=net,
        currency=currency,
        lines=[_line_shown(line) for line in lines],
        invoice_number=number,
        scheduled_for=timezones.local(at + PAID_AFTER, event.timezone).date().isoformat(),
        created_at=at,
        paid_at=None if net else at,
    )
    return [
        operations.put(payout, Payout.pk.does_not_exist()),
        pending(organizer_id, net, currency),
        *of_invoice,
    ]


def _booked(settlement: Settlement, *, lost: int, by_debt: int) -> list[Write]:
    """Return the writes that bring an event's own accounts to zero; `by_debt` is added to what its organizer owes."""
    event_id, organizer_id, net = settlement.event_id, settlement.organizer_id, settlement.net
    entries = [
        Posting(account_names.sales(event_id), -net - lost),
        Posting(account_names.chargebacks_settled(event_id), lost),
        Posting(account_names.payable(organizer_id), net + by_debt),
        Posting(account_names.owed(organizer_id), -by_debt),
    ]
    moved = [entry for entry in entries if entry.amount]
    if not moved:
        return []
    named = {"event_id": event_id, "payout_id": settlement.payout_id}
    return journals.post(
        journals.Movement(
            f"jrn_settlement_{event_id}",
            type="settlement",
            currency=settlement.currency,
            entries=moved,
            references={name: value for name, value in named.items() if value},
        )
    )


def pending(organizer_id: str, net: int, currency: str) -> Write:
    """Return the write that adds an amount to the pending payouts, which sum only the platform's currency."""
    actions: list[Action] = [OrganizerTotals.kind.set(OrganizerTotals), OrganizerTotals.organizer_id.set(organizer_id)]
    if currency == config().currency:
        actions.append(OrganizerTotals.pending_payouts.add(net))
    return operations.change(keys.organizers.totals(organizer_id), actions)


def _invoice(organizer_id: str, payout_id: str, *, at: datetime) -> tuple[str, list[Write]]:
    """Return the next number of this year's payout invoices, and the writes that assign it."""
    series = f"P{at:%Y}"
    place = keys.money.invoice_series(series)
    billed = (keys.access.account(organizer_id), keys.organizers.profile(organizer_id))
    found = operations.get_many([place, *billed])
    known = found.get(place)
    last = known.last if isinstance(known, InvoiceSeries) else 0
    number = f"GHP-{at:%Y}-{last + 1:06d}"
    as_read = InvoiceSeries.last == last if known else InvoiceSeries.pk.does_not_exist()
    invoice = Invoice(
        *keys.money.invoice(series, number),
        number=number,
        payout_id=payout_id,
        billed_to=_billed_to(*(found.get(key) for key in billed)),
        issued_at=at,
    )
    moved = [InvoiceSeries.last.set(last + 1), InvoiceSeries.kind.set(InvoiceSeries)]
    return number, [
        operations.change(place, moved, as_read),
        operations.put(invoice, Invoice.pk.does_not_exist()),
    ]


def _billed_to(account: Item | None, profile: Item | None) -> dict[str, str]:
    """Return an organizer's current billing details, which the invoice keeps."""
    sums: dict[str, str | None] = {"name": account.name if isinstance(account, Account) else None}
    if isinstance(profile, OrganizerProfile):
        sums |= {name: getattr(profile, name) for name in ("company_name", "address", "tax_number")}
    return {name: value for name, value in sums.items() if value}
