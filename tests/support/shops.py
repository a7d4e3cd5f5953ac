"""Shops that hand out cards through their portal, and assertions on the table afterwards."""

import itertools
import uuid
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from chalicelib.config import config
from chalicelib.domain.access import new_accounts, sessions
from chalicelib.domain.cards import cards
from chalicelib.domain.cards.cards import CardRegistration
from chalicelib.domain.ledger import account_names
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Assignment, Card, Item, Journal, MerchantDay, MerchantTotals, Profile
from chalicelib.vocabulary.cards import CardStatus
from tests.support.client import Answer, call
from tests.support.codes import code_for
from tests.support.factories import make_merchant

BASE = "/api/merchant"
_numbers = itertools.count(uuid.uuid4().int % 10**6)


@dataclass(frozen=True)
class Shop:
    """A merchant with an access token, and where they are."""

    merchant: Account
    address: str = "127.0.0.1"

    @cached_property
    def token(self) -> str:
        return sessions.start(self.merchant).access

    @property
    def id(self) -> str:
        return self.merchant.account_id

    def stock(self, count: int = 1) -> list[Card]:
        return [in_stock(self.id) for _ in range(count)]

    def get(self, path: str) -> Answer:
        return call("GET", f"{BASE}/{path}", token=self.token)

    def post(self, path: str, body: dict[str, Any], *, key: str | None = None) -> Answer:
        headers = {"idempotency-key": key} if key else {}
        return call("POST", f"{BASE}/{path}/", body, token=self.token, headers=headers, address=self.address)

    def assign(self, card: Card, customer: Account, *, key: str | None = None, **more: Any) -> Answer:
        body = {"customer_id": customer.account_id, "card_uid": card.uid, "fee_collected": True, **more}
        return self.post("assign-card", body, key=key)

    def hold(self, card: Card, customer: Account) -> tuple[str, str]:
        """Hold a card for a customer; return the assignment's id and the code that they were sent."""
        answer = self.assign(card, customer)
        assert answer.status == 201, answer.text
        return str(answer.json["assignment_id"]), code_for(customer.mobile_number)

    def verify(self, assignment_id: str, code: str, *, key: str | None = None) -> Answer:
        return self.post("verify-customer-otp", {"assignment_id": assignment_id, "otp": code}, key=key)

    def hand_over(self, card: Card, customer: Account) -> Answer:
        assignment_id, code = self.hold(card, customer)
        answer = self.verify(assignment_id, code)
        assert answer.status == 200, answer.text
        return answer


def make_shop(name: str = "Liberty Books") -> Shop:
    return Shop(make_merchant(name=name))


def in_stock(merchant_id: str, *, uid: str | None = None) -> Card:
    """Register a card that a merchant may hand out."""
    uid = uid or f"04{uuid.uuid4().hex[:12]}"
    return cards.register(CardRegistration(uid=uid, merchant_id=merchant_id, status=CardStatus.STOCK))


def new_customer(name: str = "Ayesha Khan") -> Account:
    """Create a customer for whom no password is hashed."""
    number = f"+92333{next(_numbers) % 10**7:07}"
    account, writes = new_accounts.customer(mobile_number=number, password_hash="none", name=name)
    operations.commit(*writes)
    return account


def stored(card: Card) -> Any:
    found = operations.get(keys.cards.card(card.uid))
    assert found is not None
    return found


def assignment(assignment_id: str) -> Any:
    found = operations.get(keys.merchants.assignment(assignment_id))
    assert found is not None
    return found


def wrong(code: str) -> str:
    """Return another code than this one."""
    return f"{(int(code) + 1) % 10 ** len(code):0{len(code)}}"


def everything() -> list[Any]:
    """Read the whole table, as only a test may."""
    pages = operations.client().get_paginator("scan").paginate(TableName=config().table_name, ConsistentRead=True)
    return [Item.from_raw_data(raw) for page in pages for raw in page["Items"]]


def assert_handed_over_once(merchant_ids: Iterable[str], *, drained: bool = False) -> Counter[str]:
    """Assert that all items of these merchants' cards agree; return the number of cards by status.

    `drained` says that the stream was read to its end. No hold may be open.
    """
    items, ids = everything(), set(merchant_ids)
    assignments = [item for item in items if isinstance(item, Assignment) and item.merchant_id in ids]
    handed = {item.card_uid: item for item in assignments if item.status == "active"}
    assert len(handed) == sum(item.status == "active" for item in assignments)
    assert not [item for item in assignments if item.status == "awaiting_otp"]
    assert all(item.gsi2pk is None for item in assignments)
    statuses: dict[str, Counter[str]] = {merchant_id: Counter() for merchant_id in ids}
    found: list[Any] = [item for item in items if isinstance(item, Card) and item.merchant_id in ids]
    for card in found:
        statuses[card.merchant_id][card.status] += 1
        place = keys.cards.merchant_cards(card.merchant_id, card.status, card.uid)
        assert (card.gsi2pk, card.gsi2sk) == place
        assert (card.held_by, card.held_until) == (None, None)
        one = handed.get(card.uid)
        if one is None:
            assert (card.status, card.customer_id, card.gsi1pk, card.tickets) == ("stock", None, None, {})
        else:
            assert card.status != "stock"
            assert (card.customer_id, card.merchant_id) == (one.customer_id, one.merchant_id)
            assert (card.gsi1pk, card.gsi1sk) == keys.cards.customer_cards(one.customer_id, card.card_id)
    _assert_fees(items, list(handed.values()))
    for merchant_id, counted in statuses.items():
        own = [item for item in handed.values() if item.merchant_id == merchant_id]
        _assert_totals(items, merchant_id, own, counted if drained else None)
    total: Counter[str] = Counter()
    for counted in statuses.values():
        total += counted
    return total


def _assert_fees(items: list[Any], handed: list[Assignment]) -> None:
    """One journal for each hand-over with a fee, and no more than one fee from any customer."""
    known = {item.assignment_id: item for item in handed}
    journals = {
        item.references["assignment_id"]: item
        for item in items
        if isinstance(item, Journal) and item.type == "card_fee" and item.references["assignment_id"] in known
    }
    assert set(journals) == {item.assignment_id for item in handed if item.fee}
    for assignment_id, journal in journals.items():
        one = known[assignment_id]
        assert {entry["account"]: entry["amount"] for entry in journal.entries} == {
            account_names.merchant(one.merchant_id): -one.fee,
            account_names.CARD_FEES: one.fee,
        }
    paying = Counter(item.customer_id for item in handed if item.fee)
    assert all(times == 1 for times in paying.values())
    paid = {item.customer_id for item in items if isinstance(item, Profile) and item.fee_paid}
    assert {item.customer_id for item in handed} <= paid


def _assert_totals(
    items: list[Any], merchant_id: str, handed: list[Assignment], by_status: Counter[str] | None
) -> None:
    totals = next((t for t in items if isinstance(t, MerchantTotals) and t.merchant_id == merchant_id), None)
    days = [item for item in items if isinstance(item, MerchantDay) and item.merchant_id == merchant_id]
    expected = len(handed), sum(item.fee for item in handed)
    assert (totals.assigned, totals.fees) == expected if totals else expected == (0, 0)
    assert (sum(day.assigned for day in days), sum(day.fees for day in days)) == expected
    if by_status is not None:
        assert totals is not None
        told = {status.value: int(getattr(totals, status.value)) for status in CardStatus}
        assert {status: count for status, count in told.items() if count} == dict(by_status)
