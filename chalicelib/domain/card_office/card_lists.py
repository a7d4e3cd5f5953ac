"""Lists of cards that staff send: UIDs in JSON, or a CSV as spreadsheets and scanners write it.

Every row is read by itself: a bad one is reported by its line and leaves the others alone. Only what makes the whole
list unreadable, such as its encoding, is refused.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from chalicelib.domain.cards import cards
from chalicelib.errors import ValidationFailed
from chalicelib.identifiers import uid_of_card_id

MOST = 10_000
# Of what a bad row said, in characters.
_SHOWN = 40
# A line that is longer holds no UID.
_LONGEST_CELL = 1000
_COLUMNS = ("uid", "card_uid", "card", "card_id")
_DELIMITERS = ",;\t|"
# How the byte order marks of UTF-16 and UTF-32 begin, as bytes and as a client that guessed wrong shows them.
_OTHER_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_MISREAD = ("\u00ff\u00fe", "\u00fe\u00ff", "\ufffe", "\ufffd")


@dataclass(frozen=True, slots=True)
class CardRow:
    """One card of a list, by its line in the file or its place in the list, both from 1."""

    line: int
    uid: str


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that is not carried out, and why; `said` is what stood there, shortened."""

    line: int
    said: str
    message: str


@dataclass(frozen=True, slots=True)
class CardList:
    """A list as read: what can be tried, and what cannot."""

    rows: Sequence[CardRow]
    bad: Sequence[BadRow]


def read(listed: Sequence[str] | None, text: str | bytes | None) -> CardList:
    """Return the rows of a list in JSON or of a CSV. Raises ValidationFailed, such as for the encoding."""
    if (listed is None) == (text is None):
        raise _wrong("cards", "name the cards either in cards or in csv")
    field = "cards" if text is None else "csv"
    said = list(enumerate(listed or (), start=1)) if text is None else list(_cells(_decoded(text)))
    if not said:
        raise _wrong(field, "must name at least one card")
    if len(said) > MOST:
        raise _wrong(field, f"must name at most {MOST:,} cards; this names {len(said):,}")
    return _sorted(said)


def shown(text: str) -> str:
    """Return what a row said, shortened."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _sorted(said: Iterable[tuple[int, str]]) -> CardList:
    rows, bad, first_lines = [], [], dict[str, int]()
    for line, text in said:
        uid = uid_of_card_id(text.strip()) or cards.lasting_uid(text.strip())
        if uid is None:
            bad.append(BadRow(line, shown(text), cards.NOT_A_UID))
        elif uid in first_lines:
            bad.append(BadRow(line, uid, f"is the same card as in line {first_lines[uid]}"))
        else:
            first_lines[uid] = line
            rows.append(CardRow(line, uid))
    return CardList(rows, bad)


def _decoded(text: str | bytes) -> str:
    """Return a CSV as text without its byte order mark. Raises ValidationFailed."""
    if isinstance(text, bytes):
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


def _cells(text: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the UID's cell of each row that is not empty, without the header if there is one."""
    first_line = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first_line.count)
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
        if not any(cell.strip() for cell in row):
            continue
        if is_first:
            is_first = False
            header = [cell.strip().casefold().replace(" ", "_") for cell in row]
            named = next((name for name in _COLUMNS if name in header), None)
            if named is not None:
                column = header.index(named)
                continue
        yield line, (row[column] if column < len(row) else "")[:_LONGEST_CELL]


def _wrong(field: str, message: str) -> ValidationFailed:
    return ValidationFailed(details=[{"field": field, "message": message}])
