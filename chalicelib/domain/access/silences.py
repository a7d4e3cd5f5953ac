"""Reader agents that fell silent while their event's gates are open: each silence is published once."""

from contextlib import suppress
from datetime import datetime, timedelta

from pynamodb.expressions.condition import Condition

from chalicelib import clock
from chalicelib.clients import bus
from chalicelib.clients.bus import Published
from chalicelib.domain.access import devices
from chalicelib.domain.access.devices import AGENTS
from chalicelib.domain.events import events
from chalicelib.table import keys, operations
from chalicelib.table.items import Device
from chalicelib.vocabulary.devices import DeviceStatus
from chalicelib.vocabulary.messages import Fact

SILENT_AFTER = timedelta(minutes=3)


def watch() -> int:
    """Publish each newly silent device of events with open gates, once per silence. Return the count."""
    now = clock.now()
    silent: list[Device] = []
    for event in events.open_now():
        found = devices.of_event(event.event_id, AGENTS)
        silent += [device for device in found if device.status == DeviceStatus.ENROLLED and _fell_silent(device, now)]
    for device in silent:
        # Published before marked: an interrupted run publishes twice rather than never.
        bus.publish([_silence(device)])
        marked = operations.change(
            keys.access.device(device.device_id), [Device.silent_since.set(now)], _as_read(device)
        )
        with suppress(operations.ConditionFailed):  # heard again, revoked or gone meanwhile
            operations.record(marked)
    return len(silent)


def _as_read(device: Device) -> Condition:
    """Return the condition that a device has not been heard since it was read, and is still enrolled."""
    last_seen = Device.last_seen_at
    unheard = last_seen == device.last_seen_at if device.last_seen_at else last_seen.does_not_exist()
    same: Condition = unheard & (Device.status == DeviceStatus.ENROLLED)
    return same


def _fell_silent(device: Device, now: datetime) -> bool:
    heard = device.last_seen_at or device.enrolled_at
    return device.silent_since is None and heard is not None and now - heard > SILENT_AFTER


def _silence(device: Device) -> Published:
    heard = device.last_seen_at or device.enrolled_at or device.created_at
    return Published(
        fact=Fact.DEVICE_SILENT,
        fact_id=f"{device.device_id}/silent/{clock.to_text(heard)}",
        occurred_at=clock.now(),
        ids={**devices.ids(device), "last_seen_at": clock.to_text(heard)},
    )
