"""Lists of cards that staff send: UIDs in JSON, or a CSV as spreadsheets and scanners write it.

Every row is read by itself: a bad one is reported by its line and leaves the others alone. Only what makes the whole
list unreadable, such as its encoding, is refused.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from chalicelib import scanned_text
from chalicelib.domain.cards import cards
from chalicelib.domain.documents import csv_lists
from chalicelib.errors import ValidationFailed
from chalicelib.identifiers import uid_of_card_id

MOST = 10_000
# Of what a bad row said, in characters.
_SHOWN = 40
_COLUMNS = ("uid", "card_uid", "card", "card_id")


class CardRow(Struct, frozen=True):
    """One card of a list, by its line in the file or its place in the list, both from 1."""

    line: int
    uid: str


class BadRow(Struct, frozen=True):
    """A row that is not carried out, and why; `said` is what stood there, shortened."""

    line: int
    said: str
    message: str


class CardList(Struct, frozen=True):
    """A list as read: what can be tried, and what cannot."""

    rows: Sequence[CardRow]
    bad: Sequence[BadRow]


def read(listed: Sequence[str] | None, text: str | bytes | None) -> CardList:
    """Return the rows of a list in JSON or of a CSV. Raises ValidationFailed, such as for the encoding."""
    if (listed is None) == (text is None):
        raise _wrong("cards", "name the cards either in cards or in csv")
    field = "cards" if text is None else "csv"
    said = (
        list(enumerate(listed or (), start=1))
        if text is None
        else list(csv_lists.cells(csv_lists.decoded(text), _COLUMNS))
    )
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
        name = scanned_text.card_name(text)
        uid = uid_of_card_id(name) or cards.lasting_uid(name)
        if uid is None:
            bad.append(BadRow(line, shown(text), cards.NOT_A_UID))
        elif uid in first_lines:
            bad.append(BadRow(line, uid, f"is the same card as in line {first_lines[uid]}"))
        else:
            first_lines[uid] = line
            rows.append(CardRow(line, uid))
    return CardList(rows, bad)


def _wrong(field: str, message: str) -> ValidationFailed:
    return ValidationFailed(details=[{"field": field, "message": message}])
