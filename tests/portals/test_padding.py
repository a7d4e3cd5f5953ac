"""Answers to log-ins and codes are padded to even steps, so their time does not reveal who has an account."""

import time
from collections.abc import Iterator

import pytest

from chalicelib.config import config
from chalicelib.portals.http import padding
from chalicelib.portals.http.route import ROUTES
from tests.support.client import call
from tests.support.factories import make_customer

KNOWN, UNKNOWN = "+923001234567", "+923007654321"
STEP = 0.15


@pytest.fixture
def paced(monkeypatch: pytest.MonkeyPatch, moto_cloud: None) -> Iterator[None]:  # noqa: ARG001  # the ground under it
    monkeypatch.setenv("ANSWER_PACE_MS", str(int(STEP * 1000)))
    config.cache_clear()
    yield
    monkeypatch.undo()
    config.cache_clear()


@pytest.mark.parametrize(("taken", "rest"), [(0.0, 0.0), (0.1, 0.2), (0.3, 0.0), (0.31, 0.29), (0.9, 0.0)])
def test_what_is_left_goes_to_the_next_whole_step(taken: float, rest: float) -> None:
    assert padding.remaining(taken, step=0.3) == pytest.approx(rest)
    assert padding.remaining(taken, step=0.0) == 0.0


@pytest.mark.usefixtures("paced")
def test_no_answer_comes_before_its_step_whatever_it_says() -> None:
    make_customer(mobile_number=KNOWN)
    asked = [
        ("login", {"mobile_number": KNOWN, "password": "a wrong password"}, 401),
        ("login", {"mobile_number": UNKNOWN, "password": "a wrong password"}, 401),
        ("login", {"mobile_number": UNKNOWN}, 400),
        ("forgot-password/request-otp", {"mobile_number": KNOWN}, 202),
        ("forgot-password/request-otp", {"mobile_number": UNKNOWN}, 202),
    ]
    for path, body, status in asked:
        begun = time.monotonic()
        assert call("POST", f"/api/v1/users/{path}/", body).status == status
        assert time.monotonic() - begun >= STEP


def test_every_door_that_takes_a_password_or_a_code_is_paced() -> None:
    secrets = {"password", "otp", "mobile_number", "contact_mobile", "challenge_id"}
    takes = {
        route.operation_id: route.padded
        for route in ROUTES
        if route.guard is None and route.body is not None and secrets & set(route.body.model_fields)
    }
    assert len(takes) >= 15
    assert [operation_id for operation_id, is_paced in takes.items() if not is_paced] == []
