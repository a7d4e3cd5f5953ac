"""The round trip through a device's heartbeat: it is asked to repeat a text, and does so in its next heartbeat."""

import secrets as random_source
from datetime import datetime, timedelta

from msgspec import Struct

from chalicelib import clock
from chalicelib.domain.access import heartbeats
from chalicelib.errors import NotFound
from chalicelib.table import keys, operations
from chalicelib.table.items import Device
from chalicelib.vocabulary.devices import DeviceKind, DeviceStatus

# After its answer a test is shown for this long; a later call begins another.
SHOWN_FOR = timedelta(minutes=1)


class RoundTrip(Struct, frozen=True):
    """A test of a device. It is pending until the device has answered, by its second heartbeat at the latest."""

    device_id: str
    kind: DeviceKind
    asked_at: datetime
    answered_at: datetime | None
    last_seen_at: datetime | None

    @property
    def pending(self) -> bool:
        """Whether the device has not answered yet."""
        return self.answered_at is None

    @property
    def round_trip_ms(self) -> int | None:
        """How long the answer took, with the wait for the device's heartbeat."""
        if self.answered_at is None:
            return None
        return round((self.answered_at - self.asked_at).total_seconds() * 1000)


def test(event_id: str, device_id: str) -> RoundTrip:
    """Ask a device of an event for its echo, once until it answers; return its state. Raises NotFound."""
    place, now = keys.access.device(device_id), clock.now()
    device = _usable(operations.get(place), event_id)
    if heartbeats.is_test_open(device, now) or _is_shown(device, now):
        return _round_trip(device)
    as_read = Device.test_nonce == device.test_nonce if device.test_nonce else Device.test_nonce.does_not_exist()
    ask = [Device.test_nonce.set(random_source.token_urlsafe(12)), Device.test_asked_at.set(now)]
    try:
        raw = operations.record(operations.change(place, ask, as_read & (Device.status == DeviceStatus.ENROLLED)))
    except operations.ConditionFailed as failure:
        # Another caller has asked at the same moment.
        return _round_trip(_usable(failure.found(Device), event_id))
    return _round_trip(Device.from_raw_data(raw))


def _usable(device: Device | None, event_id: str) -> Device:
    if device is None or device.event_id != event_id or device.status != DeviceStatus.ENROLLED:
        raise NotFound("There is no such device in use at this event.")
    return device


def _is_shown(device: Device, now: datetime) -> bool:
    answered_at = _answered_at(device)
    return answered_at is not None and now - answered_at < SHOWN_FOR


def _answered_at(device: Device) -> datetime | None:
    return device.test_echoed_at if device.test_nonce and device.test_echo == device.test_nonce else None


def _round_trip(device: Device) -> RoundTrip:
    if device.test_asked_at is None:
        raise NotFound("This device was revoked meanwhile.")
    return RoundTrip(
        device_id=device.device_id,
        kind=device.device_kind or DeviceKind.AGENT,
        asked_at=device.test_asked_at,
        answered_at=_answered_at(device),
        last_seen_at=device.last_seen_at,
    )
