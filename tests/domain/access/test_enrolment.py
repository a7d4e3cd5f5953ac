"""The enrolment of a device, and its proof of identity."""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chalicelib import clock
from chalicelib.domain.access import devices, lock_outs, tokens
from chalicelib.domain.access.devices import EnrolledDevice
from chalicelib.domain.events import events
from chalicelib.errors import InvalidCredentials, Unauthenticated
from chalicelib.vocabulary.access import Portal

pytestmark = pytest.mark.usefixtures("moto_cloud", "event")
START = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
EVENT_ID = "evt_concert"


@pytest.fixture
def event() -> Iterator[None]:
    with clock.set_to(START):
        events.create(
            events.EventDraft(event_id=EVENT_ID, title="Concert", starts_at=START, ends_at=START + timedelta(hours=6))
        )
        yield


@pytest.fixture
def code() -> str:
    return devices.provision(event_id=EVENT_ID, gate_name="Gate 1", name="Reader 1", by="adm_1").enrollment_code


def public(key: Ed25519PrivateKey) -> str:
    return base64.urlsafe_b64encode(key.public_key().public_bytes_raw()).decode().rstrip("=")


def enrolled(code: str, key: Ed25519PrivateKey) -> EnrolledDevice:
    return devices.enroll(code=code, public_key=public(key), address="192.0.2.1")


def assertion(device_id: str, key: Ed25519PrivateKey, **other: Any) -> str:
    now = int(clock.now().timestamp())
    claims = {
        "iss": device_id,
        "sub": device_id,
        "aud": devices.ASSERTION_AUDIENCE,
        "iat": now,
        "exp": now + 60,
        **other,
    }
    return jwt.encode(claims, key, algorithm="EdDSA", headers={"typ": "device-assertion+jwt"})


def test_a_code_makes_one_device_of_one_key(code: str) -> None:
    key = Ed25519PrivateKey.generate()
    first = enrolled(code, key)
    assert enrolled(code, key) == first
    with pytest.raises(InvalidCredentials):
        enrolled(code, Ed25519PrivateKey.generate())


def test_a_code_dies_after_its_quarter_of_an_hour(code: str) -> None:
    with clock.set_to(START + timedelta(minutes=15)), pytest.raises(InvalidCredentials):
        enrolled(code, Ed25519PrivateKey.generate())


def test_a_device_gets_a_token_for_what_its_own_key_signed(code: str) -> None:
    key = Ed25519PrivateKey.generate()
    device = enrolled(code, key)
    now = datetime.now(UTC)
    with clock.set_to(now):
        token = devices.token(device_id=device.device_id, assertion=assertion(device.device_id, key))
        principal = tokens.verify(token, Portal.DEVICE)
        with pytest.raises(Unauthenticated):
            devices.token(
                device_id=device.device_id,
                assertion=assertion(device.device_id, Ed25519PrivateKey.generate()),
            )
        with pytest.raises(Unauthenticated):
            devices.token(device_id=device.device_id, assertion=assertion(device.device_id, key, aud="elsewhere"))
    assert (principal.id, principal.event_id, principal.gate) == (device.device_id, EVENT_ID, "Gate 1")


def test_a_revoked_device_is_locked_out(code: str) -> None:
    key = Ed25519PrivateKey.generate()
    device = enrolled(code, key)
    with clock.set_to(datetime.now(UTC)):
        token = devices.token(device_id=device.device_id, assertion=assertion(device.device_id, key))
        principal = tokens.verify(token, Portal.DEVICE)
        lock_outs.require_not_revoked(principal)
        devices.revoke(device.device_id)
        with pytest.raises(Unauthenticated):
            lock_outs.require_not_revoked(principal)
        with pytest.raises(Unauthenticated):
            devices.token(device_id=device.device_id, assertion=assertion(device.device_id, key))
