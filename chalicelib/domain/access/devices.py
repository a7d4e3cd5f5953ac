"""Reader devices: provisioned by staff, enrolled once with their own key, revocable."""

import base64
import hashlib
import hmac
import secrets as random_source
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Struct
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.clients.bus import Published
from chalicelib.clients.secrets import SESSIONS
from chalicelib.domain.access import device_keys, limits, lock_outs, security_log, sessions, tokens
from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import AuditSubject
from chalicelib.domain.crypto import signing
from chalicelib.domain.events import events, gate_control
from chalicelib.domain.lists import follower
from chalicelib.domain.lists.devices import ONLINE_FOR
from chalicelib.errors import InvalidCredentials, NotFound, Unauthenticated, Unavailable, ValidationFailed
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Device, Enrolment, UsedAssertion
from chalicelib.table.ranges import Begins
from chalicelib.vocabulary.access import Factor, Portal
from chalicelib.vocabulary.devices import DeviceStatus
from chalicelib.vocabulary.messages import Fact

CODE_LIFETIME = timedelta(minutes=15)
_ENROLMENT = "device enrolment"
ASSERTION_LIFETIME = timedelta(seconds=60)
ASSERTION_AUDIENCE = "gatehouse-device-token"
_ASSERTION_TYPE = "device-assertion+jwt"
_CLOCK_LEEWAY_SECONDS = 30
# How long a revoked device may send what it had: some minutes, since an answer may be lost.
LATE_UPLOAD_LASTS = timedelta(minutes=15)
_LONGEST_JTI = 128
# One second of `iat`, and one of the network.
_SAME_TEXT_WITHIN = timedelta(seconds=2)
# How the ids of an event's devices begin, by kind.
AGENTS, PHONES = "dev_", "phn_"
# No letters that resemble digits. 12 of 32 characters are 60 bits, valid for CODE_LIFETIME.
_CODE_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_CODE_LENGTH = 12
_UNKNOWN_CODE = "This enrolment code is not known, or was used. Ask for a new one."


class ProvisionedDevice(Struct, frozen=True):
    """A provisioned device with its enrolment code. The code is returned once and stored only as a MAC."""

    device_id: str
    enrollment_code: str
    expires_at: datetime


class DeviceSettings(Struct, frozen=True):
    """The settings of a device; `timezone` is its event's, by IANA name."""

    timezone: str
    heartbeat_seconds: int = 30
    batch_size: int = 100
    online_timeout_ms: int = 1000
    debounce_ms: int = 1000


class EnrolledDevice(Struct, frozen=True):
    """A device's identity after enrolment. `server_public_key` verifies ticket codes (base64url)."""

    device_id: str
    event_id: str
    gate: str
    server_public_key: str
    config: DeviceSettings


def settings(event_id: str) -> DeviceSettings:
    """Return the settings of an event's devices, by the cache of gate settings. Raises NotFound."""
    return DeviceSettings(timezone=gate_control.control(event_id).event.timezone)


def _mac(code: str) -> list[str]:
    plain = code.replace("-", "").replace(" ", "").upper()
    return [hmac.new(key, plain.encode(), hashlib.sha256).hexdigest() for key in SESSIONS.candidates(_ENROLMENT)[:2]]


def require_gate(event_id: str, gate: str) -> None:
    """Raise ValidationFailed for a gate that an event with named gates does not have; NotFound for an unknown event."""
    gates = [str(name) for name in events.get(event_id).gates or []]
    if gates and gate not in gates:
        message = f"the event has no such gate; it has {', '.join(gates)}"
        raise ValidationFailed(details=[{"field": "gate", "message": message}])


