"""The settlements of events, as staff see them."""

from datetime import datetime

from chalicelib.domain.lists import pages
from chalicelib.domain.lists.pages import Asked
from chalicelib.domain.lists.payouts import SETTLEMENTS
from chalicelib.domain.money import Money
from chalicelib.domain.paging import Page
from chalicelib.domain.payouts import settlement_files, settlements
from chalicelib.domain.payouts.payouts import PayoutAmounts
from chalicelib.domain.payouts.settlement_files import CsvFile, FileJob
from chalicelib.errors import ValidationFailed
from chalicelib.table.items import Settlement


class StaffSettlement(PayoutAmounts, frozen=True):
    """The closed books of an event; `payout_id` is None where there was nothing to pay out.

    At `reversed_at` the event was cancelled with refunds: its organizer gets nothing of the amounts.
    """

    taken_back: Money
    id: str
    event_id: str
    organizer_id: str
    payout_id: str | None
    closed_at: datetime
    closed_by: str
    reversed_at: datetime | None


def show(settlement: Settlement) -> StaffSettlement:
    """Return a stored settlement as staff see it."""
    amounts = {name: getattr(settlement, name) for name in ("gross", "refunds", "platform_fee", "net")}
    amounts["taken_back"] = settlement.taken_back or 0
    return StaffSettlement(
        **{name: Money(int(amount), settlement.currency) for name, amount in amounts.items()},
        id=settlements.settlement_id_of(settlement.event_id),
        event_id=settlement.event_id,
        organizer_id=settlement.organizer_id,
        payout_id=settlement.payout_id,
        closed_at=settlement.closed_at,
        closed_by=settlement.closed_by,
        reversed_at=settlement.reversed_at,
    )


def close(event_id: str, *, by: str) -> StaffSettlement:
    """Close the books of an event now; raises as settlements.close does."""
    return show(settlements.close(event_id, by=by))


def read(asked: Asked, *, as_file: bool, by: str) -> Page[StaffSettlement] | CsvFile | FileJob:
    """Return a page of settlements; or, as a file, every line of the event that is asked for.

    Raises InvalidCursor, ValidationFailed (also for what would leave lines out of a file), NotFound (the event of it).
    """
    if as_file:
        _require_whole(asked)
        event_id = asked.filters.get("event_id")
        return settlement_files.ask(event_id if isinstance(event_id, str) else None, by=by)
    page = pages.page(SETTLEMENTS, asked)
    return page.showing([show(settlement) for settlement in page.results])


def _require_whole(asked: Asked) -> None:
    """Raise ValidationFailed for what narrows the list: a file has every line, and would look as if it were less."""
    given = [name for name in asked.filters if name != "event_id"] + [f"{name}_from" for name in asked.ranges]
    given += [name for name in ("search", "ordering", "cursor") if getattr(asked, name)]
    if given:
        message = "narrows the list; a file has every line of its event"
        raise ValidationFailed(details=[{"field": name, "message": message} for name in given])
