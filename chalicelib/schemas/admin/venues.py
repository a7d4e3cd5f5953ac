"""Bodies of the staff's portal: venues."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StrictInt, StringConstraints

from chalicelib.schemas.texts import ONE_LINE, Name, Title
from chalicelib.schemas.wire import ChangeIn, Moment, Out, Version

_DEGREES = r"^-?[0-9]{1,3}(\.[0-9]{1,7})?$"


def _as_text(value: Any) -> Any:
    """Return an angle that was sent as a number as text."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return format(Decimal(str(value)), "f") if is_number else value


def _within(most: int) -> AfterValidator:
    def check(text: str) -> str:
        if abs(Decimal(text)) > most:
            raise ValueError(f"must lie between -{most} and {most}")
        return text

    return AfterValidator(check)


def _different(gates: list[str]) -> list[str]:
    if len(set(gates)) < len(gates):
        raise ValueError("must not name a gate twice")
    return gates


_AsText = BeforeValidator(_as_text, json_schema_input_type=float | str)
Latitude = Annotated[str, StringConstraints(pattern=_DEGREES), _AsText, _within(90)]
Longitude = Annotated[str, StringConstraints(pattern=_DEGREES), _AsText, _within(180)]
Address = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), ONE_LINE]
Gates = Annotated[list[Name], Field(max_length=50), AfterValidator(_different)]
Capacity = Annotated[StrictInt, Field(ge=1, le=1_000_000)]


class _VenueFields(ChangeIn):
    address: Address | None = None
    city: Name | None = None
    country: Name | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    capacity: Capacity | None = None
    gates: Gates | None = None


class VenueIn(_VenueFields):
    """A venue."""

    name: Title

    def fields(self) -> dict[str, Any]:
        """Return the fields of the venue."""
        return self.model_dump()


class VenueChangeIn(_VenueFields):
    """The changes of a venue: an omitted field keeps its value, null clears one that may be empty."""

    name: Title = ""
    version: Version | None = Field(None, description="As it was read; another one is 409.")

    def changes(self) -> dict[str, Any]:
        """Return the fields that were sent, without the version."""
        return self.model_dump(exclude_unset=True, exclude={"version"})


class VenueOut(Out):
    """A venue; `version` counts its changes, and events keep the copy that they took."""

    id: str
    name: str
    address: str | None
    city: str | None
    country: str | None
    latitude: str | None
    longitude: str | None
    capacity: int | None
    gates: list[str]
    events: int
    created_at: Moment | None
    version: int
