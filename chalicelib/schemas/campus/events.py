"""Bodies of the campus portal: events, their rotating code and their rosters."""

from typing import Annotated, Any, Self

from pydantic import (
    Field,
    StringConstraints,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

from chalicelib.schemas import messages
from chalicelib.schemas.admin.lists import ListIn
from chalicelib.schemas.campus.accounts import YearLevel
from chalicelib.schemas.texts import LINES, ONE_LINE, Name, Sought, Title
from chalicelib.schemas.wire import ChangeIn, Day, In, Instant, Moment, Out, Version
from chalicelib.vocabulary.campus import RosterAction

MOST_EVENTS, MOST_LISTED = 100, 5_000
# The longest JSON of a full bulk creation and of a full roster, in bytes.
BULK_LIMIT, ROSTER_LIMIT = 512 * 1024, 512 * 1024
_START = "When submissions begin; nothing is accepted before."

Description = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2_000), LINES]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False, description="Degrees north (WGS 84).")]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False, description="Degrees east (WGS 84).")]
Radius = Annotated[int, Field(ge=5, le=5_000, description="How far from the position counts as there, in metres.")]
KeptDays = Annotated[int, Field(ge=0, le=3_650)]
CampusName = Annotated[Name, Field(description="The id or the name of a campus.")]
PersonName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64), ONE_LINE]


class WindowIn(In):
    """A window of time, both ends included."""

    start: Instant
    end: Instant


class RetentionIn(In):
    """How many days each kind of evidence is kept after the event; 0 keeps nothing of it.

    A change leaves the kinds that it does not name; null leaves a kind to the platform's own days.
    """

    photos_days: KeptDays | None = None
    signature_days: KeptDays | None = None
    position_days: KeptDays | None = None
    device_days: KeptDays | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_dump(exclude_none=True):
            raise ValueError("must name the days of a kind of evidence, such as photos_days")
        return self


class ExpectedIn(In):
    """The rule of who is expected: the students that fit all that is given."""

    department: Name | None = None
    year_level: YearLevel = None
    campus: CampusName | None = None

    @model_validator(mode="after")
    def _narrows(self) -> Self:
        if self.department is None and self.year_level is None and self.campus is None:
            raise ValueError("must name a department, a year_level or a campus")
        return self


class _EventFields(ChangeIn):
    description: Description | None = None
    location_radius: Radius = 100
    late_until: Instant | None = Field(None, description="Submissions after it are `late`; without it nobody is.")
    closes_at: Instant | None = Field(None, description="The end of submissions; end_datetime without it.")
    second_window: WindowIn | None = Field(None, description="A second window for submissions, after the first.")
    is_active: bool = True
    require_photos: bool = False
    require_signature: bool = False
    require_location: bool = True
    retention: RetentionIn | None = None
    expected: ExpectedIn | None = Field(None, description="Who is expected without being listed.")

    def fields(self) -> dict[str, Any]:
        """Return the fields that were sent, by the names of the domain."""
        sent = self.model_dump(exclude_unset=True, exclude={"version"})
        renamed = {_NAMES.get(name, name): value for name, value in sent.items()}
        if "retention" in renamed:
            renamed["retention"] = renamed["retention"] or {}
        if renamed.get("expected"):
            rule = {_NAMES.get(name, name): value for name, value in renamed["expected"].items()}
            renamed["expected"] = {name: value for name, value in rule.items() if value is not None}
        return renamed


_NAMES = {"start_datetime": "starts_at", "end_datetime": "ends_at", "campus": "campus_id"}


class CampusEventIn(_EventFields):
    """An event whose attendance is taken. The organizer is the caller; without `campus` it is at the caller's."""

    title: Title
    location: Title
    latitude: Latitude
    longitude: Longitude
    start_datetime: Instant = Field(description=_START)
    end_datetime: Instant
    campus: CampusName | None = None


class CampusEventChangeIn(_EventFields):
    """The changes of an event: an omitted field keeps its value, null clears one that may be empty."""

    title: Title = ""
    location: Title = ""
    latitude: Latitude = 0
    longitude: Longitude = 0
    start_datetime: Instant = Field(None, description=_START)  # type: ignore[assignment]  # the default is never used
    end_datetime: Instant = None  # type: ignore[assignment]  # the default is never used
    campus: CampusName = ""
    version: Version | None = Field(None, description="As it was read; another one is 409.")


def _read_row(row: Any, read: ValidatorFunctionWrapHandler) -> Any:
    """Return an event, or what is wrong with its fields: rows that break a rule are then named in the same answer."""
    try:
        return read(row)
    except ValidationError as error:
        return messages.problems(error, CampusEventIn)


