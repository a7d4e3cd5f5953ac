"""Campuses: few, created by the operator, and shown to everybody of the portal."""

from chalicelib import clock, folding
from chalicelib.domain import timezones
from chalicelib.errors import AlreadyExists, NotFound, ValidationFailed
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Campus
from chalicelib.table.ranges import Begins


def create(*, name: str, timezone: str, campus_id: str | None = None) -> Campus:
    """Create a campus. Raises AlreadyExists, also for the name of another one, ValidationFailed."""
    if any(folding.typed(each.name) == folding.typed(name) for each in every()):
        raise AlreadyExists("This campus exists already.")
    campus = drafted(name=name, timezone=timezone, campus_id=campus_id)
    try:
        operations.record(operations.put(campus, Campus.pk.does_not_exist()))
    except operations.ConditionFailed as failure:
        raise AlreadyExists("This campus exists already.") from failure
    return campus


def drafted(*, name: str, timezone: str, campus_id: str | None = None) -> Campus:
    """Return a campus that is not stored yet. Raises ValidationFailed."""
    campus_id = campus_id or new_id("cam")
    return Campus(
        *keys.campus_people.campus(campus_id),
        campus_id=campus_id,
        name=name,
        timezone=timezones.require_known(timezone),
        created_at=clock.now(),
    )


def every() -> list[Campus]:
    """Return all campuses, the oldest first."""
    prefix = keys.campus_people.campus()
    return [Campus.from_raw_data(raw) for raw in operations.query(prefix.pk, Begins("c"))]


def get(campus_id: str) -> Campus:
    """Return a campus. Raises NotFound."""
    campus = operations.get(keys.campus_people.campus(campus_id))
    if campus is None:
        raise NotFound("There is no such campus.")
    return campus


def named(text: str, *, field: str = "campus") -> Campus:
    """Return the campus with this id or name, in any case. Raises ValidationFailed, which names the known ones."""
    known = every()
    wanted = folding.typed(text)
    for campus in known:
        if text == campus.campus_id or (wanted and wanted == folding.typed(campus.name)):
            return campus
    names = ", ".join(campus.name for campus in known) or "none yet"
    raise ValidationFailed(details=[{"field": field, "message": f"is not a known campus; known are: {names}"}])
