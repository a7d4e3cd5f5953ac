"""Builds both versions of a report as files of this machine, stores the redacted one, and registers both.

A file is in the bucket before its hash is registered. Of two builders of one report the first to register wins, and
its files are found by the registered hashes.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from msgspec import Struct

from chalicelib.clients import files
from chalicelib.domain.campus.events import campus_events
from chalicelib.domain.campus.reports import official_reports, report_files, report_registry, report_rows, report_totals
from chalicelib.domain.campus.reports.report_registry import ReportFacts, ReportHashes
from chalicelib.domain.campus.reports.report_requests import ReportRequest
from chalicelib.table.items import CampusReport
from chalicelib.vocabulary.campus import ReportFormat

# Of redacted versions. They have no personal data, so the bucket keeps them.
_FOLDER = "campus-reports/"
# Yields the rows of a report; it may be called more than once.
Rows = Callable[[], Iterable[Mapping[str, Any]]]


class BuiltReport(Struct, frozen=True):
    """A registered report, and its two versions as files of this machine."""

    report: CampusReport
    full: Path
    redacted: Path


def build(
    folder: Path,
    request: ReportRequest,
    rows: Rows,
    *,
    report_id: str,
    generated_at: datetime,
    kept_under: str | None = None,
) -> BuiltReport:
    """Build, store and register a report; both files are also stored under a prefix, where one is given.

    Raises Unavailable.
    """
    totals = report_totals.of(rows())
    event = campus_events.find(request.filters.event) if request.filters.event else None
    facts = ReportFacts(
        report_id=report_id,
        kind=request.kind,
        format=request.format,
        generated_at=generated_at,
        generated_by=request.starter_id,
        row_count=totals["records"],
        filters=request.filters.shown(),
        totals=totals,
        event_id=event.event_id if event else None,
        event_title=event.title if event else None,
    )
    full, twin = folder / "full", folder / "redacted"
    if request.format is ReportFormat.PDF:
        hashes = official_reports.write(full, twin, facts, request, list(rows()))
    else:
        hashes = _written(full, facts, rows()), _written(twin, facts, _redacted(rows), is_redacted=True)
    key = file_key(_FOLDER, report_id, hashes[1], request.format)
    files.write_from(key, twin, content_type=report_files.CONTENT_TYPES[request.format])
    for path, sha256 in zip((full, twin), hashes, strict=True) if kept_under else ():
        name = file_key(kept_under or "", report_id, sha256, request.format)
        files.write_from(name, path, content_type=report_files.CONTENT_TYPES[request.format])
    return BuiltReport(report_registry.register(facts, ReportHashes(*hashes, redacted_key=key)), full, twin)


def _redacted(rows: Rows) -> Iterator[Mapping[str, Any]]:
    yield from report_rows.redacted(rows())


def _written(path: Path, facts: ReportFacts, rows: Iterable[Mapping[str, Any]], *, is_redacted: bool = False) -> str:
    signed: dict[str, Any] = {
        "report_id": facts.report_id,
        "generated_at": facts.generated_at,
        "filters": shown_filters(facts.filters, is_redacted=is_redacted),
        "totals": facts.totals,
    }
    return report_files.write(path, facts.format, signed, rows)


def shown_filters(filters: Mapping[str, str], *, is_redacted: bool) -> dict[str, str]:
    """Return the filters of a version: the redacted one does not name a person."""
    return {name: report_rows.MASK if is_redacted and name == "student" else one for name, one in filters.items()}


def file_key(prefix: str, report_id: str, sha256: str, wanted: ReportFormat) -> str:
    """Return the key of a version in the bucket; it follows from the content."""
    return f"{prefix}{report_id}-{sha256[:16]}.{wanted}"
