"""Parts of bodies that all portals share."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Generic, Literal, Protocol, Self, TypeVar, get_args

from msgspec import Struct
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    RootModel,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import PydanticCustomError, PydanticKnownError, core_schema

from chalicelib import clock, phone_numbers, scanned_text

ItemT = TypeVar("ItemT")
SourceT = TypeVar("SourceT")
ShownT = TypeVar("ShownT", covariant=True)


class In(BaseModel):
    """A request's body or query; unknown fields are ignored."""

    # The text of an error may be logged, and its input may be personal data.
    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True, hide_input_in_errors=True)


class ChangeIn(In):
    """A change: an omitted field keeps its stored value, so the default of its class is never used."""


class Out(BaseModel):
    """An answer's body; every field is present.

    `read` shows an object of the domain whose attributes have the names of the fields. Any other object is shown field
    by field, in the part of the portal that answers with it; by a `from_…` classmethod where live updates show it too.
    """

    model_config = ConfigDict(
        from_attributes=True,
        defer_build=True,
        hide_input_in_errors=True,
        json_schema_serialization_defaults_required=True,
    )

    @classmethod
    def read(cls, source: object) -> Self:
        """Return the model of an object whose attributes have the names of the fields; a missing one is a fault."""
        return cls.model_validate(source)


class RootOut(RootModel[SourceT], Generic[SourceT], defer_build=True, hide_input_in_errors=True):
    """An answer's body that is a list, or one of several shapes."""


Moment = Annotated[
    datetime,
    PlainSerializer(clock.to_text, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}, mode="serialization"),
]
# From the epoch, which a reader's clock shows after its battery failed, to the latest time of an id.
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)
WordT = TypeVar("WordT")


