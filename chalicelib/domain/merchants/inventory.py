"""A merchant's cards: listed by UID, for all statuses or one, or by time of assignment, latest first.

The index projects keys only, so each page reads its cards in one batch. The reads of one request are bounded. A page
may therefore be short, and `next` continues.
"""

import heapq
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from chalicelib import clock
from chalicelib.domain import paging
from chalicelib.domain.cards import cards
from chalicelib.domain.cards.cards import ShopCard
from chalicelib.domain.paging import Page, PageRequest, ReadBudget
from chalicelib.table import keys, operations
from chalicelib.table.items import Assignment, Card, MerchantTotals
from chalicelib.table.ranges import Between
from chalicelib.vocabulary.cards import CardStatus

# For filters that no index key covers.
_FILTERED = ReadBudget(first=100)
# Sort before and after every character of a UID.
_FIRST, _LAST = "!", "~"


class InventoryFilters(Struct, frozen=True):
    """Filters of a merchant's list. Ranges include both ends; `search` is a prefix of a UID in hex."""

    status: CardStatus | None = None
    search: str | None = None
    assigned_from: datetime | None = None
    assigned_to: datetime | None = None

    @property
    def by_assignment(self) -> bool:
        """Whether the filters select assigned cards only, listed by time of assignment."""
        return self.assigned_from is not None or self.assigned_to is not None

    def fit(self, card: Card) -> bool:
        """Return whether the current state of a card matches the filters."""
        by_status = self.status is None or cards.shown_status(card) is self.status
        return by_status and (self.search is None or card.uid.startswith(self.search))


def page(merchant_id: str, filters: InventoryFilters, *, page_size: int, cursor: str | None) -> Page[ShopCard]:
    """Return a page of a merchant's cards, with `count` if only the status is filtered. Raises InvalidCursor."""
    asked = PageRequest(f"inventory/{merchant_id}/{filters}", page_size, cursor)

    def load(uids: Sequence[str]) -> list[Card | None]:
        known = operations.get_many([keys.cards.card(uid) for uid in uids])
        found = [known.get(keys.cards.card(uid)) for uid in uids]
        # The index is eventually consistent and may list a card that has changed since.
        return [card if card and card.merchant_id == merchant_id and filters.fit(card) else None for card in found]

    if filters.by_assignment:
        page = paging.walk(asked, _assigned(merchant_id, filters), load, budget=_FILTERED)
    else:
        found = paging.walk(asked, _by_uid(merchant_id, filters), load, budget=ReadBudget())
        page = replace(found, count=_count(merchant_id, filters))
    return page.showing([ShopCard(card) for card in page.results])


def _count(merchant_id: str, filters: InventoryFilters) -> int | None:
    """Return the number of cards from the totals (eventually consistent); None if no counter covers the filters."""
    if filters.search is not None or filters.by_assignment:
        return None
    totals = operations.get(keys.merchants.totals(merchant_id), consistent=False)
    if totals is None:
        return None
    status = filters.status
    return sum(count for name, count in totals_by_status(totals).items() if status in (None, name))


def totals_by_status(totals: MerchantTotals) -> dict[str, int]:
    """Return the number of cards per status (eventually consistent, kept by the stream)."""
    return {status.value: max(0, getattr(totals, status)) for status in CardStatus}


def _by_uid(merchant_id: str, filters: InventoryFilters) -> paging.Read[str]:
    """Return the reader of a merchant's cards by UID, merged from the lists of each status."""

    def read(after: str | None, limit: int) -> list[tuple[str, str]]:
        prefix = filters.search or ""
        beyond = Between(f"{after}{_FIRST}" if after else prefix or _FIRST, f"{prefix}{_LAST}")
        lists = []
        for status in _listed(filters.status):
            partition = keys.cards.merchant_cards(merchant_id, status).pk
            raws = operations.query(partition, beyond, index="gsi2", limit=limit)
            lists.append([raw["gsi2sk"]["S"] for raw in raws])
        # A card that changes its status may briefly be in both lists.
        uids = list(dict.fromkeys(heapq.merge(*lists)))[:limit]
        return [(uid, uid) for uid in uids]

    return read


def _listed(status: CardStatus | None) -> Sequence[CardStatus]:
    """Return the stored statuses to read for a shown one. An expired hold counts as stock before the sweep."""
    if status is None:
        return list(CardStatus)
    return [CardStatus.STOCK, CardStatus.HELD] if status is CardStatus.STOCK else [status]


def _assigned(merchant_id: str, filters: InventoryFilters) -> paging.Read[str]:
    """Return the reader of a merchant's assigned cards, latest assignment first."""
    low = clock.to_text(filters.assigned_from) if filters.assigned_from else _FIRST
    high = clock.to_text(filters.assigned_to) + _LAST if filters.assigned_to else _LAST
    read = paging.rows_of(
        Assignment, keys.merchants.merchant_assigned(merchant_id).pk, index="gsi1", between=(low, high)
    )
    return lambda after, limit: [
        (position, keys.merchants.uid_assigned(position)) for position, _ in read(after, limit)
    ]
