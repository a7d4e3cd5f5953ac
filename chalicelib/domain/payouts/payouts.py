"""An organizer's payouts: a list, newest first, each with its lines and its invoice.

Sales and refunds after the settlement are shown as adjustments; the payout itself never changes.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from chalicelib.domain import paging
from chalicelib.domain.documents import payout_document
from chalicelib.domain.documents.page import PdfFile
from chalicelib.domain.money import Money
from chalicelib.domain.paging import Page, PageRequest, ReadBudget
from chalicelib.domain.payouts import settlement_figures, settlement_files, settlements
from chalicelib.domain.payouts.settlement_figures import SalesFigures
from chalicelib.domain.payouts.settlement_files import CsvFile, FileJob
from chalicelib.errors import NotFound
from chalicelib.table import keys, operations
from chalicelib.table.items import Payout
from chalicelib.table.places import Place
from chalicelib.vocabulary.payouts import OwnPayoutStatus, PayoutStatus

# How the organizer sees what only staff distinguish.
_OWN_STATUS = {
    PayoutStatus.AWAITING_SECOND: OwnPayoutStatus.SCHEDULED,
    # Its money is still owed, until another payout takes its place.
    PayoutStatus.CANCELLED: OwnPayoutStatus.ON_HOLD,
}
# For filters that no key supports.
_FILTERED = ReadBudget(first=100, total=100)


class PayoutFilters(Struct, frozen=True):
    """Filters of the list; both ends of the date range are inclusive."""

    status: OwnPayoutStatus | None = None
    scheduled_from: date | None = None
    scheduled_to: date | None = None

    @property
    def take_all(self) -> bool:
        """Whether every payout passes."""
        return self == PayoutFilters()

    def fit(self, payout: Payout) -> bool:
        """Whether a payout passes the filters."""
        day = date.fromisoformat(payout.scheduled_for)
        return (
            self.status in (None, own_status(payout))
            and (self.scheduled_from is None or self.scheduled_from <= day)
            and (self.scheduled_to is None or day <= self.scheduled_to)
        )


class PayoutAmounts(Struct, frozen=True):
    """Gross - refunds - platform fee = net."""

    gross: Money
    refunds: Money
    platform_fee: Money
    net: Money


class PayoutLine(PayoutAmounts, frozen=True):
    """The amounts of one ticket category; `quantity` includes refunded tickets."""

    category_id: str
    description: str
    quantity: int
    refunded_quantity: int


class NamedEvent(Struct, frozen=True):
    """An event's id, and its title at the settlement."""

    id: str
    title: str


class OwnPayout(PayoutAmounts, frozen=True):
    """A payout as its organizer sees it.

    `net` is also less `taken_back`: what the organizer owed of other events.
    `adjustments` holds sales and refunds after the settlement, or None if there are none; lists omit it.
    """

    taken_back: Money
    id: str
    event: NamedEvent
    status: OwnPayoutStatus
    lines: Sequence[PayoutLine]
    scheduled_for: date
    paid_at: datetime | None
    reference: str | None
    invoice_number: str
    created_at: datetime
    adjustments: PayoutAmounts | None = None


def page(organizer_id: str, filters: PayoutFilters, *, page_size: int, cursor: str | None) -> Page[OwnPayout]:
    """Return a page of an organizer's payouts, newest first; a filtered page may be shorter than `page_size`.

    Raises InvalidCursor.
    """

    def load(places: Sequence[Place[Payout]]) -> list[Payout | None]:
        found = operations.get_many(places)
        payouts = [found.get(place) for place in places]
        return [payout if payout and filters.fit(payout) else None for payout in payouts]

    page = paging.walk(
        PageRequest(f"payouts/{organizer_id}/{filters}", page_size, cursor),
        paging.rows_of(Payout, keys.money.organizer_payouts(organizer_id).pk, index="gsi1"),
        load,
        budget=ReadBudget() if filters.take_all else _FILTERED,
    )
    return page.showing([_shown(payout) for payout in page.results])


