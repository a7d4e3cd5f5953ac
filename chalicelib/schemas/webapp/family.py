"""Bodies of the web app: dependents and favourites."""

from datetime import date
from typing import Annotated

from pydantic import Field

from chalicelib.schemas.texts import Name
from chalicelib.schemas.usher.scans import CardName
from chalicelib.schemas.webapp.accounts import ContactIn, ContactOut
from chalicelib.schemas.webapp.public import VenueOut
from chalicelib.schemas.wire import Birthday, ChangeIn, Id, In, Moment, MoneyOut, Out
from chalicelib.vocabulary.customers import BloodType
from chalicelib.vocabulary.events import EventStatus

_CARD = "The customer's card that the dependent carries; tickets that are bought for them from then on are on it."


class DependentIn(In):
    """The details of a dependent."""

    name: Name
    relation: Name = Field(examples=["daughter"])
    date_of_birth: Birthday | None = None
    blood_type: BloodType | None = None
    emergency_contact: ContactIn | None = None
    card_id: CardName | None = Field(default=None, description=_CARD)


class DependentChangeIn(ChangeIn):
    """The changes: null clears a field, an omitted one keeps its value."""

    name: Annotated[Name, Field(description="Cannot be cleared.")] = ""
    relation: Annotated[Name, Field(description="Cannot be cleared.", examples=["daughter"])] = ""
    date_of_birth: Birthday | None = None
    blood_type: BloodType | None = None
    emergency_contact: ContactIn | None = None
    card_id: CardName | None = Field(default=None, description=_CARD)


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
    """The event to add."""

    event_id: Id


class FavoriteEventOut(Out):
    """A short form of an event, as the public sees it."""

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
    """A favourite and the time it was added; an event that is no longer public is null."""

    event_id: str
    added_at: Moment
    event: FavoriteEventOut | None
