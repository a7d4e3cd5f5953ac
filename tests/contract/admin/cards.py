"""Requests of the staff's portal: cards.

Each takes the ground (tests/contract/ground.py).
"""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from chalicelib import clock
from chalicelib.domain.card_office import bulk_cards
from chalicelib.domain.card_office.bulk_cards import BulkInput
from chalicelib.domain.cards import card_requests, cards
from chalicelib.domain.cards.cards import CardRegistration
from chalicelib.identifiers import new_id
from chalicelib.schemas.examples import demo
from chalicelib.table import keys, operations
from chalicelib.table.items import Leftover
from chalicelib.vocabulary.access import AdminRole
from chalicelib.vocabulary.cards import CardBatchAction, CardDelivery, CardStatus, LeftoverKind
from tests.contract.request import Request
from tests.support import wallets
from tests.support.shops import new_customer


def _card(status: CardStatus = CardStatus.STOCK, customer_id: str | None = None) -> str:
    uid = f"04{uuid.uuid4().hex[:12]}"
    return cards.register(CardRegistration(uid=uid, status=status, customer_id=customer_id)).uid


def _replace(_: Any) -> Request:
    return Request({"to_uid": _card(), "reason": "Lost it."}, path={"card_id": _card(CardStatus.ACTIVE)})


def _progress(ground: Any) -> Request:
    staff = ground.admins[AdminRole.SUPER_ADMIN].account_id
    wanted = BulkInput(CardBatchAction.CREATE, cards=[f"04{uuid.uuid4().hex[:12]}"])
    job_id = bulk_cards.begin(wanted, by=staff, operation_id=new_id("op")).job_id
    return Request(query=f"job_id={job_id}")


def _asked() -> str:
    asked = card_requests.make(
        new_id("cus"), delivery=CardDelivery.PICKUP, merchant_id=None, address=None, operation_id=new_id("op")
    )
    return asked.request_id


def _answer(_: Any) -> Request:
    return Request({"action": "approve"}, path={"request_id": _asked()})


def _return(_: Any) -> Request:
    card = wallets.make_card(new_customer(), holds=500)
    return Request({"card_ids": [card.card_id], "action": "claim_link"})


def _leftovers(_: Any) -> None:
    """Money on cards that nobody has used for 40 days and more; the oldest is on a blocked card."""
    for place in range(3):
        card = cards.register(CardRegistration(uid=f"04{uuid.uuid4().hex[:12]}", status=CardStatus.STOCK))
        left = Leftover(
            *keys.money.leftover(card.uid),
            leftover_id=card.card_id,
            leftover_kind=LeftoverKind.DEAD_CARD if place == 2 else LeftoverKind.UNUSED_CARD,
            card_uid=card.uid,
            card_id=card.card_id,
            customer_id=new_id("cus"),
            amount=1000 + place,
            currency="PKR",
            since=clock.now() - timedelta(days=40 + place),
            revision=1,
        )
        operations.record(operations.put(left))


def _requests(_: Any) -> None:
    for _place in range(3):
        _asked()


REQUESTS: dict[str, Callable[[Any], Request]] = {
    "admin_cards": lambda _: Request(query="status=stock&search=04&page_size=5"),
    "admin_card_requests": lambda _: Request(query="status=requested&ordering=created_at"),
    "admin_answer_card_request": _answer,
    "admin_unclaimed": lambda _: Request(query="age=90&kind=dead_card"),
    "admin_return_unclaimed": _return,
    "admin_create_card": lambda _: Request({"uid": f"04{uuid.uuid4().hex[:12]}", "type": "uid"}),
    "admin_card": lambda _: Request(path={"card_id": demo.CARD_UID}),
    "admin_change_card": lambda _: Request({"status": "blocked", "reason": "Broken."}, path={"card_id": _card()}),
    "admin_replace_card": _replace,
    "admin_bulk_cards": lambda _: Request({"action": "create", "cards": [f"04{uuid.uuid4().hex[:12]}"]}),
    "admin_bulk_cards_progress": _progress,
}
ROWS: list[Callable[[Any], object]] = [_requests, _leftovers]
