"""Whether a device and a gate are ready: one rule for ushers and staff, and pure (D-OFF-44).

It does not depend on when doors open. What is red an hour before is red during the event too: a network that is cut
now leaves each device with the snapshot and the clock that it has.
"""

import re
from collections.abc import Sequence
from datetime import timedelta

from msgspec import Struct

from chalicelib.vocabulary.devices import DeviceProblem, DeviceStatus

OLDEST_SNAPSHOT = timedelta(minutes=15)
LARGEST_CLOCK_OFFSET = timedelta(seconds=30)
LOWEST_BATTERY = 20
_VERSION = re.compile(r"v?(\d{1,9}(?:\.\d{1,9}){0,5})")


class DeviceFacts(Struct, frozen=True):
    """What is known of a device, None where it did not report it. `oldest_version` is empty where any version is good.

    `snapshot_age_s` is the seconds since its snapshot was up to date, `missing_seq` the lost records, and
    `queue_depth` the records that wait on it.
    """

    status: DeviceStatus
    seen: bool
    online: bool
    clock_offset_ms: int | None = None
    snapshot_age_s: int | None = None
    battery: int | None = None
    app_version: str | None = None
    oldest_version: str = ""
    missing_seq: int = 0
    queue_depth: int | None = None


def problems(facts: DeviceFacts) -> tuple[DeviceProblem, ...]:
    """Return why a device is not ready, the gravest first; nothing for one that is."""
    if facts.status is DeviceStatus.REVOKED:
        return (DeviceProblem.REVOKED,)
    if facts.status is DeviceStatus.PROVISIONED:
        return (DeviceProblem.NOT_ENROLLED,)
    if not facts.seen:
        return (DeviceProblem.NEVER_SEEN,)
    offset, age, battery = facts.clock_offset_ms, facts.snapshot_age_s, facts.battery
    found = {
        DeviceProblem.OFFLINE: not facts.online,
        DeviceProblem.CLOCK_OFF: offset is not None and abs(offset) > LARGEST_CLOCK_OFFSET.total_seconds() * 1000,
        DeviceProblem.NO_SNAPSHOT: age is None,
        DeviceProblem.SNAPSHOT_OLD: age is not None and age > OLDEST_SNAPSHOT.total_seconds(),
        DeviceProblem.BATTERY_LOW: battery is not None and battery < LOWEST_BATTERY,
        DeviceProblem.VERSION_OLD: is_older(facts.app_version, facts.oldest_version),
        # Records that wait on the device are behind the ones that it sent at once.
        DeviceProblem.RECORDS_MISSING: facts.missing_seq > 0 and not facts.queue_depth,
    }
    return tuple(problem for problem, holds in found.items() if holds)


def gate_problems(ready: Sequence[bool]) -> tuple[DeviceProblem, ...]:
    """Return why a gate is not ready, from whether each of its devices is."""
    if not ready:
        return (DeviceProblem.NO_DEVICE,)
    return () if any(ready) else (DeviceProblem.NO_READY_DEVICE,)


def is_older(version: str | None, oldest: str) -> bool:
    """Whether a version is older than the oldest good one; one that begins with no number is."""
    wanted = _numbers(oldest)
    return bool(wanted) and _numbers(version or "") < wanted


def _numbers(version: str) -> tuple[int, ...]:
    """Return the numbers that a version begins with, without zeros at the end: 1.0 and 1 are the same."""
    found = _VERSION.match(version)
    numbers = [int(part) for part in found[1].split(".")] if found else []
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
