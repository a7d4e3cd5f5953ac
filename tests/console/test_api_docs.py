"""The API's page: its texts, log-ins, keys, commands and find, by a browser that enforces its policy."""

import re
import shlex

import pytest
from playwright.sync_api import Locator, Page, expect

from chalicelib.schemas.examples import demo
from infra.local.demo import demo_passwords
from tests.console.browsers import Opener
from tests.console.checks import axe, no_overflow
from tests.console.site import Site


def docs(open_page: Opener, fragment: str = "", **settings: str) -> Page:
    page = open_page(f"/api/docs{fragment}", **settings)
    page.locator("details.operation").first.wait_for()
    return page


def opened(page: Page, words: str, path: str) -> Locator:
    """Find an operation and open it."""
    page.get_by_label("Find").fill(words)
    operation = page.locator("#operations details.operation:not([hidden])").filter(
        has=page.locator(".path", has_text=re.compile(f"^{re.escape(path)}$"))
    )
    operation.locator("summary").first.click()
    return operation


def fill_body(operation: Locator, body: str) -> None:
    operation.get_by_label("Request body").fill(body)
    operation.get_by_role("button", name="Send").click()


def test_a_wrapped_text_is_one_paragraph(open_page: Opener) -> None:
    page = docs(open_page)
    items = page.locator("#intro li").all_inner_texts()
    [refusals] = [item for item in items if item.startswith("Refusals")]
    assert refusals.endswith("and the others are beside it (campus repeats the text as message).")
    assert page.locator("#intro p").all_inner_texts() == ["Each attendee is admitted exactly once."]


@pytest.mark.parametrize(
    ("portal", "words", "path", "body"),
    [
        ("admin", "post /api/auth/login", "/api/auth/login/", ("email", demo.ADMIN_EMAIL, demo_passwords.ADMIN)),
        ("tix", "post /api/tix/auth/login", "/api/tix/auth/login", ("email", demo.TIX_EMAIL, demo_passwords.TIX)),
        (
            "campus",
            "post /api/campus/auth/login",
            "/api/campus/auth/login/",
            ("username", demo.CAMPUS_ADMIN_EMAIL, demo_passwords.CAMPUS),
        ),
    ],
)
def test_a_log_in_fills_the_token_of_its_portal(
    open_page: Opener, portal: str, words: str, path: str, body: tuple[str, str, str]
) -> None:
    page = docs(open_page)
    name, who, password = body
    fill_body(opened(page, words, path), f'{{"{name}": "{who}", "password": "{password}"}}')
    expect(page.locator(f"#token-{portal}Token")).to_have_value(re.compile(r"^[\w-]+\.[\w-]+\.[\w-]+$"))


@pytest.mark.each_run
def test_both_steps_of_a_log_in_lead_to_the_token_and_an_own_route_answers(open_page: Opener, site: Site) -> None:
    page = docs(open_page)
    before = site.codes(demo.CUSTOMER_NUMBER)
    first = opened(page, "post /api/v1/users/login/", "/api/v1/users/login/")
    fill_body(first, f'{{"mobile_number": "{demo.CUSTOMER_NUMBER}", "password": "{demo_passwords.CUSTOMER}"}}')
    expect(first.locator("pre").first).to_contain_text("challenge_id")
    code = site.new_code(demo.CUSTOMER_NUMBER, before)
    second = opened(page, "verify-login-otp", "/api/v1/users/verify-login-otp/")
    body = second.get_by_label("Request body")
    # The first step's challenge is there already.
    fill_body(second, re.sub(r'"otp": "[^"]*"', f'"otp": "{code}"', body.input_value()))
    expect(page.locator("#token-webappToken")).to_have_value(re.compile(r"^[\w-]+\.[\w-]+\.[\w-]+$"))
    own = opened(page, "get /api/v1/users/me", "/api/v1/users/me/")
    own.get_by_role("button", name="Send").click()
    expect(own.locator("pre").first).to_contain_text(demo.CUSTOMER_NUMBER)


def test_a_key_is_offered_where_the_operation_takes_one(open_page: Opener) -> None:
    page = docs(open_page)
    booking = opened(page, "post tickets/book", "/api/v1/tickets/book/")
    key = booking.get_by_label("Idempotency-Key")
    first = key.input_value()
    assert re.fullmatch(r"[0-9a-f-]{36}", first)
    booking.get_by_role("button", name="New key").click()
    assert key.input_value() != first
    plain = opened(page, "post /api/auth/login", "/api/auth/login/")
    expect(plain.get_by_label("Request body")).to_be_visible()
    expect(plain.get_by_label("Idempotency-Key")).to_have_count(0)


def test_a_command_is_quoted_for_the_shell_and_names_the_token_only(open_page: Opener, site: Site) -> None:
    page = open_page.context(permissions=["clipboard-read", "clipboard-write"]).new_page()
    page.goto("/api/docs")
    page.locator("details.operation").first.wait_for()
    page.locator("#token-webappToken").fill("a.secret.token")
    booking = opened(page, "post tickets/book", "/api/v1/tickets/book/")
    body = '{"event_id": "it\'s $HOME `id` \\"x\\""}'
    booking.get_by_label("Request body").fill(body)
    booking.get_by_role("button", name="Copy as curl").click()
    expect(booking.get_by_text("Copied.")).to_be_visible()
    command = page.evaluate("() => navigator.clipboard.readText()")
    words = shlex.split(command.replace("\\\n", " "))
    assert words[:4] == ["curl", "-X", "POST", f"{site.url}/api/v1/tickets/book/"]
    assert "Authorization: Bearer $WEBAPP_TOKEN" in words
    assert words[words.index("--data-raw") + 1] == body
    assert "secret" not in command


def test_find_filters_operations_contents_and_schemas_and_says_how_many(open_page: Opener) -> None:
    page = docs(open_page)
    page.get_by_label("Find").fill("rotate")
    found = page.locator("#found")
    expect(found).to_have_text(re.compile(r"^\d+ operations?, \d+ schemas?$"))
    operations = page.locator("#operations details:not([hidden])").count()
    assert found.inner_text().startswith(f"{operations} operation")
    expect(page.locator("#contents a:not([hidden])")).to_have_count(operations)
    page.get_by_label("Find").fill("no such words anywhere")
    expect(page.get_by_text("No operation and no schema has these words.")).to_be_visible()
    page.get_by_role("button", name="Show all").click()
    expect(page.locator("#nothing")).to_be_hidden()
    expect(page.get_by_label("Find")).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_has_no_barrier(open_page: Opener, scheme: str) -> None:
    page = docs(open_page, scheme=scheme)
    page.keyboard.press("Tab")
    expect(page.locator("a.skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    opened(page, "post tickets/book", "/api/v1/tickets/book/")
    axe(page)


def test_the_page_fits_into_320_pixels(open_page: Opener) -> None:
    page = docs(open_page, viewport="narrow")
    no_overflow(page)
    opened(page, "post tickets/book", "/api/v1/tickets/book/")
    no_overflow(page)
