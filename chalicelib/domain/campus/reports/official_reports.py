"""The documents of reports: which columns, pictures and lines a PDF has, in both versions."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from msgspec import Struct

from chalicelib.domain import timezones
from chalicelib.domain.campus.analytics import expectations
from chalicelib.domain.campus.events import campus_events
from chalicelib.domain.campus.reports import report_pictures, report_registry, report_rows
from chalicelib.domain.campus.reports.canonical_json import sha256_of
from chalicelib.domain.campus.reports.report_pictures import EvidencePictures
from chalicelib.domain.campus.reports.report_registry import ReportFacts
from chalicelib.domain.campus.reports.report_requests import ReportRequest
from chalicelib.domain.documents import attendance_document
from chalicelib.domain.documents.attendance_document import AttendanceFacts, PrintedColumn, PrintedRow
from chalicelib.table import keys, operations
from chalicelib.table.items import CampusEvent
from chalicelib.vocabulary.campus import AttendanceStatus, PhotoSide, ReportKind, VerificationStatus

_NAME = {
    AttendanceStatus.PRESENT: "present",
    AttendanceStatus.LATE: "late",
    AttendanceStatus.LEFT_EARLY: "left early",
    AttendanceStatus.EXCUSED: "excused",
    AttendanceStatus.ABSENT: "absent",
}
_PHOTO_COLUMNS = (PrintedColumn("Front", 18, is_picture=True), PrintedColumn("Back", 18, is_picture=True))
_SIGNATURE = PrintedColumn("Signature", 26, is_picture=True)
# Millimetres of columns whose words are known, and the shares of the two that people write in what is left.
_FIXED = {"No.": 8.0, "Number": 21.0, "Year": 11.0, "Status": 17.0, "Time": 13.0, "Method": 16.0}
_WITH_DAY = 22.0
_SHARES = {"Name": 0.6, "Department": 0.4}
_PLAIN_HEIGHT, _SIGNED_HEIGHT, _PHOTO_HEIGHT = 8.0, 11.0, 18.0
# Widths of bars in minutes; the first that gives at most so many bars is taken.
_BAR_MINUTES = (1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 1440)
_MOST_BARS = 14
_LATER = "later"
_TITLES = {
    ReportKind.OFFICIAL: "Attendance record",
    ReportKind.PHOTOS: "Attendance record with photos",
    ReportKind.INDIVIDUAL: "Individual attendance record",
}
_REDACTED = "Redacted version for third parties: names and numbers are masked, photos and signatures left out."


class Letterhead(Struct, frozen=True):
    """What a document says above its table."""

    campus: str
    subtitle: str
    lines: Sequence[str]
    timezone: str
    organizer: str = ""
    # How many people are expected, by the roster or by a rule.
    expected: int = 0
    # On which the event begins; None of a person.
    day: date | None = None


def write(
    full: Path, redacted: Path, facts: ReportFacts, request: ReportRequest, rows: Sequence[Mapping[str, Any]]
) -> tuple[str, str]:
    """Write both versions of a document and return their SHA-256."""
    is_of_person = request.kind is ReportKind.INDIVIDUAL
    pictures = EvidencePictures()
    if not is_of_person:
        pictures = report_pictures.read([row["id"] for row in rows], with_photos=request.kind is ReportKind.PHOTOS)
    twin = list(report_rows.redacted(rows))
    hashes = []
    for path, shown, evidence in ((full, rows, pictures), (redacted, twin, None)):
        head = _of_person(request, shown, is_redacted=evidence is None) if is_of_person else _of_event(request)
        content = attendance_document.render(_printed(facts, head, shown, evidence))
        path.write_bytes(content)
        hashes.append(sha256_of(content))
    return hashes[0], hashes[1]


def _printed(
    facts: ReportFacts, head: Letterhead, rows: Sequence[Mapping[str, Any]], pictures: EvidencePictures | None
) -> AttendanceFacts:
    is_of_person, is_redacted = facts.kind is ReportKind.INDIVIDUAL, pictures is None
    with_photos = facts.kind is ReportKind.PHOTOS and not is_redacted
    ordered = list(rows) if is_of_person else sorted(rows, key=_by_name)
    with_days = any(_moment(row, head).date() != head.day for row in rows)
    made = timezones.local(facts.generated_at, head.timezone)
    notes = [_REDACTED] if is_redacted else []
    if pictures is not None and pictures.missing:
        notes.append(f"Pictures that were erased when their time was over, or cannot be read: {pictures.missing}")
    return AttendanceFacts(
        letterhead=head.campus,
        title=_TITLES[facts.kind],
        subtitle=head.subtitle,
        lines=[
            *head.lines,
            f"Made on {made.day} {made:%B %Y, %H:%M} ({head.timezone})",
            f"Report {facts.report_id}",
        ],
        totals=_totals(facts.row_count, head.expected, facts.totals),
        columns=_columns_of_person()
        if is_of_person
        else _columns(is_signed=not is_redacted, with_photos=with_photos, with_days=with_days),
        rows=[
            _person_row(place, row, head)
            if is_of_person
            else _row(place, row, _time(row, head, with_day=with_days), pictures)
            for place, row in enumerate(ordered, start=1)
        ],
        row_height=_height(is_plain=is_of_person or is_redacted, with_photos=with_photos),
        check_url=report_registry.verification_url(facts.report_id),
        report_id=facts.report_id,
        made_at=facts.generated_at,
        bars_title="" if is_of_person else "Submissions by time",
        bars=() if is_of_person else bars_of([_submitted_at(row) for row in rows], head.timezone),
        signatories=()
        if is_of_person
        else (("Organizer", "" if is_redacted else head.organizer), ("Head of department", "")),
        notes=notes,
    )


def _totals(records: int, expected: int, totals: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Return the totals to print. Nobody is counted as absent whom staff did not mark so."""
    by_status, rejected = totals["by_status"], totals["by_verification"][VerificationStatus.REJECTED]
    shown = [word for word in AttendanceStatus if word is not AttendanceStatus.ABSENT or by_status[word]]
    of_roster = [("expected", expected)] if expected else []
    of_staff = [("of them rejected", rejected)] if rejected else []
    return [*of_roster, ("records", records), *((_NAME[word], by_status[word]) for word in shown), *of_staff]


