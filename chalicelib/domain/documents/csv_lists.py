"""One column of a CSV as spreadsheets and scanners write it: any usual delimiter, with or without a header."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Sequence

from chalicelib.errors import ValidationFailed

# A line that is longer holds no name of anything.
_LONGEST_CELL = 1000
_DELIMITERS = ",;\t|"
# How the byte order marks of UTF-16 and UTF-32 begin, as bytes and as a client that guessed wrong shows them.
_OTHER_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_MISREAD = ("\u00ff\u00fe", "\u00fe\u00ff", "\ufffe", "\ufffd")
# How a workbook (XLSX, ODS) and a workbook of before 2007 begin.
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
# How spreadsheets write text that would become a number or a formula: ="007", and '=1 in exports of this platform.
_KEPT_AS_TEXT = re.compile(r'="(.*)"|\'([=+@-].*)', re.DOTALL)
# The first line by which a file tells Excel its delimiter.
_SAYS_DELIMITER = re.compile(r"(?i)\s*sep=([,;\t|])\s*")


def decoded(text: str | bytes) -> str:
    """Return a CSV as text without its byte order mark. Raises ValidationFailed."""
    if isinstance(text, bytes):
        if text.startswith(_WORKBOOKS):
            raise _wrong("csv", "must be a CSV; this file is a workbook. Save it as CSV UTF-8")
        if text.startswith(_OTHER_MARKS) or b"\x00" in text:
            raise _wrong("csv", "must be UTF-8; this file is UTF-16. Save it as CSV UTF-8")
        try:
            return text.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise _wrong("csv", f"must be UTF-8; byte {error.start + 1} is not. Save it as CSV UTF-8") from error
    plain = text.removeprefix("\ufeff")
    if "\x00" in plain or plain.startswith(_MISREAD):
        raise _wrong("csv", "must be UTF-8; this file is UTF-16. Save it as CSV UTF-8")
    return plain


def cells(text: str, columns: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield the line and one cell of each row that is not empty, without the header if there is one.

    The cell is of the first of these columns that the header has, else of the first column.
    """
    first_line = text.partition("\n")[0]
    said = _SAYS_DELIMITER.fullmatch(first_line)
    delimiter = said[1] if said else max(_DELIMITERS, key=first_line.count)
    # The reader counts lines as they are in the file, also within quotes.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    column, is_first = 0, True
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, f"{error}"
            continue
        row = [_plain(cell) for cell in row]
        if not any(row) or (said and line == 1):
            continue
        if is_first:
            is_first = False
            header = [cell.casefold().replace(" ", "_") for cell in row]
            named = next((name for name in columns if name in header), None)
            if named is not None:
                column = header.index(named)
                continue
        yield line, (row[column] if column < len(row) else "")[:_LONGEST_CELL]


def _plain(cell: str) -> str:
    """Return what a cell shows: without what nobody sees, and without what keeps it a text in a spreadsheet."""
    seen = "".join(letter for letter in cell if unicodedata.category(letter) != "Cf").strip()
    kept = _KEPT_AS_TEXT.fullmatch(seen)
    return (kept[1] or kept[2] or "").strip() if kept else seen


def _wrong(field: str, message: str) -> ValidationFailed:
    return ValidationFailed(details=[{"field": field, "message": message}])
