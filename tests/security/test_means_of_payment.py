"""Saved means of payment belong to one customer, and payments return to allowed addresses only."""

from collections.abc import Callable, Iterator

import pytest

from chalicelib.identifiers import new_id
from chalicelib.table.items import Account, Card
from tests.portals.webapp.evening import card_of
from tests.support import purchases
from tests.support.client import Answer, call
from tests.support.factories import customer_token, make_customer
from tests.support.settings import configured

pytestmark = pytest.mark.usefixtures("moto_cloud")
METHOD = "pm_1QfH2aLkdIwHu7ixOfSaved"


@pytest.fixture
def _stripe(moto_cloud: None) -> Iterator[None]:  # noqa: ARG001  # the cloud comes first
    """Stripe is chosen, at an address where nothing answers: a refusal comes before the provider is asked."""
    with configured(PAYMENT_PROVIDER="stripe", STRIPE_API_BASE="http://127.0.0.1:9"):
        yield


def owner_of(uid: str) -> tuple[Account, Card]:
    customer = make_customer()
    return customer, card_of(customer, uid)


def save(customer: Account, card: Card, token: str = METHOD) -> Answer:
    body = {"enabled": True, "threshold": "500.00", "amount": "1000.00", "payment_token": token}
    path = f"/api/v1/users/nfc-cards/{card.card_id}/auto-reload-settings/"
    return call("POST", path, body, token=customer_token(customer))


def reload(customer: Account, card: Card) -> Answer:
    path = f"/api/v1/users/nfc-cards/{card.card_id}/reload/"
    return call("POST", path, {"amount": "500.00", "payment_token": METHOD}, token=customer_token(customer))


def process(customer: Account, **body: object) -> Answer:
    return call("POST", "/api/v1/payments/process/", {"method": "card", **body}, token=customer_token(customer))


def pay_booking(customer: Account, _: Card) -> Answer:
    order = purchases.book(customer, purchases.make_show()[1])
    return process(customer, booking_id=order.order_id, payment_token=METHOD)


def pay_reload(customer: Account, card: Card) -> Answer:
    return process(customer, card_id=card.card_id, amount="500.00", payment_token=METHOD)


@pytest.mark.usefixtures("_stripe")
@pytest.mark.parametrize("use", [save, reload, pay_booking, pay_reload])
def test_anothers_saved_means_of_payment_is_not_found_wherever_a_token_comes_in(
    use: Callable[[Account, Card], Answer],
) -> None:
    owner, card = owner_of("04A1A1A1A1A1A1")
    stranger, other_card = owner_of("04A2A2A2A2A2A2")
    assert save(owner, card).status == 200

    refused = use(stranger, other_card)

    assert (refused.status, refused.code) == (404, "NOT_FOUND")
    assert refused.json["error"]["message"] == "You have no such saved means of payment."
    assert save(owner, card).status == 200
    assert save(stranger, other_card, f"{METHOD}2").status == 200


@pytest.mark.usefixtures("_stripe")
def test_it_stays_its_owners_after_the_automatic_reload_was_turned_off() -> None:
    owner, card = owner_of("04A1A1A1A1A1A1")
    assert save(owner, card).status == 200
    path = f"/api/v1/users/nfc-cards/{card.card_id}/auto-reload-settings/"
    assert call("POST", path, {"enabled": False}, token=customer_token(owner)).status == 200
    assert save(*owner_of("04A2A2A2A2A2A2")).status == 404


def returning(url: str) -> Answer:
    """Open a payment that returns to a URL. The booking is nobody's, so an allowed URL is answered with 404."""
    return process(make_customer(), booking_id=new_id("ord"), return_url=url)


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/back",
        "https://evil.example/back",
        "https://shop.example.evil.example/",
        "https://shop.example@evil.example/",
        "https://user@shop.example/",
        "https://shop.example:8443/",
        "https://shop.example\\@evil.example/",
        "https://evil.example/?https://shop.example",
        "https://[shop.example/",
        "http://localhost.evil.example/",
        "http://localhost@evil.example/",
        "http://localhost:8080.evil.example/",
        "http://localhost:99999/",
        "//shop.example/back",
        "javascript:alert(1)",
        "myapp://paid",
    ],
)
def test_a_payment_returns_to_no_address_that_is_not_on_the_list(url: str) -> None:
    with configured(RETURN_ORIGINS="https://shop.example,https://app.example"):
        refused = returning(url)
    assert (refused.status, refused.code) == (400, "VALIDATION_ERROR")
    assert refused.json["error"]["details"][0]["field"] == "return_url"


def test_a_payment_returns_to_an_allowed_origin_and_by_default_to_those_of_the_web_apps() -> None:
    with configured(RETURN_ORIGINS="https://shop.example,https://app.example"):
        assert {returning(f"https://{host}/paid?id=1").status for host in ("shop.example", "app.example")} == {404}
    with configured(CORS_ORIGINS="https://tickets.example", RETURN_ORIGINS=""):
        assert returning("https://tickets.example/paid").status == 404
        assert returning("https://shop.example/paid").status == 400


@pytest.mark.parametrize("url", ["http://localhost:8080/paid", "http://127.0.0.1:5173/", "http://[::1]:3000/"])
def test_only_a_local_run_returns_to_the_same_machine_over_http(url: str) -> None:
    assert returning(url).status == 404
    with configured(STAGE="prod"):
        assert returning(url).status == 400
