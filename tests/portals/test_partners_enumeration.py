"""No answer reveals whether a number is a merchant's or an organizer's: not by status, body, or cloud requests."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.asked import requests
from tests.support.client import Answer, call
from tests.support.codes import texts
from tests.support.factories import PASSWORD, make_customer, make_merchant, make_organizer

pytestmark = pytest.mark.usefixtures("moto_cloud")
KNOWN, UNKNOWN = "+923011234567", "+923017654321"


@pytest.fixture(autouse=True)
def partners(moto_cloud: None) -> None:  # noqa: ARG001  # the ground under it
    make_merchant(mobile_number=KNOWN)
    make_organizer(contact_mobile=KNOWN)
    # A customer's number is nothing to the other portals.
    make_customer(mobile_number=UNKNOWN)


def merchant_wrong_password(number: str, address: str) -> Answer:
    body = {"mobile_number": number, "password": "a wrong password"}
    return call("POST", "/api/merchant/login/", body, address=address)


def merchant_guess(number: str, address: str) -> Answer:
    return call("POST", "/api/merchant/verify-otp/", {"mobile_number": number, "otp": "000000"}, address=address)


def organizer_wrong_password(number: str, address: str) -> Answer:
    body = {"contact_mobile": number, "password": "a wrong password"}
    return call("POST", "/api/organizer/login/", body, address=address)


def organizer_guess(number: str, address: str) -> Answer:
    return call("POST", "/api/organizer/verify-otp/", {"contact_mobile": number, "otp": "000000"}, address=address)


def organizer_forgets(number: str, address: str) -> Answer:
    return call("POST", "/api/organizer/forgot-password/", {"contact_mobile": number}, address=address)


def organizer_guesses_a_reset(number: str, address: str) -> Answer:
    body = {"contact_mobile": number, "otp": "00000000", "new_password": PASSWORD}
    return call("POST", "/api/organizer/reset-password/", body, address=address)


def organizer_guesses_after_forgetting(number: str, address: str) -> Answer:
    organizer_forgets(number, address)
    return organizer_guesses_a_reset(number, address)


ASKED = [
    merchant_wrong_password,
    merchant_guess,
    organizer_wrong_password,
    organizer_guess,
    organizer_forgets,
    organizer_guesses_a_reset,
    organizer_guesses_after_forgetting,
]


def plain(answer: Answer) -> Any:
    """Return an answer without the values that are new in each."""
    body = dict(answer.json)
    challenge_id = body.pop("challenge_id", "")
    body.get("error", {}).pop("request_id", None)
    return answer.status, body, len(challenge_id), sorted(answer.headers)


@pytest.mark.parametrize("ask", ASKED)
def test_known_and_unknown_numbers_get_the_same_answer_for_the_same_work(
    ask: Callable[[str, str], Answer],
) -> None:
    ask("+923011111111", "192.0.2.7")  # so that what a container reads once is read
    answers, sequences = [], []
    for number, address in ((KNOWN, "192.0.2.8"), (UNKNOWN, "192.0.2.9")):
        with requests() as asked:
            answers.append(plain(ask(number, address)))
        sequences.append(asked)
    assert answers[0] == answers[1]
    assert sequences[0] == sequences[1]
    assert len(sequences[0]) > 1


@pytest.mark.parametrize("number", [KNOWN, UNKNOWN])
def test_codes_are_limited_alike_for_numbers_with_and_without_an_account(number: str) -> None:
    statuses = [organizer_forgets(number, f"192.0.2.{n}").status for n in range(4)]
    assert statuses == [202, 202, 202, 429]


def test_a_text_to_nobody_names_no_number() -> None:
    organizer_forgets(UNKNOWN, "192.0.2.1")
    (text,) = texts()
    assert (text["decoy"], UNKNOWN in text["to"]) == (True, False)
