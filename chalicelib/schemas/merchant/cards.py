"""Bodies of the merchants' portal: the inventory and the dashboard."""

from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

from chalicelib import scanned_text
from chalicelib.schemas.wire import BetweenIn, Day, Filter, Instant, Moment, MoneyOut, Out, PageIn, Scanned
from chalicelib.vocabulary.cards import CardStatus, CardType


class CardOut(Out):
    """A card as its shop sees it."""

    id: str
    uid: str
    type: CardType
    status: CardStatus
    held_until: Moment | None = Field(description="The end of its hold for a customer.")
    assigned_at: Moment | None


UidPrefix = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9A-F]{1,20}$"),
    Scanned(scanned_text.uid_search),
    Field(description="The beginning of a UID in hex, with or without colons, in either case."),
]


class CardsIn(PageIn):
    """A filter of the cards; a date is a day in UTC or a moment."""

    status: Filter[CardStatus] | None = None
    search: UidPrefix | None = None
    assigned_from: Instant | Day | None = None
    assigned_to: Instant | Day | None = None

    @property
    def assigned(self) -> BetweenIn:
        """The period in which they were assigned."""
        return BetweenIn(date_from=self.assigned_from, date_to=self.assigned_to)


class CountsOut(Out):
    """The number of cards of each status."""

    stock: int
    held: int
    active: int = Field(description="How many are active.")
    blocked: int


class DayOut(Out):
    """The assigned cards and collected fees of one day."""

    date: date
    assigned: int = Field(description="The number of assigned cards.")
    fees: MoneyOut


class DashboardOut(Out):
    """A merchant at a glance; days are in UTC, and the last is today."""

    cards: CountsOut
    assigned_today: int
    assigned_total: int
    fees_today: MoneyOut
    fees_total: MoneyOut
    by_day: list[DayOut]
