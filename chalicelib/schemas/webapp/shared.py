"""What several parts of the customers' door show: a ticket."""

from chalicelib.schemas.wire import Moment, MoneyOut, Out
from chalicelib.vocabulary import TicketShown


class TicketEventOut(Out):
    """The event that a ticket is for."""

    id: str
    title: str
    starts_at: Moment
    venue_name: str | None = None


class TicketCategoryOut(Out):
    """The category that a ticket was sold in; a ticket from elsewhere has only its tier."""

    id: str | None = None
    name: str | None = None
    tier: str | None = None


class HolderOut(Out):
    """Who a ticket is for."""

    name: str
    dependent_id: str | None = None


class TicketOut(Out):
    """A ticket as its customer sees it."""

    id: str
    number: str
    event: TicketEventOut
    category: TicketCategoryOut
    holder: HolderOut
    status: TicketShown
    scan_status: str
    scanned_at: Moment | None = None
    card_id: str | None = None
    purchased_at: Moment
    price: MoneyOut
