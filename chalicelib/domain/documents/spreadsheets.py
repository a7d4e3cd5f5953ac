"""Files for spreadsheets, written row by row: memory does not grow with the file.

No cell is ever computed: CSV cells that look like formulas begin with an apostrophe, XLSX cells are inline strings.
"""

import csv
import re
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Protocol
from xml.sax.saxutils import escape  # nosec B406  # writes XML, parses none

from chalicelib.legible import spreadsheet_cell
from chalicelib.vocabulary.work import ExportFormat

Cell = str | int | None

CONTENT_TYPES = {
    ExportFormat.CSV: "text/csv",
    ExportFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
# Microsoft: "Excel specifications and limits"; one is the header.
MOST_ROWS = {ExportFormat.CSV: None, ExportFormat.XLSX: 1_048_576 - 1}
_LONGEST_CELL = 32_767
# What XML 1.0 cannot carry.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"
# The parts of a workbook with one sheet (ECMA-376, part 1).
_PARTS = {
    "[Content_Types].xml": (
        f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_SHEET}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_SHEET}.worksheet+xml"/></Types>'
    ),
    "_rels/.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/workbook.xml": (
        f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
        '<sheets><sheet name="Export" sheetId="1" r:id="rId1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
    ),
}


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
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
            for name, content in _PARTS.items():
                package.writestr(name, _XML + content)
            with (
                package.open("xl/worksheets/sheet1.xml", "w") as part,
                TextIOWrapper(part, encoding="utf-8", newline="\n") as sheet,
            ):
                yield from _sheet(sheet)


def _sheet(sheet: IO[str]) -> Iterator[RowWriter]:
    sheet.write(f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData>')
    yield _Xlsx(sheet)
    sheet.write("</sheetData></worksheet>")


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
    """Rows of a sheet, each cell a string of its own."""

    def __init__(self, sheet: IO[str]) -> None:
        self._sheet = sheet

    def write(self, cells: Sequence[Cell]) -> None:
        """Write one row."""
        self._sheet.write("<row>" + "".join(map(_inline, cells)) + "</row>")


def _plain(cell: Cell) -> str:
    if cell is None:
        return ""
    return str(cell) if isinstance(cell, int) else spreadsheet_cell(cell)


def _inline(cell: Cell) -> str:
    if cell is None or cell == "":
        return "<c/>"
    if isinstance(cell, int):
        return f"<c><v>{cell}</v></c>"
    text = escape(_NOT_XML.sub("\ufffd", cell[:_LONGEST_CELL]))
    return f'<c t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
