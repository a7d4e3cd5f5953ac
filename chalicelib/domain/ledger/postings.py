"""Entries of journals, and those that a sale and its refund consist of, with the platform's fee."""

from msgspec import Struct

from chalicelib.config import config
from chalicelib.domain import money
from chalicelib.domain.ledger.account_names import FEES, sales
from chalicelib.vocabulary.cards import EntryType


class Posting(Struct, frozen=True):
    """An amount in minor units, signed, on one account.

    `type` and `reference` override those of the journal for the line of a card.
    """

    account: str
    amount: int
    type: EntryType | None = None
    reference: str | None = None


def fee_of(amount: int, basis_points: int | None = None) -> int:
    """Return the platform's fee for a sale, a share of it, in minor units.

    `basis_points` is the event's own share; without one it is `FEE_BASIS_POINTS`.
    """
    return money.share(amount, basis_points=config().fee_basis_points if basis_points is None else basis_points)


def sale_entries(source_account: str, *, event_id: str, amount: int, fee: int | None = None) -> list[Posting]:
    """Return the entries of a sale, including the platform's fee: `fee`, or the usual share."""
    fee = fee_of(amount) if fee is None else fee
    entries = [Posting(source_account, -amount), Posting(sales(event_id), amount - fee), Posting(FEES, fee)]
    return [entry for entry in entries if entry.amount]


def refund_entries(target_account: str, *, event_id: str, amount: int, fee: int) -> list[Posting]:
    """Return the entries that refund a sale, or a part of it, with `fee` of the platform's fee."""
    entries = [Posting(target_account, amount), Posting(sales(event_id), fee - amount), Posting(FEES, -fee)]
    return [entry for entry in entries if entry.amount]