def provision(*, event_id: str, gate_name: str, name: str, by: str) -> ProvisionedDevice:
    """Create a device and return its one-time code. Raises NotFound (the event), ValidationFailed (the gate)."""
    require_gate(event_id, gate_name)
    now = clock.now()
    device_id = new_id("dev")
    code = "".join(random_source.choice(_CODE_ALPHABET) for _ in range(_CODE_LENGTH))
    expires_at = now + CODE_LIFETIME
    device = Device(
        *keys.access.device(device_id),
        gsi1=keys.access.all_devices(device_id),
        gsi2=keys.access.event_devices(event_id, device_id),
        device_id=device_id,
        event_id=event_id,
        gate=gate_name,
        name=name,
        status=DeviceStatus.PROVISIONED,
        created_at=now,
        created_by=by,
    )
    enrolment = Enrolment(
        *keys.access.enrolment(_mac(code)[0]),
        device_id=device_id,
        expires_at=expires_at,
        ttl=int(expires_at.timestamp()) + 3600,
    )
    acts.commit(
        operations.put(device, Device.pk.does_not_exist()),
        operations.put(enrolment, Enrolment.pk.does_not_exist()),
        subject=AuditSubject(
            "device", device_id, after={"event_id": event_id, "gate": gate_name, "name": name, "status": device.status}
        ),
    )
    # Staff look for it in the list at once; the stream would take a second.
    follower.write([device])
    return ProvisionedDevice(device_id=device_id, enrollment_code=_grouped(code), expires_at=expires_at)


def _grouped(code: str) -> str:
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))


def enroll(*, code: str, public_key: str, address: str, name: str | None = None) -> EnrolledDevice:
    """Exchange a one-time code for a device's identity.

    A retry with the same code and key returns the same device, since the first response may be lost. Another key is
    refused. Raises InvalidCredentials, RateLimited, ValidationFailed.
    """
    raw_key = device_keys.parse(public_key)
    try:
        enrolment = _enrolment(code)
    except InvalidCredentials:
        # Only wrong codes count, so that nobody who fills the limit stops a gate. A code has 60 bits.
        limits.WRONG_ENROLMENTS.take(limits.network(address))
        raise
    device = _spend(enrolment, base64.urlsafe_b64encode(raw_key).decode().rstrip("="), name=name)
    return EnrolledDevice(
        device_id=device.device_id,
        event_id=device.event_id,
        gate=device.gate,
        server_public_key=platform_keys()[0],
        config=settings(device.event_id),
    )


def _enrolment(code: str) -> Enrolment:
    """Return the enrolment of a code. Raises InvalidCredentials if the code is unknown or expired."""
    for mac in _mac(code):
        enrolment = operations.get(keys.access.enrolment(mac))
        if enrolment is not None:
            break
    else:
        raise InvalidCredentials(_UNKNOWN_CODE)
    if clock.now() >= enrolment.expires_at:
        raise InvalidCredentials("This enrolment code has expired. Ask for a new one.")
    return enrolment


def platform_keys() -> list[str]:
    """Return the platform's public keys that prove codes and snapshots (base64url), the current one first."""
    keys = signing.public_keys(signing.TICKET_CODES)
    return [base64.urlsafe_b64encode(key).decode().rstrip("=") for key in keys]


def _spend(enrolment: Enrolment, public_key: str, *, name: str | None) -> Device:
    """Store a device's key and return the device. Raises InvalidCredentials if the code was used with another key."""
    place = keys.access.device(enrolment.device_id)
    actions: list[Action] = [
        Device.public_key.set(public_key),
        Device.status.set(DeviceStatus.ENROLLED),
        Device.enrolled_at.set(clock.now()),
    ]
    if name:
        actions.append(Device.name.set(name))
    is_unused = Enrolment.used_by_key.does_not_exist()
    is_waiting = Device.status == DeviceStatus.PROVISIONED
    try:
        operations.commit(
            operations.change(enrolment.place, [Enrolment.used_by_key.set(public_key)], is_unused),
            operations.change(place, actions, is_waiting),
        )
    except operations.ConditionFailed as failure:
        device = operations.get(place)
        if device is None or device.status != DeviceStatus.ENROLLED or device.public_key != public_key:
            raise InvalidCredentials(_UNKNOWN_CODE) from failure
        return device
    device = operations.get(place)
    if device is None:
        raise NotFound
    return device