class BulkEventsIn(In):
    """Events to create, all of them or none."""

    events: Annotated[
        list[Annotated[CampusEventIn, WrapValidator(_read_row)]], Field(min_length=1, max_length=MOST_EVENTS)
    ]

    def fields(self) -> dict[int, dict[str, Any]]:
        """Return the fields of each event that could be read, by row and by the names of the domain."""
        return {row: event.fields() for row, event in enumerate(self.events) if isinstance(event, CampusEventIn)}

    def unread(self) -> dict[int, list[dict[str, str]]]:
        """Return the problems of each row that could not be read."""
        rows: list[Any] = list(self.events)
        return {row: _in_row(row, found) for row, found in enumerate(rows) if not isinstance(found, CampusEventIn)}


def _in_row(row: int, problems: list[dict[str, str]]) -> list[dict[str, str]]:
    whole = messages.WHOLE
    return [
        {**each, "field": f"events.{row}" + ("" if each["field"] == whole else f".{each['field']}")}
        for each in problems
    ]


class CampusEventsIn(ListIn):
    """What a page of events shows."""

    campus: Sought | None = Field(None, description="The id or the name of a campus.")
    date_from: Instant | Day | None = Field(
        None, description="Events that end, or whose last window does, on this day or later."
    )
    date_to: Instant | Day | None = Field(None, description="Events that begin on this day or earlier.")


class WindowOut(Out):
    """A window of time, both ends included."""

    start: Moment
    end: Moment


class RetentionOut(Out):
    """How many days each kind of evidence is kept after the event."""

    photos_days: int
    signature_days: int
    position_days: int
    device_days: int


class ExpectedOut(Out):
    """The rule of who is expected."""

    department: str | None
    year_level: str | None
    campus: str | None


class CampusEventOut(Out):
    """An event. `qr_expires_at` is when its shown code changes; null for students, who see no code."""

    id: str
    title: str
    description: str | None
    location: str
    latitude: float
    longitude: float
    location_radius: int
    start_datetime: Moment
    end_datetime: Moment
    late_until: Moment | None
    closes_at: Moment | None
    second_window: WindowOut | None
    campus: str = Field(description="The name of the campus.")
    campus_id: str
    timezone: str
    organizer: str = Field(description="The name of the organizer.")
    organizer_id: str
    is_active: bool
    require_photos: bool
    require_signature: bool
    require_location: bool
    retention: RetentionOut
    expected: ExpectedOut | None
    roster_size: int = Field(description="How many people are listed as expected.")
    roster_version: int = Field(description="Counts the lists that were sent for the roster.")
    qr_expires_at: Moment | None
    created_at: Moment
    version: int


class BulkEventsOut(Out):
    """The created events, in the order of the request."""

    events: list[CampusEventOut]
    count: int


class QrOut(Out):
    """The rotating code of an event: ask again at `expires_at`."""

    event_id: str
    qr_token: str = Field(description="What the QR code carries.")
    qr_image: str = Field(description="The QR code as a PNG, in base64.")
    code: str = Field(description="Eight digits, for those whose camera cannot read the QR code.")
    expires_at: Moment = Field(description="When the next code is to be shown; this one is accepted for 30 s more.")


class RosterIn(ChangeIn):
    """The people who are expected: student numbers and accounts, or a CSV.

    They take the place of all who were expected, or are added or removed, as `action` says. Without any of them the
    roster stays; an empty list that replaces clears it.
    """

    student_ids: Annotated[list[PersonName], Field(max_length=MOST_LISTED)] = Field([], description="Student numbers.")
    users: Annotated[list[PersonName], Field(max_length=MOST_LISTED)] = Field([], description="Accounts.")
    csv: Annotated[str, StringConstraints(max_length=ROSTER_LIMIT)] = Field(
        "", description="A CSV in UTF-8: a column student_id or user_id, or the first one without a header."
    )
    action: RosterAction = Field(
        RosterAction.REPLACE, description="Several who add or remove at once lose nothing of each other's."
    )
    version: Version | None = Field(None, description="The event's `roster_version` as read; another one is 409.")

    def lists(self) -> dict[str, Any]:
        """Return the lists that were sent."""
        return self.model_dump(exclude_unset=True)


class UnknownRowOut(Out):
    """A row that is not on the roster."""

    line: int = Field(description="The line of the file, or the place in the list, from 1.")
    value: str = Field(description="What the row says, shortened.")
    message: str


class RosterChangeOut(Out):
    """The roster after a list: who is not named in `unknown` is on it."""

    event_id: str
    version: int = Field(description="The event's `roster_version` now.")
    size: int = Field(description="How many people are listed now.")
    added: int
    removed: int
    unknown_count: int
    unknown: list[UnknownRowOut] = Field(description="The rows that name nobody, at most the first 1,000.")


class ListedPersonOut(Out):
    """A person who is listed as expected; the names are null once the person was erased."""

    id: str = Field(description="The account.")
    student_id: str | None
    full_name: str | None
    department: str | None
    year_level: str | None
    added_at: Moment
