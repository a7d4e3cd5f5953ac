"""Bodies of the customers' door: dependents and favourites."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field

from chalicelib import clock
from chalicelib.schemas.usher import CardName
from chalicelib.schemas.wire import Id, In, Moment, Name, Out, Phone
from chalicelib.vocabulary import BloodType


def _not_ahead(day: date) -> date:
    # Somebody who is born today may be born tomorrow where the clock is ahead.
    if day > clock.now().date():
        raise ValueError("must not lie in the future")
    return day


BirthDate = Annotated[date, Field(ge=date(1900, 1, 1)), AfterValidator(_not_ahead)]


class ContactIn(In):
    """Whom to call in an emergency."""

    name: Name
    mobile_number: Phone


class DependentIn(In):
    """A dependent, whole: what is left out is not known, or forgotten."""

    name: Name
    relation: Name = Field(examples=["daughter"])
    date_of_birth: BirthDate | None = None
    blood_type: BloodType | None = None
    emergency_contact: ContactIn | None = None
    card_id: CardName | None = None


class ContactOut(Out):
    """Whom to call in an emergency."""

    name: str
    mobile_number: str


class DependentOut(Out):
    """A dependent."""

    id: str
    name: str
    relation: str
    date_of_birth: date | None = None
    blood_type: BloodType | None = None
    emergency_contact: ContactOut | None = None
    card_id: str | None = None


class FavoriteIn(In):
    """The event to like."""

    event_id: Id


class FavoriteAddedOut(Out):
    """A favourite, and since when it is one."""

    event_id: str
    added_at: Moment