def token(*, device_id: str, assertion: str, is_late: bool = False) -> str:
    """Return an access token in exchange for a JWT that the device signed, once for each. Raises Unauthenticated.

    `is_late` asks for the one token of a revoked device, by its old key. It only sends taps made before the revocation.
    """
    device = operations.get(keys.access.device(device_id))
    if device is not None:
        security_log.note_account(device_id)
    public_key = _key_in_use(device, is_late=is_late)
    if device is None or public_key is None:
        raise Unauthenticated("This device is not enrolled, or was revoked.")
    key = _key_of(public_key)
    try:
        header = jwt.get_unverified_header(assertion)
        claims = jwt.decode(
            assertion,
            key,
            algorithms=["EdDSA"],
            audience=ASSERTION_AUDIENCE,
            issuer=device_id,
            # `_is_timely` checks the times below, against `clock`.
            options={"require": ["exp", "iat", "sub"], "verify_exp": False, "verify_iat": False},
        )
    except jwt.InvalidTokenError as error:
        raise Unauthenticated("The assertion does not prove this device; check the device's clock.") from error
    if not _is_timely(claims["iat"], claims["exp"]):
        raise Unauthenticated("The assertion is not of this minute; check the device's clock.")
    if header.get("typ") != _ASSERTION_TYPE or claims["sub"] != device_id:
        raise Unauthenticated("The assertion must be the device's own.")
    _use_once(device_id, assertion, claims)
    if is_late:
        _begin_late_upload(device_id)
    security_log.note_factors(Factor.DEVICE_KEY)
    security_log.note_log_in(device_id, device_id)
    return tokens.issue(
        Principal(
            portal=Portal.DEVICE,
            id=device_id,
            session_id=device_id,
            issued_at=clock.begun(),  # a move or revocation after the read above ends this token as well
            name=device.name,
            claims={
                "event_id": device.event_id,
                "gate": device.gate,
                **tokens.moved(device.moved_at, device.moved_from),
                **({tokens.REVOKED_AT: clock.to_text(device.revoked_at)} if is_late and device.revoked_at else {}),
            },
        )
    )


def _key_in_use(device: Device | None, *, is_late: bool) -> str | None:
    if device is None:
        return None
    if is_late:
        key: str | None = device.retired_key if device.status == DeviceStatus.REVOKED else None
        return key
    return device.public_key if device.status == DeviceStatus.ENROLLED else None


def _begin_late_upload(device_id: str) -> None:
    """Allow a revoked device its one upload, within some minutes of its beginning. Raises Unauthenticated."""
    now = clock.now()
    is_first = Device.late_upload_at.does_not_exist()
    try:
        operations.record(operations.change(keys.access.device(device_id), [Device.late_upload_at.set(now)], is_first))
    except operations.ConditionFailed as failure:
        device = failure.found(Device)
        began = device.late_upload_at if device is not None else None
        if began is None or now - began > LATE_UPLOAD_LASTS:
            raise Unauthenticated("This device was revoked, and has sent what it had.") from failure


def _use_once(device_id: str, assertion: str, claims: dict[str, Any]) -> None:
    """Remember a genuine assertion for as long as it is valid. Raises Unauthenticated if it was used before."""
    jti = claims.get("jti")
    if jti is not None and not 0 < len(jti) <= _LONGEST_JTI:
        raise Unauthenticated(f"The assertion's jti must have 1 to {_LONGEST_JTI} characters.")
    name = hashlib.sha256(f"jti {jti}".encode() if jti else assertion.rpartition(".")[0].encode()).hexdigest()
    now, mine = clock.now(), random_source.token_hex(8)
    used = UsedAssertion(
        *keys.access.used_assertion(device_id, name),
        used_at=now,
        used_by=mine,
        ttl=int(claims["exp"]) + 2 * _CLOCK_LEEWAY_SECONDS,
    )
    try:
        operations.record(operations.put(used, UsedAssertion.pk.does_not_exist()))
    except operations.ConditionFailed as failure:
        first = failure.found(UsedAssertion)
        is_own_retry = first is not None and first.used_by == mine
        # Without a jti, two log-ins with the same `iat` are the same text.
        is_same_text = first is not None and jti is None and now - first.used_at < _SAME_TEXT_WITHIN
        if not is_own_retry and not is_same_text:
            raise Unauthenticated("This assertion was used before. Sign a new one.") from failure


