"""Worker of the payments queue: refunds, automatic reloads of cards, payouts."""

import json
from collections.abc import Callable
from typing import Any

from chalicelib.domain.card_office import pay_backs
from chalicelib.domain.payments import auto_reload, reconciliation, repayments, withdrawals
from chalicelib.domain.payouts import paying
from chalicelib.vocabulary.messages import Fact
from chalicelib.workers import Failures, each_message

# The handler of each fact.
_TAKERS: dict[Fact, Callable[[dict[str, Any]], object]] = {
    Fact.PAYMENT_REFUND_DUE: lambda detail: reconciliation.refund(detail["payment_id"]),
    Fact.PAYMENT_RETURNED: lambda detail: withdrawals.run(detail["payment_id"]),
    Fact.TICKET_REFUND_DUE: lambda detail: repayments.pay_back(
        detail["ticket_id"], detail["refund_id"], detail.get("payment_id")
    ),
    Fact.CARD_PAY_BACK_DUE: lambda detail: pay_backs.run(detail["pay_back_id"]),
    Fact.CARD_BALANCE_LOW: lambda detail: auto_reload.run(detail["card_uid"], int(detail["entry"])),
    Fact.PAYOUT_DUE: lambda detail: paying.pay(detail["payout_id"]),
}


def handle(batch: dict[str, Any]) -> Failures:
    """Act on each fact, in its EventBridge envelope."""
    return each_message(batch, _take)


def _take(body: str) -> None:
    envelope = json.loads(body)
    _TAKERS[Fact(envelope["detail-type"])](envelope["detail"])
