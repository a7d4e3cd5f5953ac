"""Every sum in the audit log has its currency: the page of staff shows nobody an amount in its smallest unit."""

import json
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.vocabulary.access import AdminRole
from tests.support import audit, payers, settled, wallets
from tests.support.client import Answer, call
from tests.support.factories import admin_token, make_customer, make_organizer
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
SUMS = {"amount", "balance", "price", "total", "previewed", "gross", "refunds", "platform_fee", "net", "taken_back"}


def without_currency(state: dict[str, Any]) -> list[str]:
    """Return the sums of a state, and of its parts, that have no currency beside them."""
    found = [name for name, value in state.items() if name in SUMS and isinstance(value, int | str)]
    parts = [value for value in state.values() if isinstance(value, dict)]
    return [*(() if "currency" in state else found), *(name for part in parts for name in without_currency(part))]


def test_what_staff_do_with_money_is_recorded_with_its_currency() -> None:
    stream, token = StreamReader(), admin_token(AdminRole.SUPER_ADMIN)
    today = clock.now().date().isoformat()

    def do(method: str, path: str, **body: Any) -> Answer:
        answer = call(method, f"/api/{path}/", body, token=token)
        assert answer.status < 300, answer.text
        return answer

    customer = make_customer()
    card, other = wallets.make_card(customer), wallets.make_card(customer, holds=500)
    opened = payers.ask(customer, "process", {"card_id": card.card_id, "amount": "50.00", "method": "card"}).json
    assert payers.confirm(customer, opened["id"]).json["status"] == "succeeded"
    event, standard, _ = settled.make_evening(make_organizer())
    order = settled.buy(standard)
    stream.drain()

    do("POST", "finances/deposits", amount="10.00", source="Bank", received_on=today, reference="T 1")
    expense = do("POST", "expenses", category="Rent", amount="9.00", description="Office", incurred_on=today).json
    do("PUT", f"expenses/{expense['id']}", amount="8.00")
    do("PUT", "finances/profit-share", shares=[{"partner": "P", "percent": "100.00"}])
    do("POST", "finances/profit-withdrawals", partner="P", amount="1.00")
    do("POST", "finances/unclaimed", ids=[card.card_id], action="pay_back")
    do("POST", "finances/unclaimed", ids=[other.card_id], action="claim_link")
    do("POST", "refund-requests", ticket_id=order.tickets[0]["ticket_id"], reason="Ill")
    do("POST", f"events/{event.event_id}/cancellation", dry_run=True)

    recorded = [
        (entry["action"], json.loads(state))
        for entry in audit.entries()
        for name in ("before", "after")
        if (state := entry.get(name))
    ]
    assert [(action, state) for action, state in recorded if without_currency(state)] == []
    assert len({action for action, state in recorded if SUMS & state.keys()}) >= 7
