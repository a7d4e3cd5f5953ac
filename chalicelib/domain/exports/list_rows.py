"""The rows of a declared list: any of them can be exported."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from chalicelib import clock
from chalicelib.domain.documents.spreadsheets import Cell
from chalicelib.domain.exports.rows import ExportRows, ExportSource
from chalicelib.domain.lists import pages
from chalicelib.domain.lists.declaration import AnyList, ItemT, ListOf
from chalicelib.domain.lists.pages import Asked, Bound
from chalicelib.domain.money import Money
from chalicelib.domain.paging import MAX_SIZE

# Whose cursors they are: an export's own.
_CALLER = "export"
_BETWEEN = "; "
# Shows items as the cells of their rows.
ShowRows = Callable[[Sequence[ItemT]], Sequence[Sequence[Cell]]]


def source_of(
    listed: ListOf[ItemT], columns: tuple[str, ...] = (), show: ShowRows[ItemT] | None = None
) -> ExportSource:
    """Return the source of a list. Without columns a row has what the declaration names of an item."""

    def stored(asked: Asked) -> dict[str, Any]:
        ranges = {name: [_stored(end) for end in ends] for name, ends in asked.ranges.items()}
        filters = {name: listed.filters[name].text(value) for name, value in asked.filters.items()}
        return {"search": asked.search, "ordering": asked.ordering, "filters": filters, "ranges": ranges}

    def read(query: Mapping[str, Any], position: str | None, limit: int) -> ExportRows:
        ranges = {
            name: [_bound(listed.orderings[name].a, end) for end in ends] for name, ends in query["ranges"].items()
        }
        page = pages.page(
            listed,
            Asked(
                caller_id=_CALLER,
                page_size=min(limit, MAX_SIZE),
                cursor=position,
                search=query["search"],
                ordering=query["ordering"],
                filters=query["filters"],
                ranges={name: (low, high) for name, (low, high) in ranges.items()},
            ),
        )
        rows = show(page.results) if show is not None else [plain(listed, item) for item in page.results]
        return ExportRows(rows, page.next)

    return ExportSource(name_of(listed), columns or _columns(listed), stored, read)


def name_of(listed: AnyList) -> str:
    """Return the name of the source of a list."""
    return f"list-{listed.name}"


def _columns(listed: ListOf[Any]) -> tuple[str, ...]:
    orderings = [each.shown_as or name for name, each in listed.orderings.items()]
    money = (*listed.amounts, "currency") if listed.amounts else ()
    return ("id", *dict.fromkeys([*orderings, *listed.filters, *listed.columns, *money]))


def plain(listed: ListOf[ItemT], item: ItemT, **more: Cell) -> list[Cell]:
    """Return the row of an item; `more` are cells, by their columns, of which it does not know itself."""
    cells: dict[str, Cell] = {"id": listed.id_of(item)}
    cells |= {name: _cell(each.of(item)) for name, each in listed.filters.items()}
    cells |= {each.shown_as or name: _cell(each.of(item)) for name, each in listed.orderings.items()}
    cells |= {name: _cell(getattr(item, name)) for name in listed.columns}
    if listed.amounts:
        currency = item.currency  # type: ignore[attr-defined]  # an item with amounts has one
        cells |= {name: _amount(getattr(item, name), currency) for name in listed.amounts} | {"currency": currency}
    cells |= more
    return [cells[name] for name in _columns(listed)]


def _amount(minor: int | None, currency: str) -> str | None:
    return None if minor is None else Money(minor, currency).amount


def _cell(value: Any) -> Cell:
    """Return a value as JSON would spell it; several of them as one text."""
    match value:
        case None | int() | str() | datetime() | date() | Decimal():
            return _stored(value)
        case _:
            return _BETWEEN.join(str(_stored(each)) for each in value if each is not None)


def _stored(value: Any) -> str | None:
    match value:
        case None:
            return None
        case bool():
            return str(value).lower()
        case datetime():
            return clock.to_text(value)
        case _:
            return str(value)


def _bound(kind: type[Any], text: str | None) -> Bound | None:
    if text is None:
        return None
    bound: Bound = (
        kind.fromisoformat(text) if issubclass(kind, date) else (Decimal(text) if kind is Decimal else int(text))
    )
    return bound
