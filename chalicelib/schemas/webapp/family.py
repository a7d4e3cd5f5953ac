"""Bodies of the customers' door: dependents and favourites."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field

from chalicelib import clock
from chalicelib.schemas.usher.scans import CardName
from chalicelib.schemas.webapp.accounts import ContactIn, ContactOut
from chalicelib.schemas.webapp.public import VenueOut
from chalicelib.schemas.wire import Id, In, Moment, MoneyOut, Name, Out
from chalicelib.vocabulary import BloodType, EventStatus


def _not_ahead(day: date) -> date:
    # Somebody who is born today may be born tomorrow where the clock is ahead.
    if day > clock.now().date():
        raise ValueError("must not lie in the future")
    return day


BirthDate = Annotated[date, Field(ge=date(1900, 1, 1)), AfterValidator(_not_ahead)]


class DependentIn(In):
    """A dependent, whole: what is left out is not known, or forgotten."""

    name: Name
    relation: Name = Field(examples=["daughter"])
    date_of_birth: BirthDate | None = None
    blood_type: BloodType | None = None
    emergency_contact: ContactIn | None = None
    card_id: CardName | None = None


class DependentOut(Out):
    """A dependent."""

    id: str
    name: str
    relation: str
    date_of_birth: date | None
    blood_type: BloodType | None
    emergency_contact: ContactOut | None
    card_id: str | None


class FavoriteIn(In):
    """The event to like."""

    event_id: Id


class FavoriteEventOut(Out):
    """An event in short, as the public sees it."""

    id: str
    title: str
    category: str | None
    status: EventStatus
    starts_at: Moment
    ends_at: Moment
    timezone: str
    venue: VenueOut | None
    image_url: str | None
    price_from: MoneyOut | None


class FavoriteOut(Out):
    """A favourite, and since when it is one; an event that is not public any more is null."""

    event_id: str
    added_at: Moment
    event: FavoriteEventOut | None
