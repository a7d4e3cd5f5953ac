"""The rotating code: vectors made by independent code, and each way in which a code is refused."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.clients import aws, secrets
from chalicelib.config import config
from chalicelib.domain.campus.events import rotating_codes
from chalicelib.table.items import CampusEvent
from chalicelib.vocabulary.access import SecretLife
from chalicelib.vocabulary.campus import CodeRefusal
from tests.support.explore import explore
from tests.vectors import campus_qr

_VECTORS = json.loads(campus_qr.FILE.read_text(encoding="utf-8"))
_AT = datetime.fromtimestamp(campus_qr.AT, UTC)
_CASES = pytest.mark.parametrize("case", _VECTORS["cases"], ids=lambda case: case["id"])


def _event(event_id: str = campus_qr.EVENT, epoch: int = campus_qr.EPOCH) -> CampusEvent:
    return CampusEvent("CAMPUS_EVENT#x", "CAMPUS_EVENT", event_id=event_id, qr_epoch=epoch)


@pytest.fixture
def _keyed(moto_cloud: None) -> Iterator[None]:  # noqa: ARG001  # the cloud comes first
    """Make the secret of the vectors the platform's, after another one."""
    ring = {
        "key_1": _VECTORS["secret_before"],
        "key_2": _VECTORS["secret"],
        "versions": {"2": {"signs_from": "2026-01-01T00:00:00Z"}},
    }
    name = config().secret_name.format(life=SecretLife.TICKETS)
    aws.client("secretsmanager").put_secret_value(SecretId=name, SecretString=json.dumps(ring))
    secrets.forget()
    yield
    secrets.forget()


pytestmark = pytest.mark.usefixtures("_keyed")


def test_the_file_is_what_its_maker_makes() -> None:
    assert campus_qr.content() == _VECTORS


def test_tokens_and_digits_are_those_of_the_vectors() -> None:
    assert rotating_codes.token(_event(), _AT) == _VECTORS["cases"][0]["token"]
    assert rotating_codes.code(_event(), _AT) == _VECTORS["cases"][0]["code"]


@_CASES
def test_a_token_gets_its_verdict(case: dict[str, Any]) -> None:
    verdict = rotating_codes.check_token(case["token"], _event(), _AT)
    assert verdict.reason == case["refused"]
    assert verdict.is_accepted == (case["refused"] is None)


@_CASES
def test_eight_digits_get_their_verdict(case: dict[str, Any]) -> None:
    assert rotating_codes.check_code(case["code"], _event(), _AT).reason == case["code_refused"]


def test_the_second_of_birth_is_the_tokens_and_the_steps_beginning_the_digits() -> None:
    event, born_at = _event(), _AT + timedelta(seconds=7)
    token, code = rotating_codes.token(event, born_at), rotating_codes.code(event, born_at)
    later = _AT + timedelta(seconds=30)
    assert rotating_codes.check_token(token, event, later).born_at == born_at
    assert rotating_codes.check_code(code, event, later).born_at == _AT - timedelta(seconds=10)


def test_every_changed_bit_is_refused() -> None:
    token = _VECTORS["cases"][0]["token"]
    size = len(token) * 6 // 8 * 8
    for bit in range(size):
        verdict = rotating_codes.check_token(campus_qr.flipped(token, bit), _event(), _AT)
        assert verdict.reason in (CodeRefusal.CHANGED, CodeRefusal.UNKNOWN), bit


@pytest.mark.parametrize(
    "text", ["", " ", "x", "AQ", "A" * 201, "é" * 76, "https://example.com/?q=1", "null", "12345678"]
)
def test_other_texts_are_no_tokens(text: str) -> None:
    assert rotating_codes.read(text) is None
    assert rotating_codes.check_token(text, _event(), _AT).reason is CodeRefusal.UNKNOWN


@pytest.mark.parametrize("change", ["{}=", "{}A", "+{}", "{}\n\n{}"])
def test_a_token_has_one_spelling(change: str) -> None:
    token = _VECTORS["cases"][0]["token"]
    assert rotating_codes.check_token(change.format(token, token), _event(), _AT).reason is CodeRefusal.UNKNOWN


def test_space_around_a_pasted_token_and_code_does_not_matter() -> None:
    event = _event()
    assert rotating_codes.check_token(f" {rotating_codes.token(event, _AT)}\n", event, _AT).is_accepted
    assert rotating_codes.check_code(f"{rotating_codes.code(event, _AT)} ", event, _AT).is_accepted


@explore(most=100, fewest=100)
@given(born=st.integers(-200, 200), read=st.integers(-200, 200))
def test_exactly_the_step_of_birth_and_the_next_accept_a_token(born: int, read: int) -> None:
    event, at = _event(), _AT + timedelta(seconds=read)
    token = rotating_codes.token(event, _AT + timedelta(seconds=born))
    steps = (campus_qr.AT + read) // 30 - (campus_qr.AT + born) // 30
    # Clocks of two containers may differ by three seconds.
    expected = (steps in (0, 1) and born <= read + 3) or 0 < born - read <= 3
    assert rotating_codes.check_token(token, event, at).is_accepted == expected


def test_a_container_whose_clock_is_ahead_makes_accepted_tokens() -> None:
    event = _event()
    token = rotating_codes.token(event, _AT + timedelta(seconds=2))
    assert rotating_codes.check_token(token, event, _AT).is_accepted