class _EitherSpelling:
    """Accepts `Already Scanned` for `already_scanned`, and for any other word of an enumeration."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        words = {_spelled(str(word)): str(word) for word in (get_args(source) or source)}

        def respell(value: Any) -> Any:
            return words.get(_spelled(value), value) if isinstance(value, str) else value

        return core_schema.no_info_before_validator_function(respell, handler(source))


def _spelled(word: str) -> str:
    return word.strip().casefold().replace(" ", "_").replace("-", "_")


# An enumerated filter, in either spelling.
Filter = Annotated[WordT, _EitherSpelling()]


def _within_reach(value: datetime) -> datetime:
    if not 0 <= value.timestamp() < _LATEST.timestamp():
        raise ValueError("must lie between the years 1970 and 2200")
    # The day or the minute of a moment is part of keys. It must be that of UTC, not that of the sender's offset.
    return value.astimezone(UTC)


# RFC 3339; the type itself asks for the offset. Pydantic would also read Unix times and other spellings of ISO 8601.
_SPELLED_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-5][0-9])?"
)
_SPELLED_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _read_as(kind: type[date], spelling: re.Pattern[str]) -> BeforeValidator:
    """Return the validator that reads a text in one spelling only. It parses, since a strict type refuses a text."""
    name = kind.__name__

    def read(value: Any) -> date:
        if isinstance(value, date):  # not from JSON
            return value
        if not isinstance(value, str):
            raise PydanticCustomError(f"{name}_type", "must be text")
        try:
            if spelling.fullmatch(value):
                return kind.fromisoformat(value.upper())
        except ValueError:
            pass  # such as a 13th month
        raise PydanticCustomError(f"{name}_parsing", "must be spelled as the contract says")

    return BeforeValidator(read)


def _described(form: str, years: str) -> WithJsonSchema:
    """Return what the OpenAPI document says of a day or a moment: its form, and a pattern of its years."""
    return WithJsonSchema({"type": "string", "format": form, "pattern": f"^({years})-"}, mode="validation")


# In another time zone than UTC the first and the last moment lie in the years beside.
Instant = Annotated[
    AwareDatetime,
    _read_as(datetime, _SPELLED_INSTANT),
    AfterValidator(_within_reach),
    _described("date-time", "19(69|[7-9][0-9])|2[01][0-9]{2}|2200"),
]
# Bounds come before the spelling: around a validator of our own, pydantic names a bound by its repr.
Day = Annotated[
    date,
    Field(ge=date(1970, 1, 1), lt=_LATEST.date()),
    _read_as(date, _SPELLED_DAY),
    _described("date", "19[7-9][0-9]|2[01][0-9]{2}"),
]


def _not_ahead(day: date) -> date:
    # Time zones ahead of UTC may be a day ahead: somebody born today there is born tomorrow here.
    if day > clock.latest_day():
        raise ValueError("must not lie in the future")
    return day


Birthday = Annotated[
    date,
    Field(ge=date(1900, 1, 1)),
    _read_as(date, _SPELLED_DAY),
    AfterValidator(_not_ahead),
    _described("date", "(19|20)[0-9]{2}"),
]


class Scanned(Struct, frozen=True):
    """Marks a text that scanners read or hands type: `read` returns its canonical spelling, which is then checked.

    `longest` bounds it as it is sent: percent-encoded, and in a URL.
    """

    read: Callable[[str], str]
    longest: int = 512

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        """Return the schema of the canonical text, with `read` before it."""
        return core_schema.no_info_before_validator_function(self._spelled, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Return the schema of what is accepted, without the pattern of the canonical text."""
        described = handler(schema)
        described.pop("pattern", None)
        return described | {"minLength": 1, "maxLength": self.longest}

    def _spelled(self, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if len(value) > self.longest:
            raise PydanticKnownError("string_too_long", {"max_length": self.longest})
        return self.read(value)


Id = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.:-]+$"),
    Scanned(scanned_text.identifier),
]
ScanId = Annotated[
    str,
    StringConstraints(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9_.:-]+$"),
    Field(description="Created by the scanner, one per scan, such as scn_ and a ULID; a repeated id is the same scan."),
]
InstallationId = Annotated[
    str,
    StringConstraints(min_length=16, max_length=64, pattern=r"^[A-Za-z0-9_.:-]+$"),
    Field(description="A random id of at least 16 characters that an app makes once and keeps, such as a UUID."),
]
Password = Annotated[str, StringConstraints(min_length=1, max_length=256)]
NewPassword = Annotated[
    Password,
    Field(
        description="At least 10 characters, 12 for ushers, staff and Tix; not a common password, nor made of name, "
        "number, email address, event, organization, platform, repeats or runs."
    ),
]
# How often an item was changed, as its reader saw it; another one is refused.
Version = Annotated[int, Field(ge=0, le=10**12)]
PageSize = Annotated[int, Field(ge=1, le=100)]
Cursor = Annotated[str, StringConstraints(min_length=1, max_length=512)]


def _number(read: Callable[[str], str]) -> AfterValidator:
    """Return the validator of a number; its refusal carries a code for clients, if it has one."""

    def check(value: str) -> str:
        try:
            return read(value)
        except phone_numbers.NumberRefused as refused:
            if refused.code is None:
                raise
            raise PydanticCustomError(refused.code, "{error}", {"error": str(refused)}) from refused

    return AfterValidator(check)


# The number of somebody whom the platform sends nothing, such as an emergency contact.
AnyPhone = Annotated[
    str,
    StringConstraints(max_length=32),
    Scanned(scanned_text.phone_number, longest=64),
    _number(phone_numbers.e164),
    Field(description="In national or international form; stored and returned as E.164.", examples=["+923001000003"]),
]
Phone = Annotated[
    str,
    StringConstraints(max_length=32),
    Scanned(scanned_text.phone_number, longest=64),
    _number(phone_numbers.e164),
    _number(phone_numbers.mobile),
    Field(description="In national or international form; stored and returned as E.164.", examples=["+923001000003"]),
]
OneTimeCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$"), Scanned(scanned_text.one_time_code, longest=64)]
# The code that resets a password, longer than all others.
ResetCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{8}$"), Scanned(scanned_text.one_time_code, longest=64)]


