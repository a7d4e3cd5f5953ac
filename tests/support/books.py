"""The company's books as their tests read them: from the journals alone."""

from collections import Counter
from typing import Any

from chalicelib.config import config
from chalicelib.table.items import Item, Journal
from tests.support import payers


def figures(*, date_from: str = "0", date_to: str = "9") -> Counter[str]:
    """Return what the stored journals of these days come to, added up account by account."""
    sums: Counter[str] = Counter()
    for raw in payers.all_raws("journal"):
        journal = Item.from_raw_data(raw)
        assert isinstance(journal, Journal)
        day = journal.booked_on or journal.posted_at.date().isoformat()
        if journal.currency != config().currency or not date_from <= day <= date_to:
            continue
        by_family: Counter[str] = Counter()
        for entry in journal.entries:
            is_cards = entry["account"] == "chargebacks:cards"
            by_family["losses" if is_cards else entry["account"].partition(":")[0]] += int(entry["amount"])
        _add(sums, journal.type, by_family)
    sums["net_profit"] = sums["card_fees"] + sums["platform_fees"] - sums["expenses"] - sums["losses"]
    return sums


def _add(sums: Counter[str], kind: str, moved: Counter[str]) -> None:
    sums["platform_fees"] += moved["fees"]
    sums["card_fees"] += moved["card_fees"]
    sums["expenses"] -= moved["expenses"]
    sums["losses"] -= moved["losses"]
    sums["deposits"] += moved["deposits"]
    sums["withdrawals"] -= moved["withdrawals"]
    sums["refunds"] -= moved["chargebacks"]
    if kind in ("payout_paid", "payout_bounced"):
        sums["payouts"] += moved["clearing"]
    if kind != "settlement":
        paid = moved["sales"] + moved["fees"]
        sums["ticket_revenue"] += max(paid, 0)
        sums["refunds"] += max(-paid, 0)


def minor(shown: dict[str, Any]) -> int:
    """Return an amount of the wire in minor units."""
    return round(float(shown["amount"]) * 100)
