"""What an export reads: the rows of a source, piece by piece."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from chalicelib.domain.documents.spreadsheets import Cell


class ExportRows(Struct, frozen=True):
    """Some rows of a source; `position` is where it goes on, None at the end."""

    rows: Sequence[Sequence[Cell]]
    position: str | None


# Takes a query, the position to go on from (None at the beginning), and about how many rows to read.
ReadRows = Callable[[Mapping[str, Any], str | None, int], ExportRows]


class ExportSource(Struct, frozen=True):
    """A log or a list that can be exported; `columns` are the cells of its rows, named like the fields of the wire.

    `stored` returns a search as a job stores it.
    """

    name: str
    columns: tuple[str, ...]
    stored: Callable[..., Mapping[str, Any]]
    read: ReadRows
