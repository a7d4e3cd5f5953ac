"""The company's totals by day: what the journals of a day come to, added up by the ledger's follower (D-FIN-04).

The ledger counts a journal in one transaction with its mark, so each journal adds to its day once. A journal counts on
the day that it is booked for, in UTC. Money that comes in is positive on the accounts of income.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence

from pynamodb.expressions.update import Action

from chalicelib.domain.ledger import account_names
from chalicelib.table import keys, operations
from chalicelib.table.items import CompanyDay, Journal
from chalicelib.table.items.attributes import IntegerAttribute
from chalicelib.table.operations import Write
from chalicelib.table.places import Place

FIGURES = (
    *("ticket_revenue", "refunds", "card_fees", "platform_fees"),
    *("expenses", "losses", "payouts", "deposits", "withdrawals"),
)
# An account's name, or the first part of it, and the figure that it adds to, with its sign.
_DIRECT = {
    # A card keeps what its disputed reload loaded, so the platform has lost that.
    account_names.CARD_LOSSES: ("losses", -1),
    "fees": ("platform_fees", 1),
    "card_fees": ("card_fees", 1),
    "chargebacks": ("refunds", -1),
    "expenses": ("expenses", -1),
    "deposits": ("deposits", 1),
    "withdrawals": ("withdrawals", -1),
}
_SALES, _FEES, _SETTLEMENT = "sales", "fees", "settlement"
# The account that a payout leaves when it is paid, and the one that it returns to when it bounces, by journal.
_PAID_OUT = {"payout_paid": "in_transit", "payout_bounced": "payable"}


def figures_of(journal: Journal) -> Counter[str]:
    """Return what a journal adds to each figure, in minor units."""
    figures: Counter[str] = Counter()
    trade = 0
    for entry in journal.entries:
        family, amount = entry["account"].partition(":")[0], int(entry["amount"])
        direct = _DIRECT.get(entry["account"]) or _DIRECT.get(family)
        if direct is not None:
            name, sign = direct
            figures[name] += sign * amount
        if family in (_SALES, _FEES):
            trade += amount
        if family == _PAID_OUT.get(journal.type):
            figures["payouts"] -= amount
    # A settlement moves sales on to the organizer, and is no trade of its own.
    if journal.type != _SETTLEMENT:
        figures["ticket_revenue" if trade > 0 else "refunds"] += abs(trade)
    return Counter({name: amount for name, amount in figures.items() if amount})


def day_of(journal: Journal) -> str:
    """Return the day that a journal is booked for."""
    return journal.booked_on or journal.posted_at.date().isoformat()


def places_of(journals: Iterable[Journal]) -> set[Place[CompanyDay]]:
    """Return the days that these journals add to."""
    return {_place(journal) for journal in journals if figures_of(journal)}


def additions(journals: Sequence[Journal]) -> list[Write]:
    """Return one write for each day that these journals add to."""
    sums: dict[tuple[Place[CompanyDay], str], Counter[str]] = {}
    for journal in journals:
        if figures := figures_of(journal):
            of_day = sums.setdefault((_place(journal), journal.currency), Counter())
            for name, amount in figures.items():
                of_day[name] += amount
    return [_addition(place, currency, figures) for (place, currency), figures in sums.items()]


def _place(journal: Journal) -> Place[CompanyDay]:
    shard = hashlib.sha256(journal.journal_id.encode()).digest()[0] % keys.finance.COMPANY_SHARDS
    return keys.finance.company_day(journal.currency, shard, day_of(journal))


def _addition(place: Place[CompanyDay], currency: str, figures: Counter[str]) -> Write:
    named: list[Action] = [
        CompanyDay.kind.set(CompanyDay),
        CompanyDay.date.set(place.sk),
        CompanyDay.currency.set(currency),
    ]
    attributes: dict[str, IntegerAttribute[int]] = {name: getattr(CompanyDay, name) for name in FIGURES}
    return operations.change(place, [*named, *(attributes[name].add(by) for name, by in figures.items() if by)])
