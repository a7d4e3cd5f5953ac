"""Wrong codes by number from one address: so many in a quarter of an hour, at all doors, and no right one among them.

A code that is shown by its challenge is not counted for its address.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.access import resets
from chalicelib.domain.customers import registration
from chalicelib.table.items import Account
from chalicelib.vocabulary.access import Portal
from tests.support.client import Answer, call
from tests.support.codes import code_for
from tests.support.factories import PASSWORD, make_customer, make_merchant, make_organizer, token_of
from tests.support.settings import configured
from tests.support.shops import make_shop, new_customer, wrong

pytestmark = pytest.mark.usefixtures("moto_cloud")
START = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
WINDOW = timedelta(minutes=15)
PLACE, ELSEWHERE = "192.0.2.1", "192.0.2.2"
NUMBER = "+923031234567"
LIMIT = 3
NEW_PASSWORD = "another long password"

# Sends a code to a route, from an address.
Show = Callable[[str, str], Answer]


@pytest.fixture(autouse=True)
def limit() -> Iterator[None]:
    with configured(LIMIT_CODES_PER_ADDRESS=LIMIT):
        yield


def show_at(path: str, body: dict[str, Any], token: str | None = None) -> Show:
    return lambda code, address: call("POST", path, {**body, "otp": code}, token=token, address=address)


def registering() -> tuple[Show, str]:
    body = {"mobile_number": NUMBER, "password": PASSWORD, "name": "Ayesha Khan"}
    begun = call("POST", "/api/v1/users/register/", body, address=NUMBER)
    return show_at("/api/v1/users/verify-otp/", {"challenge_id": begun.json["challenge_id"]}), code_for(NUMBER)


def logging_in(make: Callable[[], Account], portal: Portal, path: str) -> tuple[Show, str]:
    make()
    registration.log_in(mobile_number=NUMBER, password=PASSWORD, address=NUMBER, portal=portal)
    name = "contact_mobile" if portal is Portal.ORGANIZER else "mobile_number"
    return show_at(path, {name: NUMBER}), code_for(NUMBER)


def forgetting(make: Callable[[], Account], portal: Portal, path: str, name: str) -> tuple[Show, str]:
    make()
    resets.forget(portal, NUMBER, address=NUMBER)
    return show_at(path, {name: NUMBER, "new_password": NEW_PASSWORD}), code_for(NUMBER)


def customer() -> Account:
    return make_customer(mobile_number=NUMBER)


def merchant() -> Account:
    return make_merchant(mobile_number=NUMBER)


def organizer() -> Account:
    return make_organizer(contact_mobile=NUMBER)


def moving() -> tuple[Show, str]:
    token, new = token_of(merchant()), "+923037654321"
    body = {"new_mobile": new, "password": PASSWORD}
    begun = call("POST", "/api/merchant/change-mobile/", body, token=token, address=NUMBER)
    show = show_at("/api/merchant/verify-mobile-change/", {"challenge_id": begun.json["challenge_id"]}, token)
    return show, code_for(new)


def handing_over() -> tuple[Show, str]:
    shop = make_shop()
    (card,) = shop.stock()
    assignment_id, code = shop.hold(card, new_customer())
    return show_at("/api/merchant/verify-customer-otp/", {"assignment_id": assignment_id}, shop.token), code


DOORS: dict[str, Callable[[], tuple[Show, str]]] = {
    "a customer's log-in": lambda: logging_in(customer, Portal.WEBAPP, "/api/v1/users/verify-login-otp/"),
    "a customer's new password": lambda: forgetting(
        customer, Portal.WEBAPP, "/api/v1/users/reset-password/", "mobile_number"
    ),
    "a merchant's log-in": lambda: logging_in(merchant, Portal.MERCHANT, "/api/merchant/verify-otp/"),
    "an organizer's log-in": lambda: logging_in(organizer, Portal.ORGANIZER, "/api/organizer/verify-otp/"),
    "an organizer's new password": lambda: forgetting(
        organizer, Portal.ORGANIZER, "/api/organizer/reset-password/", "contact_mobile"
    ),
}


BY_CHALLENGE: dict[str, Callable[[], tuple[Show, str]]] = {
    "a registration": registering,
    "a merchant's new number": moving,
    "a card handed over": handing_over,
}


def never_sent() -> Show:
    """Show codes for a number that was sent none."""
    return show_at("/api/v1/users/verify-login-otp/", {"mobile_number": "+923039999998"})


def codes(answers: list[Answer]) -> list[str | None]:
    return [answer.code for answer in answers]


@pytest.mark.parametrize("door", DOORS)
def test_an_address_that_showed_too_many_wrong_codes_is_refused_the_right_one_and_others_are_not(door: str) -> None:
    with clock.set_to(START):
        show, code = DOORS[door]()
        assert codes([show(wrong(code), PLACE) for _ in range(LIMIT)]) == ["OTP_INVALID"] * LIMIT
        refused = show(code, PLACE)
        assert (refused.status, refused.code, refused.headers["retry-after"]) == (429, "RATE_LIMITED", "900")
        # The refused one took no try of the challenge: from elsewhere there are two left, and one will do.
        assert show(wrong(code), ELSEWHERE).code == "OTP_INVALID"
        assert show(code, ELSEWHERE).status in (200, 201)


@pytest.mark.parametrize("door", BY_CHALLENGE)
def test_a_code_that_is_shown_by_its_challenge_is_taken_from_an_address_with_too_many_wrong_ones(door: str) -> None:
    with clock.set_to(START):
        show, code = BY_CHALLENGE[door]()
        for _ in range(LIMIT):
            never_sent()("000000", PLACE)
        assert never_sent()("000000", PLACE).code == "RATE_LIMITED"
        assert show(code, PLACE).status in (200, 201)


def test_a_full_limit_tells_nothing_of_what_is_guessed_at() -> None:
    show, code = DOORS["a customer's new password"]()
    path = "/api/v1/users/reset-password/"
    unknown = show_at(path, {"mobile_number": "+923039999999", "new_password": NEW_PASSWORD})
    with clock.set_to(START):
        for _ in range(LIMIT):
            never_sent()("000000", PLACE)
        said = [show(code, PLACE), unknown(code, PLACE), never_sent()("000000", PLACE)]
    bodies = [{**answer.json["error"], "request_id": None} for answer in said]
    assert [answer.status for answer in said] == [429] * 3
    assert bodies[0] == bodies[1] == bodies[2]


def test_all_doors_share_one_limit_and_what_is_expired_or_exhausted_counts_too() -> None:
    with clock.set_to(START):
        show, code = DOORS["a merchant's log-in"]()
    with clock.set_to(START + timedelta(minutes=6)):
        assert show(code, PLACE).code == "OTP_EXPIRED"
        assert codes([never_sent()(code, PLACE) for _ in range(LIMIT)]) == ["OTP_INVALID"] * 2 + ["RATE_LIMITED"]


def test_right_codes_do_not_count_however_many_come_from_one_address() -> None:
    for number in range(2 * LIMIT):
        mobile_number = f"+92303000000{number}"
        body = {"mobile_number": mobile_number, "password": PASSWORD, "name": "Ayesha Khan"}
        begun = call("POST", "/api/v1/users/register/", body, address=mobile_number)
        show = show_at("/api/v1/users/verify-otp/", {"challenge_id": begun.json["challenge_id"]})
        assert show(code_for(mobile_number), PLACE).status == 201


@pytest.mark.parametrize("door", DOORS)
def test_a_code_that_was_used_is_sent_again_without_a_count_for_the_address_and_guesses_at_it_count(door: str) -> None:
    with clock.set_to(START):
        show, code = DOORS[door]()
        answers = [show(code, PLACE) for _ in range(LIMIT + 2)]
        assert answers[0].status in (200, 201), answers[0].text
        assert codes(answers[1:]) == ["OTP_INVALID"] * (LIMIT + 1)
        # A neighbour behind the same address still gets in.
        neighbour = make_customer()
        number = str(neighbour.mobile_number)
        registration.log_in(mobile_number=number, password=PASSWORD, address=number, portal=Portal.WEBAPP)
        come = show_at("/api/v1/users/verify-login-otp/", {"mobile_number": number})
        assert come(code_for(number), PLACE).status == 200
        assert codes([show(wrong(code), PLACE) for _ in range(LIMIT + 1)]) == ["OTP_INVALID"] * LIMIT + ["RATE_LIMITED"]


def test_the_next_window_takes_codes_again() -> None:
    with clock.set_to(START + timedelta(minutes=5)):
        answers = [never_sent()("000000", PLACE) for _ in range(LIMIT + 1)]
        assert (answers[-1].status, answers[-1].headers["retry-after"]) == (429, "600")
    with clock.set_to(START + WINDOW):
        assert never_sent()("000000", PLACE).code == "OTP_INVALID"
