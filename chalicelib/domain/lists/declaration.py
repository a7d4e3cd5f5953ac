"""What a list declares: its things, how they are filtered and sorted, and by which words they are found."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Generic, TypeVar

from msgspec import Struct, field

from chalicelib import clock, folding
from chalicelib.domain.background.changes import Wanted
from chalicelib.table.items import Item

ItemT = TypeVar("ItemT", bound=Item)
# What a filter compares: one value, several of which one suffices, or none.
Value = str | bool
# What an ordering sorts by. An amount is a Decimal in whole units of its currency.
Sortable = datetime | date | int | Decimal | str | None

# A text is searched up to here, in characters.
_LONGEST_TEXT = 200
# The most values of one filter that an item is found by.
_MOST_VALUES = 100
# Text order is the order of numbers from here up.
_LOWEST, _DIGITS = 10**17, 18
_DECIMALS = 10**4


class Filter(Struct, Generic[ItemT], frozen=True):
    """A filter, named like its query parameter: `of` returns the value or values of an item.

    `a` is an enumeration, bool, or str. `folded` compares texts as a search does, such as names of cities. `live`
    filters are checked on items only, so that a change of their value writes no entry. `named` ones are of an id and
    also take a name, which the caller of the page resolves.
    """

    of: Callable[[ItemT], Value | Iterable[Value | None] | None]
    a: type[StrEnum] | type[bool] | type[str] = str
    folded: bool = False
    live: bool = False
    named: bool = False

    def values(self, item: ItemT) -> list[str]:
        """Return the values of an item as entries have them."""
        found = self.of(item)
        several = [found] if found is None or isinstance(found, str | bool) else found
        return [self.text(value) for value in several if value is not None][:_MOST_VALUES]

    def text(self, value: Value) -> str:
        """Return a value as entries have it."""
        if isinstance(value, bool):
            return "true" if value else "false"
        return folding.typed(value) if self.folded else str(value)


class Ordering(Struct, Generic[ItemT], frozen=True):
    """An ordering, named like its field; `a` is the type of its values. All but texts take `<name>_from` and `_to`.

    `shown_as` is the name of the field in answers where entries keep another one; a query takes both.
    """

    of: Callable[[ItemT], Sortable]
    a: type[datetime] | type[date] | type[int] | type[Decimal] | type[str] = datetime
    shown_as: str | None = None

    def text(self, value: Sortable) -> str:
        """Return the text of a value that sorts as the value does; no value sorts first."""
        match value:
            case None:
                return ""
            case datetime():
                return clock.to_text(value)
            case date():
                return value.isoformat()
            case Decimal():
                return self.text(int(value * _DECIMALS))
            case int():
                return f"{max(value + _LOWEST, 0):0{_DIGITS}d}"
            case str():
                return folding.typed(value)

    @property
    def has_range(self) -> bool:
        """Whether it takes a range."""
        return self.a is not str


class ListOf(Struct, Generic[ItemT], frozen=True):
    """A list. `id_name` is the attribute with the id of an item; `only` leaves other items of the class out.

    `texts` are what a search looks at, and `reads_search` returns a search as they spell it. `indexes` are sets of
    filters with entries of their own, apart from the whole list. `shards`, at most 3, spread a list that has more than
    a few hundred new things a second; `whole_shards`, at most 4, are those of the whole list, where it takes more than
    every index. A page costs a request for each. `usual` orders a page without a wish: by the first, the latest first.
    `wanted` are the changes to follow, if not all of the class. A list that `searches_filters` has no entries of words:
    a search looks through its entries for the values of their filters.

    An export has the id, the orderings and the filters of an item, and its `columns` and `amounts`, which are names of
    attributes. A list that `has_people` is exported by administrators alone; one without says so.
    """

    name: str
    item: type[ItemT]
    id_name: str
    texts: Callable[[ItemT], Iterable[str | None]]
    orderings: Mapping[str, Ordering[ItemT]]
    filters: Mapping[str, Filter[ItemT]] = field(default_factory=dict)
    indexes: tuple[tuple[str, ...], ...] = ()
    only: Callable[[ItemT], bool] | None = None
    shards: int = 1
    whole_shards: int = 0
    usual: str = ""
    wanted: tuple[Wanted, ...] = ()
    reads_search: Callable[[str], str] = str
    searches_filters: bool = False
    columns: tuple[str, ...] = ()
    amounts: tuple[str, ...] = ()
    has_people: bool = True

    def __post_init__(self) -> None:
        """Check the declaration. Raises ValueError."""
        for index in self.indexes:
            if any(self.filters[name].live for name in index):
                raise ValueError(f"{self.name}: an index of a live filter would be written at each change")
        if unknown := [name for name in (*self.columns, *self.amounts) if not hasattr(self.item, name)]:
            raise ValueError(f"{self.name}: the item has no {', '.join(unknown)}")

    def shards_of(self, index: tuple[str, ...]) -> int:
        """Return the number of shards of the entries of an index; without a name of the whole list."""
        return (self.whole_shards or self.shards) if not index else self.shards

    @property
    def follows(self) -> tuple[Wanted, ...]:
        """The changes that its entries follow."""
        return self.wanted or (Wanted(self.item),)

    @property
    def usual_ordering(self) -> str:
        """The ordering of a page that asks for none."""
        first = next(iter(self.orderings))
        return self.usual or (f"-{first}" if issubclass(self.orderings[first].a, date) else first)

    @property
    def orderings_allowed(self) -> list[str]:
        """Every `ordering` that it takes."""
        return [f"{sign}{name}" for name in self.orderings for sign in ("", "-")]

    @property
    def orderings_shown(self) -> dict[str, str]:
        """Every `ordering` under the name that its field has in answers, with the one that entries keep."""
        shown = {each.shown_as: name for name, each in self.orderings.items() if each.shown_as is not None}
        return {f"{sign}{field}": f"{sign}{name}" for field, name in shown.items() for sign in ("", "-")}

    def id_of(self, item: ItemT) -> str:
        """Return the id of an item."""
        return str(getattr(item, self.id_name))

    def lists(self, item: Item) -> bool:
        """Whether an item belongs to the list."""
        return isinstance(item, self.item) and (self.only is None or self.only(item))

    def texts_of(self, item: ItemT) -> list[str]:
        """Return the folded texts that a search looks at, their words apart."""
        texts = self.values_of(self.facts_of(item)) if self.searches_filters else self.texts(item)
        return [" ".join(folding.words(text[:_LONGEST_TEXT])) for text in texts if text]

    def values_of(self, facts: Mapping[str, Any]) -> list[str]:
        """Return the values of all filters that the facts of an item have."""
        return [value for values in facts["filters"].values() for value in values]

    def facts_of(self, item: ItemT) -> dict[str, Any]:
        """Return the declared values of an item, without those of live filters."""
        return {
            "filters": {name: each.values(item) for name, each in self.filters.items() if not each.live},
            "orderings": {name: each.text(each.of(item)) for name, each in self.orderings.items()},
        }


AnyList = ListOf[Any]
