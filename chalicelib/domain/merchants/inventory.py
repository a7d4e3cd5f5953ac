"""A merchant's cards: by UID through all statuses or one, or, by when they were handed out, the latest first.

The index that lists them carries keys only; the cards themselves are read in one batch a page. One request looks at a
bounded part: a page may then hold fewer cards than asked for, and `next` goes on.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib import clock
from chalicelib.domain import paging
from chalicelib.domain.cards import cards
from chalicelib.domain.cards.cards import ShopCard
from chalicelib.domain.paging import Page, PageRequest, ReadBudget
from chalicelib.table import keys, operations
from chalicelib.table.items import Assignment, Card, MerchantTotals
from chalicelib.table.ranges import Between
from chalicelib.vocabulary import CardStatus

# For filters that no key answers.
_FILTERED = ReadBudget(first=100)
# Before and after every character of a UID.
_FIRST, _LAST = "!", "~"


@dataclass(frozen=True, slots=True)
class InventoryFilters:
    """What a merchant narrows the list by; both ends of a range are part of it, `search` begins a UID in hex."""

    status: CardStatus | None = None
    search: str | None = None
    assigned_from: datetime | None = None
    assigned_to: datetime | None = None

    @property
    def by_assignment(self) -> bool:
        """Whether only cards that were handed out are asked for, by when that was."""
        return self.assigned_from is not None or self.assigned_to is not None

    def fit(self, card: Card) -> bool:
        """Tell whether a card is one of those asked for, as it is now."""
        by_status = self.status is None or cards.shown_status(card) is self.status
        return by_status and (self.search is None or card.uid.startswith(self.search))


def page(merchant_id: str, filters: InventoryFilters, *, page_size: int, cursor: str | None) -> Page[ShopCard]:
    """Return a page of a merchant's cards; `count` where no more than the status is filtered. Raises InvalidCursor."""
    asked = PageRequest(f"inventory/{merchant_id}/{filters}", page_size, cursor)

    def load(uids: Sequence[str]) -> list[Card | None]:
        known = operations.get_many([keys.cards.card(uid) for uid in uids])
        found = [known.get(keys.cards.card(uid)) for uid in uids]
        # The index may name a card that has just moved on.
        return [card if card and card.merchant_id == merchant_id and filters.fit(card) else None for card in found]

    if filters.by_assignment:
        page = paging.walk(asked, _assigned(merchant_id, filters), load, budget=_FILTERED)
    else:
        found = paging.walk(asked, _by_uid(merchant_id, filters), load, budget=ReadBudget())
        page = replace(found, count=_count(merchant_id, filters))
    return page.showing([ShopCard(card) for card in page.results])


def _count(merchant_id: str, filters: InventoryFilters) -> int | None:
    """Return how many cards there are, as far as the stream has come; None where no counter tells."""
    if filters.search is not None or filters.by_assignment:
        return None
    totals = operations.get(keys.merchants.totals(merchant_id), consistent=False)
    if totals is None:
        return None
    status = filters.status
    return sum(count for name, count in totals_by_status(totals).items() if status in (None, name))


def totals_by_status(totals: MerchantTotals) -> dict[str, int]:
    """Return how many cards of each status a merchant has, as far as the stream has come."""
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
        # A card that moves from one status to another may be in both lists for a moment.
        uids = list(dict.fromkeys(heapq.merge(*lists)))[:limit]
        return [(uid, uid) for uid in uids]

    return read


def _listed(status: CardStatus | None) -> Sequence[CardStatus]:
    """Return the statuses that cards of this one are listed under: a hold that is over is stock, swept or not."""
    if status is None:
        return list(CardStatus)
    return [CardStatus.STOCK, CardStatus.HELD] if status is CardStatus.STOCK else [status]


def _assigned(merchant_id: str, filters: InventoryFilters) -> paging.Read[str]:
    """Return the reader of a merchant's cards by when they were handed out, the latest first."""
    low = clock.to_text(filters.assigned_from) if filters.assigned_from else _FIRST
    high = clock.to_text(filters.assigned_to) + _LAST if filters.assigned_to else _LAST
    read = paging.rows_of(
        Assignment, keys.merchants.merchant_assigned(merchant_id).pk, index="gsi1", between=(low, high)
    )
    return lambda after, limit: [
        (position, keys.merchants.uid_assigned(position)) for position, _ in read(after, limit)
    ]
