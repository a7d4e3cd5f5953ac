"""A device proves itself with a key of full order only, and each of its signed log-ins gets a token once."""

import base64
import hashlib
import json
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from chalicelib import clock
from chalicelib.domain.access import devices
from chalicelib.table import keys, operations
from chalicelib.table.items import Device
from tests.support.client import Answer, call
from tests.support.factories import Reader, make_event, make_reader, public

pytestmark = pytest.mark.usefixtures("moto_cloud")

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
L = 2**252 + 27742317777372353535851937790883648493


def text_of(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def spelling(y: int, sign: int) -> bytes:
    return (y | sign << 255).to_bytes(32, "little")


# The group, in affine coordinates, apart from the platform's own check


def add(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    product = D * a[0] * b[0] * a[1] * b[1] % P
    x = (a[0] * b[1] + b[0] * a[1]) * pow(1 + product, -1, P) % P
    return x, (a[1] * b[1] + a[0] * b[0]) * pow(1 - product, -1, P) % P


def times(n: int, point: tuple[int, int]) -> tuple[int, int]:
    found = (0, 1)
    for bit in f"{n:b}":
        found = add(found, found)
        if bit == "1":
            found = add(found, point)
    return found


def point_at(y: int) -> tuple[int, int] | None:
    """Return a point with this y, if the curve has one (RFC 8032, section 5.1.3)."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    return None if (x * x - square) % P else (x, y % P)


def small_points() -> set[tuple[int, int]]:
    """Return the eight points of small order: multiples of L of points that are in no subgroup."""
    found: set[tuple[int, int]] = set()
    y = 2
    while len(found) < 8:
        point = point_at(y)
        if point is not None:
            torsion = times(L, point)
            found |= {times(n, torsion) for n in range(8)}
        y += 1
    return found


def small_spellings() -> list[bytes]:
    """Return every 32 bytes that some decoder reads as a point of small order, canonical or not."""
    ys = {y for _, y in small_points()}
    spelled = {y + extra for y in ys for extra in (0, P) if y + extra < 2**255}
    return [spelling(y, sign) for y in sorted(spelled) for sign in (0, 1)]


# Published list: "Taming the many EdDSAs" (Chalkias, Garillot, Nikolaenko, 2020), table 6, lines 0 to 13.
PUBLISHED = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
]


def provisioned() -> str:
    made = devices.provision(event_id=make_event().event_id, gate_name="Gate 1", name="Reader", by="adm_test")
    return made.enrollment_code


def enroll(code: str, key: str) -> Answer:
    return call("POST", "/api/device/enroll/", {"code": code, "public_key": key})


def test_the_published_spellings_of_small_order_are_those_that_the_group_has() -> None:
    assert {raw.hex() for raw in small_spellings()} == set(PUBLISHED)


def test_an_enrolment_refuses_every_key_of_small_order_and_keeps_its_code() -> None:
    code = provisioned()
    for spelled in PUBLISHED:
        answer = enroll(code, text_of(bytes.fromhex(spelled)))
        assert (answer.status, answer.code) == (400, "VALIDATION_ERROR"), spelled
        (problem,) = answer.json["error"]["details"]
        assert problem["field"] == "public_key"
    assert enroll(code, public(Ed25519PrivateKey.generate())).status == 200


def test_an_enrolment_refuses_bytes_that_are_no_point_or_not_its_one_spelling() -> None:
    code = provisioned()
    off_curve = next(y for y in range(2, 100) if point_at(y) is None)
    beyond = [P + y for y in range(2, 19)]
    for raw in (spelling(off_curve, 0), spelling(off_curve, 1), *(spelling(y, 0) for y in beyond)):
        assert enroll(code, text_of(raw)).status == 400


def test_an_enrolment_accepts_keys_of_full_order() -> None:
    for seed in range(16):
        key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(bytes([seed])).digest())
        assert enroll(provisioned(), public(key)).status == 200


def test_a_key_of_small_order_that_was_enrolled_before_gets_no_token() -> None:
    code, key = provisioned(), Ed25519PrivateKey.generate()
    device_id = enroll(code, public(key)).json["device_id"]
    identity = text_of(bytes.fromhex(PUBLISHED[0]))
    operations.record(operations.change(keys.access.device(device_id), [Device.public_key.set(identity)]))
    # Verifies under the identity for every message: R is the identity too, and S is zero.
    signature = bytes.fromhex(PUBLISHED[0]) + bytes(32)
    Ed25519PublicKey.from_public_bytes(bytes.fromhex(PUBLISHED[0])).verify(signature, b"any message")
    answer = call("POST", "/api/device/token/", {"device_id": device_id, "assertion": forged(device_id, signature)})
    assert (answer.status, answer.code) == (401, "UNAUTHENTICATED")


def forged(device_id: str, signature: bytes) -> str:
    now = int(clock.now().timestamp())
    header: dict[str, Any] = {"alg": "EdDSA", "typ": "device-assertion+jwt"}
    claims = {"iss": device_id, "sub": device_id, "aud": devices.ASSERTION_AUDIENCE, "iat": now, "exp": now + 60}
    return ".".join([text_of(json.dumps(header).encode()), text_of(json.dumps(claims).encode()), text_of(signature)])


# A signed log-in is exchanged once


def log_in(reader: Reader, assertion: str) -> int:
    body = {"device_id": reader.device_id, "assertion": assertion}
    return call("POST", "/api/device/token/", body).status


def test_a_signed_log_in_is_not_exchanged_twice() -> None:
    reader = make_reader(make_event())
    seen = reader.assertion(jti="a log-in that a stranger has seen")
    assert log_in(reader, seen) == 200
    assert log_in(reader, seen) == 401
    with clock.set_to(clock.now() + timedelta(seconds=59)):
        assert log_in(reader, seen) == 401
    assert log_in(reader, reader.assertion(jti="the next one")) == 200


def test_a_jti_counts_also_in_another_assertion_and_for_its_device_alone() -> None:
    reader, other = make_reader(make_event()), make_reader(make_event())
    now = int(clock.now().timestamp())
    assert log_in(reader, reader.assertion(jti="one", iat=now - 1, exp=now + 59)) == 200
    assert log_in(reader, reader.assertion(jti="one", iat=now)) == 401
    assert log_in(other, other.assertion(jti="one")) == 200


def test_an_assertion_without_a_jti_is_remembered_by_what_was_signed() -> None:
    reader = make_reader(make_event())
    plain = without_jti(reader)
    now = clock.now()
    with clock.set_to(now):
        # A device that counts whole seconds signs the same text twice in one of them.
        assert [log_in(reader, plain), log_in(reader, plain)] == [200, 200]
    with clock.set_to(now + timedelta(seconds=3)):
        assert log_in(reader, plain) == 401


def without_jti(reader: Reader) -> str:
    now = int(clock.now().timestamp())
    claims = {"iss": reader.device_id, "sub": reader.device_id, "aud": devices.ASSERTION_AUDIENCE, "iat": now}
    headers = {"typ": "device-assertion+jwt"}
    return jwt.encode({**claims, "exp": now + 60}, reader.key, algorithm="EdDSA", headers=headers)


def test_a_stranger_who_cannot_sign_spends_no_jti() -> None:
    reader = make_reader(make_event())
    genuine = reader.assertion(jti="one")
    stranger = Reader(reader.device_id, Ed25519PrivateKey.generate())
    assert log_in(reader, stranger.assertion(jti="one")) == 401
    signed, _, signature = genuine.rpartition(".")
    assert log_in(reader, f"{signed}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}") == 401
    assert log_in(reader, genuine) == 200


@pytest.mark.parametrize("jti", ["", "x" * 129, 7, True, ["one"], {"one": 1}])
def test_a_jti_that_is_none_is_refused(jti: Any) -> None:
    reader = make_reader(make_event())
    assert log_in(reader, reader.assertion(jti=jti)) == 401