class MoneyOut(Out):
    """An amount as a decimal string with the currency's digits, and its ISO 4217 code."""

    amount: Annotated[str, Field(json_schema_extra={"pattern": r"^-?[0-9]+(\.[0-9]+)?$"}, examples=["1500.00"])]
    currency: Annotated[str, Field(json_schema_extra={"pattern": r"^[A-Z]{3}$"}, examples=["PKR"])]


_Decimal = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,12}(\.[0-9]{1,4})?$")]


class MoneyIn(In):
    """An amount as a decimal string; the default currency is the one of the item that it pays."""

    amount: _Decimal
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None = None


def _bare_amount(value: Any) -> Any:
    if isinstance(value, int | float):
        # Else it reads "must be an object", which an amount need not be.
        raise ValueError('must be an amount as text, such as "1500.00"')  # noqa: TRY004  # pydantic shows this kind
    return {"amount": value} if isinstance(value, str) else value


Amount = Annotated[MoneyIn, BeforeValidator(_bare_amount, json_schema_input_type=_Decimal | MoneyIn)]


class Page(Protocol[ShownT]):
    """One page of a list, as the domain returns it."""

    @property
    def results(self) -> Sequence[ShownT]:
        """The page's entries."""

    @property
    def next(self) -> str | None:
        """The cursor of the page after this one."""

    @property
    def count(self) -> int | None:
        """The length of the whole list, if it is known."""


class PageOut(Out, Generic[ItemT]):
    """One page of a list."""

    results: list[ItemT]
    next: str | None = Field(description="The cursor of the page after this one.")
    count: int | None = Field(description="The length of the whole list, if a counter has it.")

    @classmethod
    def of(cls, page: Page[SourceT], show: Callable[[SourceT], ItemT]) -> "PageOut[ItemT]":
        """Return a page of the domain with each entry shown."""
        return PageOut(results=[show(entry) for entry in page.results], next=page.next, count=page.count)


class BetweenIn(In):
    """A period; each end is a day in UTC, counted as a whole, or a moment."""

    date_from: Instant | Day | None = None
    date_to: Instant | Day | None = None

    def begins_at(self) -> datetime | None:
        """Return the first moment of the period."""
        return _moment(self.date_from, time.min)

    def ends_at(self) -> datetime | None:
        """Return the last moment of the period."""
        return _moment(self.date_to, time.max)


def _moment(value: datetime | date | None, of_day: time) -> datetime | None:
    if value is None or isinstance(value, datetime):
        return value
    return datetime.combine(value, of_day, tzinfo=UTC)


class PageIn(In):
    """The page of a list."""

    page_size: PageSize = 20
    cursor: Cursor | None = None


class TokensOut(Out):
    """A pair of tokens; `expires_in` is the access token's lifetime in seconds."""

    access: str
    refresh: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105  # the scheme of RFC 6750, no secret
    expires_in: int


class RefreshIn(In):
    """The refresh token to exchange."""

    refresh: Annotated[str, StringConstraints(min_length=1, max_length=2048)]


class FieldProblem(Out):
    """The problem of one field; `code` names it for clients that distinguish several."""

    field: str
    message: str
    code: Annotated[str | None, Field(exclude_if=lambda code: code is None)]


_Details = Annotated[list[FieldProblem] | None, Field(exclude_if=lambda details: details is None)]
_State = Annotated[dict[str, Any] | None, Field(exclude_if=lambda state: state is None)]


class ErrorBody(Out):
    """The reason of a refusal."""

    code: str
    message: str
    details: _Details
    request_id: str
    present: _State = Field(description="What a conflict is about, as it is now.")
    preview: _State = Field(description="The new preview of a cancellation whose confirmation was refused.")


class ErrorOut(Out):
    """The envelope of every refusal."""

    error: ErrorBody


class BareErrorOut(Out):
    """What refusals to campus and Tix have in common; their clients print `error`."""

    error: str = Field(description="The message, for people.")
    code: str
    details: _Details
    request_id: str


class Nothing(Out):
    """An empty answer: the request succeeded."""
