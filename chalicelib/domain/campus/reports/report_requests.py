"""What a report is asked for: its kind, its format, its filters, and what its starter may see."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct, field
from msgspec.structs import asdict

from chalicelib import clock
from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.campus.attendance import event_staff
from chalicelib.domain.campus.events import campus_events
from chalicelib.domain.campus.people import campus_profiles
from chalicelib.errors import NotFound, ValidationFailed
from chalicelib.vocabulary.campus import CampusRole, ReportFormat, ReportKind

# A period of a study programme; longer ones are asked for in parts.
MOST_YEARS = 5
_MOST_DAYS = timedelta(days=366 * MOST_YEARS)
_MOMENTS = ("date_from", "date_to")
_UNKNOWN_PERSON = "There is no such user."


class ReportFilters(Struct, frozen=True):
    """The filters of a report, as its reader sees them; None for those left out."""

    event: str | None = None
    department: str | None = None
    date_from: datetime | None = None
    date_to: datetime | None = None
    student: str | None = None

    def shown(self) -> dict[str, str]:
        """Return the filters that were given, as the wire and the register write them."""
        given = {name: value for name, value in asdict(self).items() if value is not None}
        return {name: clock.to_text(value) if isinstance(value, datetime) else value for name, value in given.items()}


class ReportRequest(Struct, frozen=True):
    """A report as it was asked for. `scope` are the filters that leave its starter what they may see."""

    kind: ReportKind
    format: ReportFormat
    starter_id: str
    filters: ReportFilters = ReportFilters()
    scope: Mapping[str, str] = field(default_factory=dict)
    is_redacted: bool = False

    def stored(self) -> dict[str, Any]:
        """Return the request as a job stores it."""
        return {
            "kind": self.kind.value,
            "format": self.format.value,
            "starter_id": self.starter_id,
            "filters": self.filters.shown(),
            "scope": dict(self.scope),
            "is_redacted": self.is_redacted,
        }

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "ReportRequest":
        """Return the request that a job stored."""
        filters: dict[str, Any] = dict(stored["filters"])
        filters |= {name: datetime.fromisoformat(filters[name]) for name in _MOMENTS if name in filters}
        return cls(
            kind=ReportKind(stored["kind"]),
            format=ReportFormat(stored["format"]),
            starter_id=stored["starter_id"],
            filters=ReportFilters(**filters),
            scope=stored["scope"],
            is_redacted=stored["is_redacted"],
        )


def of_attendance(
    caller: Principal, filters: ReportFilters, *, wanted: ReportFormat, is_redacted: bool = False
) -> ReportRequest:
    """Return the request of a report of what the caller may see.

    Raises NotFound for an event of others, ValidationFailed for a period that is none or too long.
    """
    _require_period(filters.date_from, filters.date_to)
    if filters.event is not None:
        campus_events.require_staff_of(filters.event, caller)
    scope = {} if filters.event is not None else event_staff.scope_of(caller)
    return ReportRequest(ReportKind.ATTENDANCE, wanted, caller.id, filters, scope, is_redacted)


def of_event(caller: Principal, event_id: str, *, kind: ReportKind, is_redacted: bool = False) -> ReportRequest:
    """Return the request of the document of one event. Raises NotFound for an event of others."""
    campus_events.require_staff_of(event_id, caller)
    return ReportRequest(kind, ReportFormat.PDF, caller.id, ReportFilters(event=event_id), {}, is_redacted)


def of_person(caller: Principal, user_id: str, *, wanted: ReportFormat, is_redacted: bool = False) -> ReportRequest:
    """Return the request of a person's report: all of it for themselves, for staff what they may see of it.

    Raises NotFound for an unknown person, and for somebody else's where a student asks.
    """
    filters = ReportFilters(student=user_id)
    if user_id == caller.id:
        return ReportRequest(ReportKind.INDIVIDUAL, wanted, caller.id, filters, {}, is_redacted)
    if caller.claims.get("role") == CampusRole.STUDENT:
        raise NotFound(_UNKNOWN_PERSON)
    profile, scope = campus_profiles.get(user_id), event_staff.scope_of(caller)
    if profile.campus_id != scope.get("campus", profile.campus_id):
        raise NotFound(_UNKNOWN_PERSON)
    return ReportRequest(ReportKind.INDIVIDUAL, wanted, caller.id, filters, scope, is_redacted)


def _require_period(begins_at: datetime | None, ends_at: datetime | None) -> None:
    if begins_at is None:
        return
    last = "which is now where it is left out"
    if begins_at > (ends_at or clock.now()):
        later = "must not be later than date_to" if ends_at else f"must not be later than date_to, {last}"
        raise ValidationFailed(details=[{"field": "date_from", "message": later}])
    ends_at = ends_at or clock.now()
    if ends_at - begins_at > _MOST_DAYS:
        message = f"must not be more than {MOST_YEARS} years before date_to, {last}"
        raise ValidationFailed(details=[{"field": "date_from", "message": message}])