def _status(row: Mapping[str, Any]) -> str:
    """Return the status as the student reads it: staff reject the evidence, and the status stays."""
    name = _NAME[AttendanceStatus(row["status"])]
    return f"{name}, rejected" if row["verification_status"] == VerificationStatus.REJECTED else name


def _by_name(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["student"]["full_name"].casefold(), row["student"]["id"]


def _height(*, is_plain: bool, with_photos: bool) -> float:
    if with_photos:
        return _PHOTO_HEIGHT
    return _PLAIN_HEIGHT if is_plain else _SIGNED_HEIGHT


def _columns_of_person() -> list[PrintedColumn]:
    widths: dict[str, float] = {"No.": 10, "Event": 74, "Date": 30, "Time": 18, "Status": 24, "Method": 24}
    return [PrintedColumn(heading, width) for heading, width in widths.items()]


def _columns(*, is_signed: bool, with_photos: bool, with_days: bool) -> list[PrintedColumn]:
    """Return the columns of an event's table; the widths sum to that of the page."""
    pictures = [*(_PHOTO_COLUMNS if with_photos else ()), *((_SIGNATURE,) if is_signed else ())]
    widths = {heading: _FIXED.get(heading, 0.0) for heading in _headings(with_photos=with_photos)}
    if with_days:
        widths["Time"] = _WITH_DAY
    left = 180 - sum(widths.values()) - sum(column.width for column in pictures)
    widths |= {heading: left * share for heading, share in _SHARES.items()}
    return [*(PrintedColumn(heading, width) for heading, width in widths.items()), *pictures]


def _headings(*, with_photos: bool) -> list[str]:
    """Return the columns of text of an event; photos take the place of some."""
    headings = ["No.", "Number", "Name", "Department", "Year", "Status", "Time", "Method"]
    return [heading for heading in headings if not with_photos or heading not in ("Year", "Method")]


def _time(row: Mapping[str, Any], head: Letterhead, *, with_day: bool) -> str:
    """Return when a person submitted, with the day where not all did so on the day on which the event begins."""
    there = _moment(row, head)
    return f"{there.day} {there:%b, %H:%M}" if with_day else f"{there:%H:%M}"


def _row(place: int, row: Mapping[str, Any], submitted: str, pictures: EvidencePictures | None) -> PrintedRow:
    student = row["student"]
    known = {
        "No.": str(place),
        "Number": student["student_id"] or "",
        "Name": student["full_name"],
        "Department": student["department"],
        "Year": student["year_level"] or "",
        "Status": _status(row),
        "Time": submitted,
        "Method": row["method"],
    }
    texts = [known[heading] for heading in _headings(with_photos=pictures is not None and pictures.with_photos)]
    if pictures is None:
        return PrintedRow(texts)
    drawn: list[bytes | None] = [pictures.signatures.get(row["id"])]
    if pictures.with_photos:
        drawn = [*(pictures.photos.get((row["id"], side)) for side in (PhotoSide.FRONT, PhotoSide.BACK)), *drawn]
    return PrintedRow(texts, drawn)


def _person_row(place: int, row: Mapping[str, Any], head: Letterhead) -> PrintedRow:
    there = _moment(row, head)
    day = f"{there.day} {there:%B %Y}"
    return PrintedRow((str(place), row["event"]["title"], day, f"{there:%H:%M}", _status(row), row["method"]))


def _moment(row: Mapping[str, Any], head: Letterhead) -> datetime:
    return timezones.local(_submitted_at(row), head.timezone)


def _submitted_at(row: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(row["submitted_at"])


def bars_of(moments: Sequence[datetime], timezone: str) -> list[tuple[str, int]]:
    """Return the label and the height of the bars of some times: equal steps from the first to the last.

    Bars of a day are days of the time zone. Shorter ones are steps of time, also over an hour that comes twice; where
    they are of several days, the first one of each has its day in a second line.
    """
    if not moments:
        return []
    first, last = min(moments), max(moments)
    span = (last - first) / timedelta(minutes=1)
    width = next((minutes for minutes in _BAR_MINUTES if span / minutes < _MOST_BARS - 1), _BAR_MINUTES[-1])
    day = timezones.local(first, timezone).date()
    if width == _BAR_MINUTES[-1]:
        numbers = Counter((timezones.local(moment, timezone).date() - day).days for moment in moments)
        return _bars(numbers, lambda place: f"{day + timedelta(days=place):%d.%m.}")
    begin, step = datetime.combine(day, time.min, timezones.zone(timezone)).astimezone(UTC), timedelta(minutes=width)
    numbers = Counter((moment - begin) // step for moment in moments)
    has_days, low = day != timezones.local(last, timezone).date(), min(numbers)

    def label(place: int) -> str:
        there, before = (timezones.local(begin + each * step, timezone) for each in (place, place - 1))
        is_first = has_days and (place == low or there.date() != before.date())
        return f"{there:%H:%M}\n{there:%d.%m.}" if is_first else f"{there:%H:%M}"

    return _bars(numbers, label)


def _bars(numbers: Mapping[int, int], label: Callable[[int], str]) -> list[tuple[str, int]]:
    """Return the bars from the first to the last, and what is left in one that is called `later`."""
    low, high = min(numbers), min(max(numbers), min(numbers) + _MOST_BARS - 1)
    bars = [(label(place), numbers.get(place, 0)) for place in range(low, high + 1)]
    later = sum(number for place, number in numbers.items() if place > high)
    return [*bars, (_LATER, later)] if later else bars


def _of_event(request: ReportRequest) -> Letterhead:
    event = campus_events.get(request.filters.event or "")
    organizer = operations.get(keys.campus_people.profile(event.organizer_id))
    name = f"{organizer.first_name} {organizer.last_name}".strip() if organizer else ""
    return Letterhead(
        _campus_name(event.campus_id),
        event.title,
        _event_lines(event),
        event.timezone,
        name,
        expectations.number(event) or 0,
        timezones.local(event.starts_at, event.timezone).date(),
    )


def _event_lines(event: CampusEvent) -> list[str]:
    begins, ends = (timezones.local(moment, event.timezone) for moment in (event.starts_at, event.ends_at))
    until = f"{ends:%H:%M}" if begins.date() == ends.date() else f"{ends.day} {ends:%B %Y, %H:%M}"
    return [event.location, f"{begins.day} {begins:%B %Y, %H:%M} to {until} ({event.timezone})"]


def _of_person(request: ReportRequest, rows: Sequence[Mapping[str, Any]], *, is_redacted: bool) -> Letterhead:
    profile = operations.get(keys.campus_people.profile(request.filters.student or ""))
    campus = operations.get(keys.campus_people.campus(profile.campus_id)) if profile else None
    timezone = campus.timezone if campus else "UTC"
    name = campus.name if campus else ""
    if profile is None or is_redacted:
        return Letterhead(name, rows[0]["student"]["full_name"] if rows else report_rows.MASK, [], timezone)
    about = [profile.student_id or "", profile.department, (profile.year_level and f"Year {profile.year_level}") or ""]
    subtitle = f"{profile.first_name} {profile.last_name}".strip()
    return Letterhead(name, subtitle, [", ".join(part for part in about if part)], timezone)


def _campus_name(campus_id: str) -> str:
    campus = operations.get(keys.campus_people.campus(campus_id))
    return campus.name if campus else ""
