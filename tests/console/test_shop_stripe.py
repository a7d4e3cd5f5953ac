"""The shop with Stripe's form: its policy admits Stripe's script alone, and each answer of the bank leads on.

The platform behind it is the real one with its sandbox. On the way to the page an open payment is named as Stripe's,
the page gets the headers and settings of a stage with Stripe, and js.stripe.com answers a stand-in of the parts of
Stripe.js that the shop uses (docs.stripe.com/js). Stripe's own script has never run here.
"""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from infra import pages
from infra.pages import Origins
from tests.console import shopping
from tests.console.browsers import Opener
from tests.console.checks import axe
from tests.console.site import Site

_SHOP = next(page for page in pages.pages() if page.name == "shop")
# `bank` in the typed text makes the bank ask, `decline` refuses the card.
_SCRIPT = """
window.Stripe = (key) => ({
  elements: () => ({
    create: (type) => {
      const field = document.createElement("input");
      field.setAttribute("aria-label", `${type} of ${key}`);
      return {
        mount: (place) => place.append(field),
        on: (_, take) => field.addEventListener("input", () => take({ complete: field.value.length > 5 })),
        destroy: () => field.remove(),
        field,
      };
    },
  }),
  confirmCardPayment: async (secret, { payment_method: { card } }) => {
    window.paid = [...(window.paid ?? []), secret];
    return card.field.value.includes("decline") ? { error: { message: "Your card was declined." } } : {};
  },
  handleNextAction: async ({ clientSecret }) => {
    window.asked = [...(window.asked ?? []), clientSecret];
    return window.asked.length === 1 ? { error: { message: "The bank did not confirm." } } : {};
  },
});
"""
Shop = Callable[..., Page]


@pytest.fixture
def shop(open_page: Opener, site: Site) -> Shop:
    """Open a reservation of a new customer in a shop with Stripe; `asks` makes the bank ask before it pays."""

    def headers(route: Route) -> None:
        answer = route.fetch()
        policy = answer.headers["content-security-policy"].split("connect-src ")[1].split(";")[0].split()
        live = next(each for each in policy if each.startswith("ws"))
        files = tuple(each for each in policy if each.startswith("http"))
        route.fulfill(
            response=answer,
            headers={**answer.headers, **_lower(pages.headers(_SHOP, Origins(files, live, stripe=True)))},
        )

    def begun(route: Route) -> None:
        answer = route.fetch()
        payment = answer.json()
        assert payment["status"] == "requires_confirmation", payment
        secret = f"{payment['id']}_secret_1"
        route.fulfill(response=answer, json={**payment, "provider": "stripe", "client_secret": secret})

    def make(*, asks: bool = False, script: str | None = _SCRIPT) -> Page:
        _, session = site.new_customer()
        booking = shopping.booked(site, session, shopping.event(site))
        context = open_page.context(sessions={"webapp": session})
        context.route(lambda address: urlsplit(address).path.startswith("/bookings/"), headers)
        configured = pages.settings(provider="stripe", publishable_key="pk_test_1", stage="dev")
        context.route(f"**{pages.SETTINGS}", lambda route: route.fulfill(json=configured))
        context.route("**/payments/process/", begun)
        context.route(
            "https://js.stripe.com/**",
            lambda route: (
                route.abort() if script is None else route.fulfill(body=script, content_type="text/javascript")
            ),
        )
        if asks:
            action = {"type": "use_stripe_sdk", "client_secret": "pi_1_secret_bank", "url": None}
            context.route("**/payments/confirm/", lambda route: _asked(route, action), times=1)
        page = context.new_page()
        page.goto(f"/bookings/{booking['id']}")
        page.get_by_role("button", name="Pay PKR").click()
        return page

    return make


def _lower(headers: dict[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _asked(route: Route, action: dict[str, Any]) -> None:
    """Answer that the bank asks; the platform has not been asked to charge."""
    payment = json.loads(route.request.post_data or "{}")["payment_id"]
    body = {"id": payment, "status": "requires_action", "provider": "stripe", "next_action": action}
    amount = {"amount": "1500.00", "currency": "PKR"}
    route.fulfill(json={**body, "amount": amount, "tickets": [], "ticket_ids": []})


def typed(page: Page, text: str) -> None:
    page.get_by_label("card of pk_test_1").fill(text)
    page.get_by_role("button", name="Pay PKR").click()


def test_a_card_is_typed_into_stripes_form_and_pays(shop: Shop) -> None:
    page = shop()
    expect(page.get_by_role("button", name="Pay PKR")).to_have_attribute("aria-disabled", "true")
    axe(page)
    typed(page, "4242 4242")
    page.get_by_role("heading", level=1, name="The tickets are yours").wait_for()
    [secret] = page.evaluate("window.paid")
    assert secret.startswith("pay_")
    assert secret.endswith("_secret_1")


def test_a_declined_card_is_said_and_another_one_pays_the_same_payment(shop: Shop) -> None:
    page = shop()
    typed(page, "decline this")
    expect(page.get_by_text("Your card was declined.")).to_be_visible()
    typed(page, "4242 4242")
    page.get_by_role("heading", level=1, name="The tickets are yours").wait_for()
    first, second = page.evaluate("window.paid")
    assert first == second


def test_the_banks_question_is_asked_again_until_it_is_confirmed(shop: Shop) -> None:
    page = shop(asks=True)
    typed(page, "4000 bank")
    page.get_by_role("heading", name="Your bank asks you to confirm").wait_for()
    axe(page)
    page.get_by_role("button", name="Confirm now").click()
    expect(page.get_by_text("The bank did not confirm.")).to_be_visible()
    page.get_by_role("button", name="Confirm now").click()
    page.get_by_role("heading", level=1, name="The tickets are yours").wait_for()
    assert page.evaluate("window.asked") == ["pi_1_secret_bank"] * 2


def test_a_form_that_cannot_be_loaded_is_said_and_leads_back(shop: Shop, open_page: Opener) -> None:
    open_page.allow("Stripe|js.stripe.com")
    page = shop(script=None)
    expect(page.get_by_text("Stripe's form cannot be loaded.")).to_be_visible()
    page.get_by_role("button", name="Back", exact=True).click()
    expect(page.get_by_role("button", name="Pay PKR")).to_be_visible()
