"""Workbooks hold what they are given, compute nothing, and need no more memory for more rows."""

import csv
import io
import itertools
import subprocess
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from chalicelib.domain.documents import spreadsheets
from chalicelib.domain.documents.spreadsheets import Cell
from chalicelib.vocabulary.work import ExportFormat
from tests.support.sizes import size_of

ROWS = size_of("WORKBOOK_ROWS", small=4_000, full=100_000)
_MOST_MB = 300
_SPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_WRITE = """
import sys
from pathlib import Path
from chalicelib.domain.documents import spreadsheets
from chalicelib.vocabulary.work import ExportFormat
with spreadsheets.opened(Path(sys.argv[1]), ExportFormat.XLSX) as sheet:
    for number in range(int(sys.argv[2])):
        sheet.write([f"text {number} {column}" for column in range(17)])
# Not ru_maxrss: it counts what the test's own process had before this program was loaded.
print(next(line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")))
"""


def cells_of(path: Path, rows: list[list[Cell]]) -> dict[str, tuple[str, str | None]]:
    """Write rows as a workbook, and return its cells by name: the text and the type."""
    with spreadsheets.opened(path, ExportFormat.XLSX) as sheet:
        for row in rows:
            sheet.write(row)
    with zipfile.ZipFile(path) as package:
        found = ElementTree.fromstring(package.read("xl/worksheets/sheet1.xml"))  # noqa: S314  # our own file
    assert list(found.iter(f"{_SPACE}f")) == []
    return {str(cell.get("r")): ("".join(cell.itertext()), cell.get("t")) for cell in found.iter(f"{_SPACE}c")}


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "{=1+1}",
        "+1",
        "@SUM(A1)",
        "http://example.org",
        "mailto:a@b.c",
        "internal:A1",
        "12.5",
        " padded ",
        "a\nb",
    ],
)
def test_a_text_stays_the_text_that_it_is(tmp_path: Path, text: str) -> None:
    assert cells_of(tmp_path / "one.xlsx", [[text]]) == {"A1": (text, "inlineStr")}


def test_numbers_are_numbers_empty_cells_are_left_out_and_no_character_breaks_the_file(tmp_path: Path) -> None:
    found = cells_of(tmp_path / "two.xlsx", [["id", None, 7], ["", "a\x00\x1b\ud800\uffffb", "x" * 40_000]])
    assert found == {
        "A1": ("id", "inlineStr"),
        "C1": ("7", None),
        "B2": ("a\ufffd\ufffd\ufffd\ufffdb", "inlineStr"),
        "C2": ("x" * 32_767, "inlineStr"),
    }


def test_the_same_rows_give_the_same_bytes_and_nothing_else_is_left(tmp_path: Path) -> None:
    for name in ("one.xlsx", "two.xlsx"):
        cells_of(tmp_path / name, [["a", 1]])
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "two.xlsx").read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"one.xlsx", "two.xlsx"}


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    peaks = []
    for rows in (ROWS // 10, ROWS):
        command = [sys.executable, "-c", _WRITE, str(tmp_path / "many.xlsx"), str(rows)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        peaks.append(int(done.stdout) / 1024)
    assert peaks[1] < peaks[0] + 30
    assert peaks[1] < _MOST_MB


_FORMULAS = "=+-@\uff1d\uff0b\uff0d\uff20"


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_no_cell_of_a_list_is_a_formula_however_a_spreadsheet_parts_it(separator: str) -> None:
    file = io.StringIO()
    rows = spreadsheets.csv_writer(file)
    for between, formula in itertools.product(["", ";", "; ", "\t", "\n", "\r\n", 'a";', ";;", "x\n;"], _FORMULAS):
        rows.write(["plain", f"Rent{between}{formula}1+1", 7, f"{between}{formula}cmd|' /C calc'!A0"])
    cells = [cell for row in csv.reader(io.StringIO(file.getvalue()), delimiter=separator) for cell in row]
    assert len(cells) > len(_FORMULAS)
    assert not [cell for cell in cells if cell.lstrip(" ").startswith(tuple(_FORMULAS))]
    assert "Rent=1+1" in file.getvalue()
