"""The rows of reports: records as the wire shows them, read page by page, oldest first."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from chalicelib.domain.campus.attendance import attendance_pages, record_views
from chalicelib.domain.campus.attendance.record_views import ShownRecord
from chalicelib.domain.campus.reports.canonical_json import plain
from chalicelib.domain.campus.reports.report_requests import ReportRequest
from chalicelib.domain.lists.attendance import ATTENDANCE
from chalicelib.domain.lists.pages import Asked
from chalicelib.domain.paging import MAX_SIZE

ReportRow = dict[str, Any]
# Whose cursors they are: a report's own.
_READER = "report"
# Parts of a name that the wire shows as one.
_UNSHOWN = ("first_name", "last_name")


class RowsRead(Struct, frozen=True):
    """Some rows of a report; `position` is where they go on, None at the end."""

    rows: Sequence[ReportRow]
    position: str | None


def read(request: ReportRequest, position: str | None) -> RowsRead:
    """Return a page of the rows after a position; names are read at once for the page."""
    filters = request.filters
    asked = {"event": filters.event, "department": filters.department, "student": filters.student}
    page = attendance_pages.narrowed(
        ATTENDANCE,
        Asked(
            caller_id=_READER,
            page_size=MAX_SIZE,
            cursor=position,
            ordering="date",
            filters={name: value for name, value in asked.items() if value is not None},
            ranges={"date": (filters.date_from, filters.date_to)} if filters.date_from or filters.date_to else {},
        ),
        request.scope,
    )
    return RowsRead([row_of(record) for record in record_views.show_many(page.results)], page.next)


def read_up_to(request: ReportRequest, most: int) -> RowsRead:
    """Return the rows up to the page that exceeds `most`; the position is None where that is all."""
    rows: list[ReportRow] = []
    position: str | None = None
    while True:
        found = read(request, position)
        rows += found.rows
        position = found.position
        if position is None or len(rows) > most:
            return RowsRead(rows, position)


def row_of(record: ShownRecord) -> ReportRow:
    """Return a record as the wire shows it, as JSON."""
    row: ReportRow = plain(record)
    row["student"] = {name: value for name, value in row["student"].items() if name not in _UNSHOWN}
    return row


def redacted(rows: Iterable[Mapping[str, Any]]) -> Iterator[ReportRow]:
    """Yield the rows for third parties: people are numbered, and what somebody wrote or decided is masked."""
    numbers: dict[str, int] = {}
    for row in rows:
        student = row["student"]
        number = numbers.setdefault(student["id"], len(numbers) + 1)
        yield {
            **row,
            # The id of a record follows from the ids of event and person, which a guess could test.
            "id": MASK,
            "student": {
                **student,
                "id": MASK,
                "student_id": _masked(student["student_id"]),
                "full_name": _name(number),
            },
            "distance_m": None,
            "factors": [{**factor, "message": ""} for factor in row["factors"]],
            "flags": [{"flag": flag["flag"], "evidence": {}, "message": ""} for flag in row["flags"]],
            "verified_by": _masked(row["verified_by"]),
            "note": _masked(row["note"]),
            "appeal": _redacted_appeal(row["appeal"]),
        }


MASK = "***"


def _masked(value: str | None) -> str | None:
    return None if value is None else MASK


def _name(number: int) -> str:
    return f"Person {number}"


def _redacted_appeal(appeal: Mapping[str, Any] | None) -> ReportRow | None:
    if appeal is None:
        return None
    masked = {name: _masked(appeal[name]) for name in ("statement", "answer", "answered_by")}
    return {**appeal, **masked}