def detail(organizer_id: str, payout_id: str) -> OwnPayout:
    """Return an organizer's payout. Raises NotFound, also for another organizer's payout."""
    payout = _own(organizer_id, payout_id)
    then = _figures(payout.attribute_values)
    lost = settlements.taken_back(payout.event_id, payout.currency)
    now = settlement_figures.sum_of(
        [settlement_figures.sold_so_far(payout.event_id), SalesFigures(gross=0, refunds=lost, platform_fee=0)]
    )
    since = now.less(then)
    return _shown(payout, adjustments=_amounts(since, payout.currency) if since != settlement_figures.NOTHING else None)


def movements(organizer_id: str, payout_id: str) -> CsvFile | FileJob:
    """Return every movement of the event's money as a file, or the job that writes it: anyone can add up a payout.

    Raises NotFound, also for another organizer's payout.
    """
    return settlement_files.ask(_own(organizer_id, payout_id).event_id, by=organizer_id)


def document(organizer_id: str, payout_id: str) -> PdfFile:
    """Return the invoice of an organizer's payout, with the same bytes each time.

    Raises NotFound, also for another organizer's payout.
    """
    payout = _own(organizer_id, payout_id)
    series = f"P{payout.invoice_number.split('-')[1]}"
    invoice = next(iter(operations.get_many(keys.money.invoice_places(series, payout.invoice_number)).values()), None)
    if invoice is None:
        raise NotFound("There is no such invoice.")
    return PdfFile(name=f"{invoice.number}.pdf", content=payout_document.render(payout, invoice))


def _own(organizer_id: str, payout_id: str) -> Payout:
    payout = operations.get(keys.money.payout(payout_id))
    if payout is None or payout.organizer_id != organizer_id:
        raise NotFound("You have no such payout.")
    return payout


def _amounts(figures: SalesFigures, currency: str) -> PayoutAmounts:
    return PayoutAmounts(**_money(figures, currency))


def _money(figures: SalesFigures, currency: str) -> dict[str, Money]:
    amounts = {**asdict(figures), "net": figures.net}
    return {name: Money(amount, currency) for name, amount in amounts.items()}


def _figures(stored: Mapping[str, Any]) -> SalesFigures:
    return SalesFigures(
        gross=int(stored["gross"]), refunds=int(stored["refunds"]), platform_fee=int(stored["platform_fee"])
    )


def own_status(payout: Payout) -> OwnPayoutStatus:
    """Return the status of a payout as its organizer sees it."""
    return _OWN_STATUS.get(payout.status) or OwnPayoutStatus(payout.status.value)


def money_of(payout: Payout) -> dict[str, Money]:
    """Return the amounts of a payout: those of PayoutAmounts, and what was taken back."""
    less = {"net": payout.net, "taken_back": int(payout.taken_back or 0)}
    shown = {name: Money(amount, payout.currency) for name, amount in less.items()}
    return _money(_figures(payout.attribute_values), payout.currency) | shown


def lines_of(payout: Payout) -> list[PayoutLine]:
    """Return the lines of a payout."""
    return [_line(line, payout.currency) for line in payout.lines]


def _shown(payout: Payout, *, adjustments: PayoutAmounts | None = None) -> OwnPayout:
    return OwnPayout(
        **money_of(payout),
        id=payout.payout_id,
        event=NamedEvent(payout.event_id, payout.event_title),
        status=own_status(payout),
        lines=lines_of(payout),
        scheduled_for=date.fromisoformat(payout.scheduled_for),
        paid_at=payout.paid_at,
        reference=payout.reference,
        invoice_number=payout.invoice_number,
        created_at=payout.created_at,
        adjustments=adjustments,
    )


def _line(line: Mapping[str, Any], currency: str) -> PayoutLine:
    return PayoutLine(
        **_money(_figures(line), currency),
        category_id=line["category_id"],
        description=line["description"],
        quantity=line["quantity"],
        refunded_quantity=line["refunded_quantity"],
    )
