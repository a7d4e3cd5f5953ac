"""Walking a list by its cursors: every row that belongs comes once, and no request reads more than its budget."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import paging
from chalicelib.domain.paging import Page, PageRequest, ReadBudget
from chalicelib.errors import InvalidCursor
from tests.support.explore import explore

pytestmark = pytest.mark.usefixtures("moto_cloud")
_BUDGETS = st.builds(
    ReadBudget,
    first=st.none() | st.integers(min_value=1, max_value=6),
    chunk=st.integers(min_value=1, max_value=6),
    total=st.integers(min_value=1, max_value=12),
)


class Shelf:
    """A list in memory; each row says whether it belongs on a page, and each read is noted."""

    def __init__(self, belongs: Sequence[bool]) -> None:
        self.rows = [(f"{number:03}", belonging) for number, belonging in enumerate(belongs)]
        self.reads: list[int] = []

    def read(self, after: str | None, limit: int) -> list[tuple[str, tuple[str, bool]]]:
        self.reads.append(limit)
        following = [row for row in self.rows if after is None or row[0] > after]
        return [(row[0], row) for row in following[:limit]]

    def page(self, size: int, cursor: str | None, budget: ReadBudget) -> Page[str]:
        self.reads.clear()
        return paging.walk(PageRequest("list", size, cursor), self.read, self.load, budget=budget)

    @staticmethod
    def load(rows: Sequence[tuple[str, bool]]) -> list[str | None]:
        return [name if belongs else None for name, belongs in rows]


@explore(most=150, fewest=150)
@given(belongs=st.lists(st.booleans(), max_size=30), size=st.integers(min_value=1, max_value=7), budget=_BUDGETS)
def test_each_row_that_belongs_comes_once_and_in_order(belongs: list[bool], size: int, budget: ReadBudget) -> None:
    shelf = Shelf(belongs)
    pages: list[Page[str]] = []
    while not pages or pages[-1].next is not None:
        pages.append(shelf.page(size, pages[-1].next if pages else None, budget))
        assert sum(shelf.reads) <= budget.total
        assert len(pages) <= len(belongs) + 1
    assert [name for page in pages for name in page.results] == [name for name, belonging in shelf.rows if belonging]
    assert all(len(page.results) <= size for page in pages)


def test_a_list_that_ends_with_its_page_has_no_next_one() -> None:
    shelf = Shelf([True] * 3)
    page = shelf.page(3, None, ReadBudget())
    assert (page.results, page.next) == (["000", "001", "002"], None)
    assert shelf.reads == [4]


def test_a_page_is_short_only_where_its_budget_is_spent() -> None:
    shelf = Shelf([True, *[False] * 7, True])
    first = shelf.page(2, None, ReadBudget(chunk=2, total=5))
    assert first.results == ["000"]
    assert shelf.reads == [3, 2]
    second = shelf.page(2, first.next, ReadBudget(chunk=2, total=5))
    assert (second.results, second.next) == (["008"], None)


def test_a_full_page_is_followed_by_the_next_row_that_belongs() -> None:
    shelf = Shelf([True, True, False, False, True])
    first = shelf.page(2, None, ReadBudget())
    assert first.results == ["000", "001"]
    assert shelf.page(2, first.next, ReadBudget()).results == ["004"]


def test_a_cursor_continues_its_own_list_only() -> None:
    following = Shelf([True] * 3).page(1, None, ReadBudget()).next
    with pytest.raises(InvalidCursor):
        PageRequest("another list", 1, following).after()
