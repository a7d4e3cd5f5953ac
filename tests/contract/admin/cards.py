"""Requests of the staff's portal: cards.

Each takes the ground (tests/contract/ground.py).
"""

import uuid
from collections.abc import Callable
from typing import Any

from chalicelib.domain.cards import cards
from chalicelib.domain.cards.cards import CardRegistration
from chalicelib.schemas.examples import demo
from chalicelib.vocabulary import CardStatus
from tests.contract.request import Request


def _card(status: CardStatus = CardStatus.STOCK, customer_id: str | None = None) -> str:
    uid = f"04{uuid.uuid4().hex[:12]}"
    return cards.register(CardRegistration(uid=uid, status=status, customer_id=customer_id)).uid


def _replace(_: Any) -> Request:
    return Request({"to_uid": _card(), "reason": "Lost it."}, path={"card_id": _card(CardStatus.ACTIVE)})


REQUESTS: dict[str, Callable[[Any], Request]] = {
    "admin_create_card": lambda _: Request({"uid": f"04{uuid.uuid4().hex[:12]}", "type": "uid"}),
    "admin_card": lambda _: Request(path={"card_id": demo.CARD_UID}),
    "admin_change_card": lambda _: Request({"status": "blocked", "reason": "Broken."}, path={"card_id": _card()}),
    "admin_replace_card": _replace,
}
