"""An event's sales in figures, from the running totals of its categories."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from chalicelib.domain.sale import sales_totals
from chalicelib.table import keys, operations
from chalicelib.table.items import (
    Category,
    SalesTotals,
)
from chalicelib.table.ranges import Begins


class SalesFigures(Struct, frozen=True):
    """Sales, their refunds and the platform's fee, in minor units."""

    gross: int
    refunds: int
    platform_fee: int

    @property
    def net(self) -> int:
        """The organizer's share: gross - refunds - platform fee."""
        return self.gross - self.refunds - self.platform_fee

    def less(self, others: "SalesFigures") -> "SalesFigures":
        """Return these figures minus `others`."""
        return SalesFigures(
            gross=self.gross - others.gross,
            refunds=self.refunds - others.refunds,
            platform_fee=self.platform_fee - others.platform_fee,
        )


NOTHING = SalesFigures(gross=0, refunds=0, platform_fee=0)


class SettledCategory(Struct, frozen=True):
    """The sales of one ticket category; `quantity` includes refunded tickets."""

    category_id: str
    description: str
    quantity: int
    refunded_quantity: int
    figures: SalesFigures


def sum_of(figures: Iterable[SalesFigures]) -> SalesFigures:
    """Return the sum of figures."""
    sums = list(figures)
    return SalesFigures(
        gross=sum(one.gross for one in sums),
        refunds=sum(one.refunds for one in sums),
        platform_fee=sum(one.platform_fee for one in sums),
    )


def sold_so_far(event_id: str) -> SalesFigures:
    """Return an event's sales over all its categories, as far as the stream has been processed."""
    return sum_of(map(_figures, by_category(event_id).values()))


def by_category(event_id: str) -> Mapping[str, SalesTotals]:
    """Return an event's running totals by category (consistent read)."""
    place = keys.sale.sales_totals(event_id, sales_totals.CATEGORY, "")
    raws = operations.query(place.pk, Begins(place.sk), consistent=True)
    return sales_totals.sales_of(raws)[2]


def _figures(sums: SalesTotals) -> SalesFigures:
    return SalesFigures(gross=sums.revenue, refunds=sums.refunded, platform_fee=sums.fees)


def line_of_category(category: Category, sums: SalesTotals) -> SettledCategory:
    """Return the line of a category in a settlement."""
    names = dict.fromkeys(name for name in (category.name, category.tier) if name)
    return SettledCategory(
        category_id=category.category_id,
        description=", ".join(names),
        quantity=sums.tickets,
        refunded_quantity=sums.refunded_tickets,
        figures=_figures(sums),
    )
