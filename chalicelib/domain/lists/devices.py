"""The list of devices: reader agents and ushers' phones."""

from datetime import timedelta

from chalicelib import clock
from chalicelib.domain.background.changes import Wanted
from chalicelib.domain.lists.declaration import Filter, ListOf, Ordering
from chalicelib.table.items import Device
from chalicelib.vocabulary.devices import DeviceKind, DeviceStatus

# A device that sent a heartbeat within this time is online.
ONLINE_FOR = timedelta(seconds=90)


def is_online(device: Device) -> bool:
    """Whether the last heartbeat of a device is recent."""
    return device.last_seen_at is not None and clock.now() - device.last_seen_at <= ONLINE_FOR


DEVICES = ListOf(
    name="devices",
    item=Device,
    id_name="device_id",
    orderings={
        "created_at": Ordering(lambda device: device.created_at),
        "name": Ordering(lambda device: device.name, str),
    },
    filters={
        "event_id": Filter(lambda device: device.event_id),
        "kind": Filter(lambda device: device.device_kind or DeviceKind.AGENT, DeviceKind),
        # These change with heartbeats and enrolments, so no entry has them.
        "gate": Filter(lambda device: device.gate, folded=True, live=True),
        "status": Filter(lambda device: device.status, DeviceStatus, live=True),
        "online": Filter(is_online, bool, live=True),
    },
    indexes=(("event_id",),),
    texts=lambda device: (device.name, device.gate),
    columns=("usher_id", "app_version", "last_seen_at", "enrolled_at", "revoked_at", "last_error"),
    has_people=False,
    # Heartbeats change nothing that entries have; a change by staff writes the entries itself.
    wanted=(Wanted(Device, unless=Device.last_seen_at),),
)
