"""Requests of the merchants' portal: customers, and the cards that are handed to them.

Each takes the ground (tests/contract/ground.py).
"""

import itertools
import uuid
from collections.abc import Callable
from typing import Any

from chalicelib.domain.access import new_accounts
from chalicelib.domain.cards import cards
from chalicelib.domain.cards.cards import CardRegistration
from chalicelib.domain.merchants import assignments
from chalicelib.domain.merchants.card_holds import AssignmentInput
from chalicelib.identifiers import new_id
from chalicelib.table import operations
from chalicelib.table.items import Account, Assignment, Card
from chalicelib.vocabulary.cards import CardStatus
from tests.contract.request import Request
from tests.support.codes import code_for, texts

_numbers = itertools.count(1)


def _customer() -> Account:
    """A customer without a sent code; their password is not hashed."""
    number = f"+923330{next(_numbers):06}"
    account, writes = new_accounts.customer(mobile_number=number, password_hash="none", name="Customer")
    operations.commit(*writes)
    return account


def _in_stock(ground: Any) -> Card:
    merchant_id = ground.merchant.account_id
    uid = f"04{uuid.uuid4().hex[:12]}"
    return cards.register(CardRegistration(uid=uid, merchant_id=merchant_id, status=CardStatus.STOCK))


def _assign(ground: Any) -> Request:
    number = _customer().mobile_number
    return Request({"mobile_number": number, "card_uid": _in_stock(ground).uid, "fee_collected": True})


def _held(ground: Any) -> tuple[Assignment, str]:
    texts()
    customer = _customer()
    wanted = AssignmentInput(card=_in_stock(ground).card_id, customer=customer.account_id, fee_collected=True)
    handing = assignments.assign(ground.merchant.account_id, wanted, operation_id=new_id("op"))
    return handing.assignment, code_for(customer.mobile_number)


def _verify(ground: Any) -> Request:
    assignment, code = _held(ground)
    return Request({"assignment_id": assignment.assignment_id, "otp": code})


REQUESTS: dict[str, Callable[[Any], Request]] = {
    "merchant_verify_customer": lambda _: Request(path={"mobile": _customer().mobile_number}),
    "merchant_assign_card": _assign,
    "merchant_send_customer_otp": lambda ground: Request({"assignment_id": _held(ground)[0].assignment_id}),
    "merchant_verify_customer_otp": _verify,
}
