"""No answer reveals whether a number has an account: not by status, body, requests to the cloud, or time."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from argon2 import PasswordHasher

from chalicelib.clients import aws
from tests.support.asked import requests
from tests.support.client import Answer, call
from tests.support.codes import code_in, texts
from tests.support.factories import PASSWORD, make_customer

pytestmark = pytest.mark.usefixtures("moto_cloud")
KNOWN, UNKNOWN = "+923001234567", "+923007654321"
USERS = "/api/v1/users"


@pytest.fixture(autouse=True)
def customer(moto_cloud: None) -> None:  # noqa: ARG001  # the ground under it
    make_customer(mobile_number=KNOWN)


def register(number: str, address: str = "192.0.2.1") -> Answer:
    body = {"mobile_number": number, "password": PASSWORD, "name": "Ayesha Khan"}
    return call("POST", f"{USERS}/register/", body, address=address)


def forgotten(number: str, address: str = "192.0.2.1") -> Answer:
    return call("POST", f"{USERS}/forgot-password/request-otp/", {"mobile_number": number}, address=address)


def wrong_password(number: str, address: str = "192.0.2.1") -> Answer:
    body = {"mobile_number": number, "password": "a wrong password"}
    return call("POST", f"{USERS}/login/", body, address=address)


def guess(number: str, address: str = "192.0.2.1") -> Answer:
    body = {"mobile_number": number, "otp": "00000000", "new_password": PASSWORD}
    return call("POST", f"{USERS}/reset-password/", body, address=address)


def resend_registration(number: str, address: str = "192.0.2.1") -> Answer:
    challenge_id = register(number, address).json["challenge_id"]
    return call("POST", f"{USERS}/resend-otp/", {"challenge_id": challenge_id}, address=address)


def resend_reset(number: str, address: str = "192.0.2.1") -> Answer:
    challenge_id = forgotten(number, address).json["challenge_id"]
    return call("POST", f"{USERS}/resend-otp/", {"challenge_id": challenge_id}, address=address)


ASKED = [register, forgotten, wrong_password, guess, resend_registration, resend_reset]


@pytest.mark.parametrize("ask", ASKED)
def test_known_and_unknown_numbers_get_the_same_answer(ask: Callable[[str], Answer]) -> None:
    known, unknown = ask(KNOWN), ask(UNKNOWN)

    def plain(answer: Answer) -> Any:
        body = dict(answer.json)
        body.pop("challenge_id", None)
        body.get("error", {}).pop("request_id", None)
        return answer.status, body, sorted(answer.headers), len(answer.json.get("challenge_id", ""))

    assert plain(known) == plain(unknown)


@pytest.mark.parametrize("ask", ASKED)
def test_known_and_unknown_numbers_ask_the_cloud_for_the_same(ask: Callable[[str, str], Answer]) -> None:
    # Once before, so that what a container reads once is read.
    ask("+923001111111", "192.0.2.7")
    sequences = []
    for number, address in ((KNOWN, "192.0.2.8"), (UNKNOWN, "192.0.2.9")):
        with requests() as asked:
            ask(number, address)
        sequences.append(asked)
    assert sequences[0] == sequences[1]
    assert len(sequences[0]) > 1


def test_a_registered_number_is_told_by_text_alone_and_without_a_code() -> None:
    known, unknown = register(KNOWN), register(UNKNOWN)
    first, second = texts()
    assert (first["to"], "already" in first["body"], any(c.isdigit() for c in first["body"])) == (KNOWN, True, False)
    assert (second["to"], len(code_in(second))) == (UNKNOWN, 6)
    assert known.json.keys() == unknown.json.keys()


def test_no_code_opens_the_registration_of_a_registered_number() -> None:
    begun = register(KNOWN)
    answers = [
        call("POST", f"{USERS}/verify-otp/", {"challenge_id": begun.json["challenge_id"], "otp": f"{n:06}"})
        for n in range(6)
    ]
    assert [answer.code for answer in answers] == ["OTP_INVALID"] * 5 + ["OTP_EXHAUSTED"]


def test_a_text_to_nobody_is_dropped_by_the_worker() -> None:
    import app

    forgotten(UNKNOWN)
    (decoy,) = texts()
    assert decoy["decoy"] is True
    assert UNKNOWN not in json.dumps(decoy)
    record = {"messageId": "m1", "body": json.dumps(decoy), "receiptHandle": "r"}
    sent: list[str] = []
    client: Any = aws.client("sns")
    client.meta.events.register("before-parameter-build.sns.*", lambda model, **_: sent.append(model.name))
    assert app.messages({"Records": [record]}, None) == {"batchItemFailures": []}
    assert sent == []
    record["body"] = json.dumps({**decoy, "decoy": False, "to": KNOWN})
    app.messages({"Records": [record]}, None)
    assert sent == ["Publish"]


@pytest.mark.parametrize("ask", ASKED)
def test_known_and_unknown_numbers_cost_the_same_hashing(
    ask: Callable[[str, str], Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The bench measures the time; only argon2 could make a difference between the two.
    ask("+923001111111", "192.0.2.7")
    hashed: list[str] = []
    for name in ("hash", "verify"):
        real = getattr(PasswordHasher, name)

        def counting(self: Any, *given: Any, real: Any = real, name: str = name) -> Any:
            hashed.append(name)
            return real(self, *given)

        monkeypatch.setattr(PasswordHasher, name, counting)
    counts = []
    for number, address in ((KNOWN, "192.0.2.8"), (UNKNOWN, "192.0.2.9")):
        hashed.clear()
        ask(number, address)
        counts.append(list(hashed))
    assert counts[0] == counts[1]
