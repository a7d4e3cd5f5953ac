"""The settings of a merchant's own shop, which change field by field."""

from typing import Any

import pytest

from chalicelib.domain.access import accounts
from chalicelib.table import keys, operations
from chalicelib.table.items import Account
from tests.contract.ground import stored
from tests.support.client import Answer, call
from tests.support.factories import make_merchant, token_of

pytestmark = pytest.mark.usefixtures("moto_cloud")
UNSET = {
    "name": "Liberty Books",
    "email": None,
    "address": "",
    "city": "",
    "notifications": {"sms": True, "email": False},
    "low_stock_threshold": 0,
}
SET = {
    "name": "Liberty Books II",
    "email": "shop@example.com",
    "address": "12 Main Boulevard",
    "city": "Lahore",
    "notifications": {"sms": False, "email": True},
    "low_stock_threshold": 10,
}


@pytest.fixture
def merchant(moto_cloud: None) -> Account:  # noqa: ARG001  # the ground under it
    return make_merchant()


@pytest.fixture
def token(merchant: Account) -> str:
    return token_of(merchant)


def put(token: str, **changes: Any) -> Answer:
    return call("PUT", "/api/merchant/settings/", changes, token=token)


def shown(token: str) -> dict[str, Any]:
    answer: dict[str, Any] = call("GET", "/api/merchant/settings/", token=token).json
    return answer


def test_a_new_shop_has_its_name_and_is_told_by_text(token: str) -> None:
    assert shown(token) == UNSET


def test_settings_are_stored_and_shown(merchant: Account, token: str) -> None:
    answer = put(token, **SET)
    assert (answer.status, answer.json) == (200, SET)
    assert shown(token) == SET
    settings = operations.get(keys.merchants.settings(merchant.account_id))
    assert settings is not None
    assert (settings.merchant_id, settings.by_email, settings.low_stock_threshold) == (merchant.account_id, True, 10)
    assert accounts.get(merchant.account_id).name == "Liberty Books II"


@pytest.mark.parametrize(
    ("change", "then"),
    [
        ({}, {}),
        ({"city": "Karachi"}, {"city": "Karachi"}),
        ({"notifications": {"sms": True}}, {"notifications": {"sms": True, "email": True}}),
        ({"email": None}, {"email": None}),
        (
            {"address": None, "city": None, "low_stock_threshold": None},
            {"address": "", "city": "", "low_stock_threshold": 0},
        ),
        ({"notifications": None}, {"notifications": {"sms": True, "email": False}}),
        ({"address": "  ", "low_stock_threshold": 0}, {"address": "", "low_stock_threshold": 0}),
    ],
)
def test_what_is_named_is_changed_and_the_rest_stays(change: dict[str, Any], then: dict[str, Any], token: str) -> None:
    put(token, **SET)
    assert put(token, **change).json == {**SET, **then}
    assert shown(token) == {**SET, **then}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", None),
        ("name", " "),
        ("name", "x" * 101),
        ("email", "nobody"),
        ("address", "x" * 201),
        ("city", 7),
        ("notifications", {}),
        ("notifications", {"sms": "yes"}),
        ("low_stock_threshold", -1),
        ("low_stock_threshold", 100_001),
        ("low_stock_threshold", 1.5),
        ("low_stock_threshold", True),
    ],
)
def test_a_wrong_field_is_named_and_nothing_changes(field: str, value: Any, token: str) -> None:
    put(token, **SET)
    before = stored()
    answer = put(token, **{"city": "Multan", field: value})
    assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")
    assert answer.json["error"]["details"][0]["field"].startswith(field)
    assert stored() == before


def test_what_the_platform_owns_cannot_be_changed(merchant: Account, token: str) -> None:
    answer = put(token, id="mer_x", status="suspended", mobile_number="+923019999999", card_fee="0.00", merchant_id="x")
    assert answer.json == UNSET
    account = accounts.get(merchant.account_id)
    assert (account.status, account.mobile_number) == ("active", merchant.mobile_number)


def test_one_shops_settings_are_no_others(token: str) -> None:
    other = token_of(make_merchant(name="Saeed Books"))
    put(token, **SET)
    assert shown(other) == {**UNSET, "name": "Saeed Books"}
