"""The rule of readiness as a table: the state of a device, and why it is not ready."""

from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.domain.gate import readiness
from chalicelib.domain.gate.readiness import DeviceFacts
from chalicelib.vocabulary.devices import DeviceStatus

READY = DeviceFacts(
    status=DeviceStatus.ENROLLED,
    seen=True,
    online=True,
    clock_offset_ms=0,
    snapshot_age_s=0,
    battery=100,
    app_version="2.1.0",
    oldest_version="2.1",
)
TABLE: list[tuple[dict[str, Any], list[str]]] = [
    ({}, []),
    ({"status": DeviceStatus.REVOKED, "online": False}, ["revoked"]),
    ({"status": DeviceStatus.PROVISIONED, "seen": False, "online": False}, ["not_enrolled"]),
    ({"seen": False, "online": False, "snapshot_age_s": None}, ["never_seen"]),
    ({"online": False}, ["offline"]),
    ({"clock_offset_ms": 30_000}, []),
    ({"clock_offset_ms": 30_001}, ["clock_off"]),
    ({"clock_offset_ms": -30_000}, []),
    ({"clock_offset_ms": -30_001}, ["clock_off"]),
    ({"clock_offset_ms": None}, []),
    ({"snapshot_age_s": None}, ["no_snapshot"]),
    ({"snapshot_age_s": 900}, []),
    ({"snapshot_age_s": 901}, ["snapshot_old"]),
    ({"battery": 20}, []),
    ({"battery": 19}, ["battery_low"]),
    ({"battery": 0}, ["battery_low"]),
    ({"battery": None}, []),
    ({"missing_seq": 1}, ["records_missing"]),
    ({"missing_seq": 1, "queue_depth": 0}, ["records_missing"]),
    ({"missing_seq": 1, "queue_depth": 3}, []),
    ({"queue_depth": 3}, []),
    ({"app_version": "2.0.9"}, ["version_old"]),
    ({"app_version": None}, ["version_old"]),
    ({"app_version": None, "oldest_version": ""}, []),
    (
        {"online": False, "clock_offset_ms": 10**9, "snapshot_age_s": 3600, "battery": 3, "app_version": "1"},
        ["offline", "clock_off", "snapshot_old", "battery_low", "version_old"],
    ),
]


@pytest.mark.parametrize(("changes", "why"), TABLE)
def test_a_device_is_ready_unless_the_table_says_why_not(changes: dict[str, Any], why: list[str]) -> None:
    assert list(readiness.problems(replace(READY, **changes))) == why


@pytest.mark.parametrize(
    ("version", "oldest", "older"),
    [
        ("2.1.0", "2.1", False),
        ("2.1", "2.1.0", False),
        ("v2.1.3-beta.4", "2.1.3", False),
        ("2.10.0", "2.9", False),
        ("2.9", "2.10.0", True),
        ("0.0", "0.0.1", True),
        ("nightly", "0.1", True),
        ("nightly", "", False),
        ("1", "", False),
    ],
)
def test_versions_are_compared_by_their_numbers(version: str, oldest: str, older: bool) -> None:
    assert readiness.is_older(version, oldest) is older


@pytest.mark.parametrize(
    ("ready", "why"),
    [([], ["no_device"]), ([False, False], ["no_ready_device"]), ([False, True], []), ([True], [])],
)
def test_a_gate_needs_a_device_that_is_ready(ready: list[bool], why: list[str]) -> None:
    assert list(readiness.gate_problems(ready)) == why
