"""Requests of the customers' portal: a customer's NFC cards.

Each takes the ground (tests/contract/ground.py): `ground.customer` is the demo customer's account.
"""

import uuid
from collections.abc import Callable
from typing import Any

from chalicelib.domain.cards import cards
from chalicelib.domain.cards.cards import CardRegistration
from chalicelib.schemas.examples import demo
from chalicelib.table import keys, operations
from tests.contract.request import Request

_MONEY = {"threshold": "500.00", "amount": {"amount": "1000.00", "currency": "PKR"}}
_OF_CARD = {"card_id": demo.CARD_UID}


def _requested(ground: Any) -> Request:
    # The one before was handed out.
    operations.record(operations.remove(keys.cards.open_card_request(ground.customer.account_id)))
    return Request({"delivery": "post", "address": {"line1": "12 Mall Road", "city": "Lahore"}})


def _another_card(ground: Any) -> dict[str, str]:
    uid = f"04{uuid.uuid4().hex[:12]}"
    return {"card_id": cards.register(CardRegistration(uid=uid, customer_id=ground.customer.account_id)).card_id}


REQUESTS: dict[str, Callable[[Any], Request]] = {
    "customer_cards": lambda _: Request(),
    "customer_request_card": _requested,
    "customer_card_transactions": lambda _: Request(path=_OF_CARD, query="type=purchase&page_size=5"),
    "customer_reload_card": lambda _: Request({"amount": "250.00", "payment_token": "tok_ok"}, path=_OF_CARD),
    "customer_auto_reload": lambda _: Request({"enabled": True, **_MONEY, "payment_token": "tok_ok"}, path=_OF_CARD),
    "customer_block_card": lambda ground: Request({"reason": "lost"}, path=_another_card(ground)),
}
