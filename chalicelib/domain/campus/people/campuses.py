"""Campuses: few, created by the operator, and shown to everybody of the portal."""

from collections.abc import Sequence

from msgspec import Struct

from chalicelib import clock, folding
from chalicelib.domain import paging, timezones
from chalicelib.domain.paging import Page, PageRequest, ReadBudget
from chalicelib.errors import AlreadyExists, ValidationFailed
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Campus
from chalicelib.table.ranges import Begins, Between


class CampusView(Struct, frozen=True):
    """A campus as everybody of the portal sees it."""

    id: str
    name: str
    timezone: str


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


def page(caller_id: str, *, page_size: int, cursor: str | None) -> Page[CampusView]:
    """Return a page of the campuses, the oldest first. Raises InvalidCursor."""
    prefix = keys.campus_people.campus()

    def read(after: str | None, limit: int) -> list[tuple[str, Campus]]:
        within = Between(after or "!", "~")
        raws = operations.query(prefix.pk, within, limit=limit + (after is not None))
        rows = [(raw["sk"]["S"], Campus.from_raw_data(raw)) for raw in raws]
        return [row for row in rows if row[0] != after][:limit]

    def load(found: Sequence[Campus]) -> list[CampusView | None]:
        return [CampusView(each.campus_id, each.name, each.timezone) for each in found]

    return paging.walk(PageRequest(f"campuses/{caller_id}", page_size, cursor), read, load, budget=ReadBudget())


def find(text: str, known: Sequence[Campus]) -> Campus | None:
    """Return the campus among these with this id or name, in any case."""
    wanted = folding.typed(text)
    for campus in known:
        if text == campus.campus_id or (wanted and wanted in map(folding.typed, (campus.campus_id, campus.name))):
            return campus
    return None


def named(text: str, *, field: str = "campus") -> Campus:
    """Return the campus with this id or name, in any case. Raises ValidationFailed, which names the known ones."""
    known = every()
    campus = find(text, known)
    if campus is None:
        names = ", ".join(each.name for each in known) or "none yet"
        raise ValidationFailed(details=[{"field": field, "message": f"is not a known campus; known are: {names}"}])
    return campus
