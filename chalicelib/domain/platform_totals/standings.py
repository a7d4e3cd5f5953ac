"""What the platform's totals count each item as: one number of PlatformCounts, or none.

A kind of item to count is a row of `TALLIED`.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from chalicelib.table.items import (
    Account,
    Card,
    CardRequest,
    ConflictAddress,
    EditRequest,
    Event,
    Item,
    Payout,
    RefundRequest,
)
from chalicelib.vocabulary.access import AccountStatus, Portal
from chalicelib.vocabulary.cards import CardRequestStatus
from chalicelib.vocabulary.events import EditRequestStatus
from chalicelib.vocabulary.payouts import PayoutStatus
from chalicelib.vocabulary.tickets import RefundRequestStatus

_OF_PORTALS = {
    Portal.WEBAPP: "customers",
    Portal.ORGANIZER: "organizers",
    Portal.MERCHANT: "merchants",
    Portal.USHER: "ushers",
    Portal.ADMIN: "admins",
}
_WAITING_PAYOUTS = frozenset(
    (PayoutStatus.AWAITING_SECOND, PayoutStatus.SCHEDULED, PayoutStatus.ON_HOLD, PayoutStatus.FAILED)
)
# Requests that wait for staff, by status.
_PENDING: Mapping[type[Item], tuple[str, frozenset[str]]] = {
    RefundRequest: (
        "pending_refunds",
        frozenset((RefundRequestStatus.PENDING, RefundRequestStatus.AWAITING_SECOND)),
    ),
    EditRequest: ("pending_edit_requests", frozenset((EditRequestStatus.PENDING,))),
    CardRequest: ("pending_card_requests", frozenset((CardRequestStatus.REQUESTED, CardRequestStatus.APPROVED))),
    Payout: ("pending_payouts", _WAITING_PAYOUTS),
}
# Between the number that counts an event, and its category.
_SEPARATOR = "/"


class CountedAs(Struct, frozen=True):
    """What an item counts as: a number, and for an event its category."""

    number: str
    category: str | None = None

    @property
    def text(self) -> str:
        """The mark of an item that is counted so."""
        return self.number if self.category is None else f"{self.number}{_SEPARATOR}{self.category}"

    @classmethod
    def of_text(cls, text: str | None) -> "CountedAs | None":
        """Return what an item with this mark is counted as."""
        if text is None:
            return None
        number, separator, category = text.partition(_SEPARATOR)
        return cls(number, category if separator else None)


class Tallied(Struct, frozen=True):
    """A kind of item to count: what as, what begins a period's number, and when that was."""

    standing: Callable[[Any], str | None]
    category: Callable[[Any], str | None] | None = None
    # The number of the period in which an item was first counted, by what it is counted as.
    begins: Callable[[str], str | None] = lambda _: None
    began_at: Callable[[Any], datetime | None] = lambda _: None


def _account(account: Account) -> str | None:
    return None if account.status == AccountStatus.DEACTIVATED else _OF_PORTALS.get(account.portal)


def _pending(item: Any) -> str | None:
    number, statuses = _PENDING[type(item)]
    return number if item.status in statuses else None


TALLIED: Mapping[type[Item], Tallied] = {
    Account: Tallied(_account, begins=lambda number: number, began_at=lambda account: account.created_at),
    Card: Tallied(lambda card: f"cards_{card.status}", begins=lambda _: "cards_registered"),
    Event: Tallied(lambda event: f"events_{event.status}", category=lambda event: event.category or ""),
    ConflictAddress: Tallied(lambda address: "pending_conflicts" if address.is_open else None),
    **{item: Tallied(_pending) for item in _PENDING},
}


def counted_as(item: Item) -> CountedAs | None:
    """Return what an item is to be counted as, None for nothing."""
    row = TALLIED[type(item)]
    number = row.standing(item)
    if number is None:
        return None
    return CountedAs(number, row.category(item) if row.category else None)
