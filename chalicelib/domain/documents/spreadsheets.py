"""Files for spreadsheets, written row by row: memory does not grow with the file.

No cell is ever computed: CSV cells that look like formulas begin with an apostrophe, XLSX cells are strings.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Protocol

from chalicelib.legible import spreadsheet_cell
from chalicelib.vocabulary.work import ExportFormat

Cell = str | int | None

CONTENT_TYPES = {
    ExportFormat.CSV: "text/csv",
    ExportFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
# A workbook of more rows would not be written within a call of the jobs' function (D-LIST-08).
MOST_ROWS = {ExportFormat.CSV: None, ExportFormat.XLSX: 200_000}
# Microsoft: "Excel specifications and limits".
_LONGEST_CELL = 32_767
# What XML 1.0 cannot carry. It takes 5 ms to compile, so that this is left to the first workbook.
_NOT_XML = "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
# The same rows give the same bytes.
_CREATED = datetime(2026, 1, 1, tzinfo=UTC)


class RowWriter(Protocol):
    """Writes rows of cells."""

    def write(self, cells: Sequence[Cell]) -> None:
        """Write one row."""


@contextmanager
def opened(path: Path, wanted: ExportFormat) -> Iterator[RowWriter]:
    """Open a file of this machine for rows; it is complete at the end of the block."""
    if wanted == ExportFormat.CSV:
        # Excel detects UTF-8 only by the byte order mark.
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            yield _Csv(file)
    else:
        with _workbook(path) as sheet:
            yield _Xlsx(sheet)


@contextmanager
def _workbook(path: Path) -> Iterator[Any]:
    import xlsxwriter  # no other route needs it

    # Rows go to a file as they come. It is beside the workbook, so that it goes with it.
    with xlsxwriter.Workbook(str(path), {"constant_memory": True, "tmpdir": str(path.parent)}) as workbook:
        workbook.set_properties({"created": _CREATED})
        yield workbook.add_worksheet("Export")


def csv_writer(file: IO[str]) -> RowWriter:
    """Return the writer of CSV to an open file."""
    return _Csv(file)


class _Csv:
    """Rows of CSV (RFC 4180)."""

    def __init__(self, file: IO[str]) -> None:
        self._rows = csv.writer(file)

    def write(self, cells: Sequence[Cell]) -> None:
        """Write one row."""
        self._rows.writerow([_plain(cell) for cell in cells])


class _Xlsx:
    """Rows of a sheet, each cell a string of its own or a number; an empty cell is left out."""

    def __init__(self, sheet: Any) -> None:
        self._sheet = sheet
        self._row = 0

    def write(self, cells: Sequence[Cell]) -> None:
        """Write one row."""
        for column, cell in enumerate(cells):
            if isinstance(cell, int):
                self._sheet.write_number(self._row, column, cell)
            elif cell:
                self._sheet.write_string(self._row, column, re.sub(_NOT_XML, "\ufffd", cell[:_LONGEST_CELL]))
        self._row += 1


def _plain(cell: Cell) -> str:
    if cell is None:
        return ""
    return str(cell) if isinstance(cell, int) else spreadsheet_cell(cell)
