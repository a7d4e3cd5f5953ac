"""Payouts: an event's books closed once for ever, to the last of its money, and what its organizer sees of it."""

from typing import Any

import pytest

from chalicelib.domain import ledger, organizers, settlements
from chalicelib.table.items import Account
from tests import payers, settled
from tests.client import Answer, call
from tests.factories import make_organizer, token_of
from tests.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
_PAYOUTS = "/api/organizer/payouts/"


def ask(organizer: Account, what: str = "", **more: Any) -> Answer:
    return call("GET", f"{_PAYOUTS}{what}", token=token_of(organizer), **more)


def money(answer: dict[str, Any]) -> tuple[str, ...]:
    """Return an answer's gross, refunds, fee and net."""
    return tuple(answer[name]["amount"] for name in ("gross", "refunds", "platform_fee", "net"))


def stored(*kinds: str) -> list[dict[str, Any]]:
    return payers.all_raws(*kinds)


WRITTEN = ("settlement", "payout", "invoice", "journal", "invoice_series", "organizer_totals")


def test_a_closed_event_is_paid_out_by_category_to_the_last_of_its_money() -> None:
    organizer = make_organizer()
    organizers.change(organizer.account_id, {"company_name": "Lahore Live Ltd", "tax_number": "1234567-8"})
    event, standard, box = settled.make_evening(organizer)
    first = settled.buy(standard, 3)
    settled.buy(box, 1)
    settled.give_back(first, 1)
    settled.give_back(first, 2, amount="333.33")
    StreamReader().drain()
    with settled.after(event):
        settlement = settlements.close(event.event_id, by="adm_1")
        assert settlements.close(event.event_id, by="adm_2").closed_by == settlement.closed_by == "adm_1"
        told = ask(organizer, f"{settlement.payout_id}/").json
        assert ask(organizer).json["results"] == [{name: told[name] for name in told if name != "adjustments"}]
        dashboard = call("GET", "/api/organizer/dashboard/stats/", token=token_of(organizer)).json
    # 6,833.33 sold, 1,833.33 given back, 5 % of what is left kept, each order's and refund's fee rounded by itself.
    assert money(told) == ("6833.33", "1833.33", "250.00", "4750.00")
    assert [(one["description"], one["quantity"], one["refunded_quantity"], *money(one)) for one in told["lines"]] == [
        ("Standard", 3, 2, "4500.00", "1833.33", "133.33", "2533.34"),
        ("Box, VIP", 1, 0, "2333.33", "0.00", "116.67", "2216.66"),
    ]
    assert told["event"] == {"id": event.event_id, "title": event.title}
    assert (told["status"], told["adjustments"], told["paid_at"]) == ("scheduled", None, None)
    assert told["scheduled_for"] == f"{event.ends_at + settlements.PAID_AFTER:%Y-%m-%d}"
    assert dashboard["pending_payouts"]["amount"] == "4750.00"
    balances = payers.balances()
    assert (balances[ledger.sales(event.event_id)], balances[ledger.payable(organizer.account_id)]) == (0, 475_000)
    assert balances[ledger.FEES] == 25_000
    assert (len(stored("settlement")), len(stored("payout"))) == (1, 1)
    assert [raw["number"]["S"] for raw in stored("invoice")].count(told["invoice_number"]) == 1
