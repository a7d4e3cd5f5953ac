"""Requests of the web app: money that is claimed by a link.

Each takes the ground (tests/contract/ground.py).
"""

import hashlib
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from chalicelib import clock
from chalicelib.identifiers import new_id
from chalicelib.schemas.examples import demo
from chalicelib.table import keys, operations
from chalicelib.table.items import CardClaim, NewestCardClaim
from tests.contract.request import Request
from tests.support import wallets


def _claim(_: Any) -> Request:
    token, claim_id, now = secrets.token_urlsafe(32), new_id("clm"), clock.now()
    dead = wallets.make_card(None, holds=500)
    place = keys.money.card_claim(hashlib.sha256(token.encode()).hexdigest())
    operations.put_many(
        [
            CardClaim(
                *place,
                claim_id=claim_id,
                card_uid=dead.uid,
                customer_id=new_id("cus"),
                created_at=now,
                expires_at=now + timedelta(days=30),
            ),
            NewestCardClaim(*keys.money.newest_claim(dead.uid), claim_id=claim_id),
        ]
    )
    return Request({"token": token, "card_id": demo.CARD_UID})


REQUESTS: dict[str, Callable[[Any], Request]] = {"customer_claim": _claim}
