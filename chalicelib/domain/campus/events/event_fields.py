"""The fields of a campus event: what they may be together. Pure."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from chalicelib import clock
from chalicelib.config import config
from chalicelib.errors import ValidationFailed
from chalicelib.table.items import CampusEvent
from chalicelib.vocabulary.campus import ErasedKind

# What a request sets, by the name of the attribute; the time zone is that of the campus.
FIELDS = (
    *("title", "description", "location", "latitude", "longitude", "location_radius"),
    *("starts_at", "ends_at", "late_until", "closes_at", "second_window"),
    *("campus_id", "timezone", "is_active", "require_photos", "require_signature", "require_location"),
    *("retention", "expected"),
)
# An event of more days is several events. The list of events relies on the bound.
LONGEST = timedelta(days=31)
# A window closes at most so long after the event ends.
CLOSES_AFTER = timedelta(days=7)


class EventProblem(Struct, frozen=True):
    """What is wrong with a field, by its name on the wire."""

    field: str
    message: str

    def detail(self, prefix: str = "") -> dict[str, str]:
        """Return the problem as a refusal shows it."""
        return {"field": f"{prefix}{self.field}", "message": self.message}


def kept_days(event: CampusEvent, kind: ErasedKind) -> int:
    """Return how many days an event keeps a kind of evidence: its own number, else the stage's; 0 is not at all."""
    own: int | None = (event.retention or {}).get(f"{kind}_days")
    return dict(config().retention_days)[kind] if own is None else own


def require_sound(event: CampusEvent, prefix: str = "") -> None:
    """Raise ValidationFailed, which names each field that contradicts another."""
    found = [problem.detail(prefix) for problem in problems(event)]
    if found:
        raise ValidationFailed(details=found)


def problems(event: CampusEvent) -> Iterator[EventProblem]:
    """Yield each field of an event that contradicts another one."""
    if event.ends_at <= event.starts_at:
        yield EventProblem("end_datetime", "must be after start_datetime")
        return  # all other fields are compared with a window that does not exist
    if event.ends_at - event.starts_at > LONGEST:
        yield EventProblem("end_datetime", f"must be at most {LONGEST.days} days after start_datetime")
    latest = event.ends_at + CLOSES_AFTER
    closes_at = event.closes_at or event.ends_at
    if closes_at <= event.starts_at:
        yield EventProblem("closes_at", "must be after start_datetime")
    elif closes_at > latest:
        yield EventProblem("closes_at", f"must be at most {CLOSES_AFTER.days} days after end_datetime")
    if event.late_until is not None and not event.starts_at <= event.late_until <= closes_at:
        until = "closes_at" if event.closes_at else "end_datetime"
        yield EventProblem("late_until", f"must lie between start_datetime and {until}")
    if event.second_window:
        yield from _second_window(event, closes_at, latest)


def _second_window(event: CampusEvent, closes_at: datetime, latest: datetime) -> Iterator[EventProblem]:
    begins, ends = (datetime.fromisoformat(event.second_window[name]) for name in ("start", "end"))
    if begins <= closes_at:
        first = "closes_at" if event.closes_at else "end_datetime"
        yield EventProblem("second_window.start", f"must be after {first}, when the first window closes")
    if ends <= begins:
        yield EventProblem("second_window.end", "must be after second_window.start")
    elif ends > latest:
        yield EventProblem("second_window.end", f"must be at most {CLOSES_AFTER.days} days after end_datetime")


def stored(given: Mapping[str, Any], before: CampusEvent | None = None) -> dict[str, Any]:
    """Return given fields as an event stores them: moments inside of a window become text.

    Days of a kind of evidence that are not given stay as the event had them before; None leaves them to the stage.
    """
    found = {name: value for name, value in given.items() if name in FIELDS}
    if found.get("retention"):
        days = {**((before.retention if before else None) or {}), **found["retention"]}
        found["retention"] = {name: number for name, number in days.items() if number is not None}
    if found.get("second_window"):
        found["second_window"] = {name: clock.to_text(at) for name, at in found["second_window"].items()}
    return found
