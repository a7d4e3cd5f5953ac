"""The files of reports: rows as canonical JSON, CSV or XLSX, written row by row."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from chalicelib.domain.campus.reports.canonical_json import canonical
from chalicelib.domain.documents import spreadsheets
from chalicelib.domain.documents.spreadsheets import Cell
from chalicelib.vocabulary.campus import ReportFormat
from chalicelib.vocabulary.work import ExportFormat

CONTENT_TYPES = {
    ReportFormat.JSON: "application/json",
    ReportFormat.CSV: "text/csv; charset=utf-8",
    ReportFormat.XLSX: spreadsheets.CONTENT_TYPES[ExportFormat.XLSX],
    ReportFormat.PDF: "application/pdf",
}
COLUMNS = (
    "event_id",
    "event",
    "student_id",
    "full_name",
    "department",
    "year_level",
    "status",
    "verification_status",
    "method",
    "submitted_at",
    "location_verified",
    "distance_m",
    "flags",
    "verified_by",
    "verified_at",
    "note",
    "appeal",
    "corrected",
    "id",
)


def write(path: Path, wanted: ReportFormat, signed: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> str:
    """Write a file of this machine and return its SHA-256; `signed` is the document without its rows.

    Canonical JSON has its names in order, so the rows are written one by one at their place.
    """
    if wanted is ReportFormat.JSON:
        with path.open("wb") as file:
            file.writelines(_json(signed, rows))
    else:
        with spreadsheets.opened(path, ExportFormat(wanted.value)) as sheet:
            sheet.write(COLUMNS)
            for row in rows:
                sheet.write(cells_of(row))
    return sha256_of_file(path)


def sha256_of_file(path: Path) -> str:
    """Return the SHA-256 of a file of this machine, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _json(signed: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    names = sorted((*signed, "rows"))
    for place, name in enumerate(names):
        yield (b"," if place else b"{") + canonical(name) + b":"
        if name != "rows":
            yield canonical(signed[name])
            continue
        yield b"["
        for number, row in enumerate(rows):
            yield (b"," if number else b"") + canonical(row)
        yield b"]"
    yield b"}"


def cells_of(row: Mapping[str, Any]) -> list[Cell]:
    """Return the cells of a row, in the order of COLUMNS."""
    event, student, appeal = row["event"], row["student"], row["appeal"]
    return [
        event["id"],
        event["title"],
        student["student_id"],
        student["full_name"],
        student["department"],
        student["year_level"],
        row["status"],
        row["verification_status"],
        row["method"],
        row["submitted_at"],
        _yes_or_no(row, "location_verified"),
        None if row["distance_m"] is None else f"{row['distance_m']:.1f}",
        "; ".join(flag["flag"] for flag in row["flags"]),
        row["verified_by"],
        row["verified_at"],
        row["note"],
        appeal["status"] if appeal else None,
        _yes_or_no(row, "corrected"),
        row["id"],
    ]


def _yes_or_no(row: Mapping[str, Any], name: str) -> str | None:
    return None if row[name] is None else str(row[name]).lower()
