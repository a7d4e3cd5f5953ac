"""Campuses: few, created by the operator, and shown to everybody of the portal."""

from chalicelib import clock
from chalicelib.errors import AlreadyExists, NotFound
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Campus
from chalicelib.table.ranges import Begins


def create(*, name: str, timezone: str, campus_id: str | None = None) -> Campus:
    """Create a campus. Raises AlreadyExists."""
    campus_id = campus_id or new_id("cam")
    campus = Campus(
        *keys.campus_people.campus(campus_id),
        campus_id=campus_id,
        name=name,
        timezone=timezone,
        created_at=clock.now(),
    )
    try:
        operations.record(operations.put(campus, Campus.pk.does_not_exist()))
    except operations.ConditionFailed as failure:
        raise AlreadyExists("This campus exists already.") from failure
    return campus


def every() -> list[Campus]:
    """Return all campuses."""
    prefix = keys.campus_people.campus()
    return [Campus.from_raw_data(raw) for raw in operations.query(prefix.pk, Begins("c"))]


def get(campus_id: str) -> Campus:
    """Return a campus. Raises NotFound."""
    campus = operations.get(keys.campus_people.campus(campus_id))
    if campus is None:
        raise NotFound("There is no such campus.")
    return campus
