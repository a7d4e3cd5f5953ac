"""Heartbeats of reader agents and of ushers' phones: one conditional write each, also with all that they can report."""

from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.domain.access import devices
from chalicelib.domain.access.devices import DeviceSettings
from chalicelib.errors import Unauthenticated
from chalicelib.table import keys, operations
from chalicelib.table.items import Device
from chalicelib.vocabulary.devices import DeviceStatus, NfcMode

# A device is asked for the echo of a test for this long.
TEST_LIFETIME = timedelta(minutes=10)


class DeviceHeartbeat(Struct, frozen=True):
    """The state that a device reports. A value that is left out is forgotten; `test` is the echo of a test."""

    queue_depth: int
    clock_offset_ms: int
    app_version: str
    reader_path: str | None = None
    reader_model: str | None = None
    last_error: str | None = None
    battery: int | None = None
    snapshot_cursor: str | None = None
    snapshot_generated_at: datetime | None = None
    seq: int | None = None
    hub: str | None = None
    hub_address: str | None = None
    nfc: NfcMode | None = None
    test: str | None = None


class HeartbeatAnswer(Struct, frozen=True):
    """The response to a heartbeat: settings, the platform's time, and a text to repeat in the next one.

    `server_public_keys` prove codes and snapshots: a device learns of a rotation by them, and of a move by `gate`.
    """

    config: DeviceSettings
    gate: str | None
    server_public_keys: list[str]
    revoked_before: datetime | None
    time: datetime
    test: str | None


def receive(device_id: str, beat: DeviceHeartbeat) -> HeartbeatAnswer:
    """Store the reported state of a reader agent and return its settings. Raises Unauthenticated if it is revoked."""
    try:
        device = store(device_id, beat, Device.status == DeviceStatus.ENROLLED)
    except operations.ConditionFailed as failure:
        raise Unauthenticated("This device is not enrolled, or was revoked.") from failure
    return answer(device)


def store(device_id: str, beat: DeviceHeartbeat, condition: Condition, *more: Action) -> Device:
    """Store a heartbeat, and perhaps more, with one write; return the device. Raises ConditionFailed."""
    now = clock.now()
    values: list[tuple[Any, Any]] = [
        (Device.last_seen_at, now),
        (Device.queue_depth, beat.queue_depth),
        (Device.clock_offset_ms, beat.clock_offset_ms),
        (Device.app_version, beat.app_version),
        (Device.reader_path, beat.reader_path),
        (Device.reader_model, beat.reader_model),
        (Device.last_error, beat.last_error),
        (Device.battery, beat.battery),
        (Device.snapshot_cursor, beat.snapshot_cursor),
        (Device.snapshot_generated_at, beat.snapshot_generated_at),
        (Device.seq, beat.seq),
        (Device.hub, beat.hub),
        (Device.hub_address, beat.hub_address),
        (Device.nfc, beat.nfc),
    ]
    actions: list[Action] = [
        attribute.remove() if value is None else attribute.set(value) for attribute, value in values
    ]
    actions += [Device.earlier_seq.set(Device.seq | 0), Device.silent_since.remove(), *more]
    if beat.test is not None:
        actions += [Device.test_echo.set(beat.test), Device.test_echoed_at.set(now)]
    return Device.from_raw_data(operations.record(operations.change(keys.access.device(device_id), actions, condition)))


def answer(device: Device) -> HeartbeatAnswer:
    """Return the response to the heartbeat that left a device as it is. Raises NotFound (its event)."""
    now = clock.now()
    return HeartbeatAnswer(
        config=devices.settings(device.event_id),
        gate=device.gate or None,
        server_public_keys=devices.platform_keys(),
        revoked_before=device.wipe_before,
        time=now,
        test=device.test_nonce if is_test_open(device, now) else None,
    )


def is_test_open(device: Device, now: datetime) -> bool:
    """Whether a device was asked for an echo that has not come, within TEST_LIFETIME."""
    asked_at = device.test_asked_at
    return asked_at is not None and now - asked_at < TEST_LIFETIME and device.test_echo != device.test_nonce