def _key_of(stored: str) -> Ed25519PublicKey:
    """Return a device's key. Raises Unauthenticated for a key of small order, enrolled when these were accepted."""
    try:
        return Ed25519PublicKey.from_public_bytes(device_keys.parse(stored))
    except ValidationFailed as refusal:
        raise Unauthenticated("This device's key proves nothing. Enrol it again.") from refusal


def _is_timely(issued: object, expires: object) -> bool:
    """Whether an assertion is valid now, within the clock leeway, and lives ASSERTION_LIFETIME at most."""
    if not isinstance(issued, int) or not isinstance(expires, int):
        return False
    now = clock.now().timestamp()
    is_open = issued - _CLOCK_LEEWAY_SECONDS <= now < expires + _CLOCK_LEEWAY_SECONDS
    return is_open and expires - issued <= ASSERTION_LIFETIME.total_seconds()


def of_event(event_id: str, begins: str, *, most: int | None = None) -> list[Device]:
    """Return the devices of an event whose ids begin as AGENTS or PHONES, at most `most`, the latest of their ids."""
    place = keys.access.event_devices(event_id, begins)
    raws = operations.query(place.pk, Begins(place.sk), index="gsi2", newest_first=True, limit=most)
    found = operations.get_many(operations.places_of(Device, raws), consistent=False)
    return [device for device in found.values() if device.event_id == event_id]


def is_online(device: Device, now: datetime) -> bool:
    """Whether the last heartbeat of a device is within ONLINE_FOR."""
    return device.last_seen_at is not None and now - device.last_seen_at <= ONLINE_FOR


def revoke(device_id: str) -> None:
    """Revoke a device; with a phone, the sessions that began on it end. Idempotent. Raises NotFound."""
    for _ in retries.attempts():
        device = _revoked(device_id)
        if device is None:
            continue
        lock_outs.forget()
        if device.is_phone and device.usher_id:
            sessions.end_of_phone(device.usher_id, device_id, ended_because="phone revoked")
        return
    raise Unavailable("This device is being changed at this moment. Try again.", retry_after=1)


def _revoked(device_id: str) -> Device | None:
    """Mark a device as revoked and lock it out; None where it was changed between the read and the write."""
    place = keys.access.device(device_id)
    known = operations.get(place)
    if known is None:
        raise NotFound("There is no such device.")
    gone: list[Action] = [
        Device.status.set(DeviceStatus.REVOKED),
        Device.revoked_at.set(Device.revoked_at | clock.now()),
        Device.public_key.remove(),
    ]
    key = known.public_key
    gone += [Device.retired_key.set(key)] if key else []
    same: Condition = Device.public_key == key if key else Device.public_key.does_not_exist()
    write = operations.change(place, gone, Device.pk.exists() & same)
    before, after = {"status": known.status}, {"status": DeviceStatus.REVOKED}
    subject = AuditSubject("device", device_id, before=before, after=after)
    try:
        acts.commit(
            write, *lock_outs.revocations(Portal.DEVICE, device_id, event_ids=[known.event_id]), subject=subject
        )
    except operations.ConditionFailed:
        return None
    return operations.get(place)


def ids(device: Device) -> dict[str, Any]:
    """Return the ids that a fact carries for a device."""
    return {"device_id": device.device_id, "event_id": device.event_id, "gate": device.gate}


def facts_of_change(before: Device | None, after: Device) -> Sequence[Published]:
    """Return the facts to publish for a change of the status of a reader agent."""
    was = before.status if before else None
    facts = {DeviceStatus.ENROLLED: Fact.DEVICE_ENROLLED, DeviceStatus.REVOKED: Fact.DEVICE_REVOKED}
    if after.is_phone or after.status == was or after.status not in facts:
        return []
    moment = after.revoked_at if after.status == DeviceStatus.REVOKED else after.enrolled_at
    return [
        Published(
            fact=facts[after.status],
            fact_id=f"{after.device_id}/{after.status}",
            occurred_at=moment or after.created_at,
            ids=ids(after),
        )
    ]
