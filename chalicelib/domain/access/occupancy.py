"""How many may be inside an event: devices may hold scans that the platform has not seen yet."""

from datetime import datetime

from msgspec import Struct

from chalicelib.domain.access import devices
from chalicelib.table import keys, operations
from chalicelib.table.items import Device
from chalicelib.vocabulary.devices import DeviceStatus

# Devices of an event that are looked at: six requests at most.
MOST_DEVICES = 500


class Occupancy(Struct, frozen=True):
    """What is known at `as_of`, when the unsynced device that was silent for longest was last heard.

    `unsynced_devices` counts devices with waiting scans, and reader agents without a recent heartbeat; of revoked ones
    those with waiting scans.
    `inside_at_most` assumes that each scan that a device reported as waiting admits one more person.
    """

    as_of: datetime
    unsynced_devices: int
    inside_at_most: int


def of_event(event_id: str, *, inside: int, now: datetime) -> Occupancy:
    """Return the occupancy of an event from the number inside at `now` and the state of its devices."""
    raws = operations.query(keys.access.event_devices(event_id).pk, index="gsi2", limit=MOST_DEVICES)
    found = operations.get_many(operations.places_of(Device, raws), consistent=False).values()
    unsynced = [device for device in found if _is_unsynced(device, now)]
    heard = [device.last_seen_at or device.enrolled_at or now for device in unsynced]
    return Occupancy(
        as_of=min(heard, default=now),
        unsynced_devices=len(unsynced),
        inside_at_most=inside + sum(int(device.queue_depth or 0) for device in unsynced),
    )


def _is_unsynced(device: Device, now: datetime) -> bool:
    if device.status == DeviceStatus.REVOKED:
        # Those whom it admitted are inside all the same; one upload may still say so.
        began = device.late_upload_at
        return bool(device.queue_depth) and (began is None or now - began <= devices.LATE_UPLOAD_LASTS)
    # A phone that is switched off had sent what it reported; an agent that is silent may go on deciding.
    is_silent = not (device.is_phone or devices.is_online(device, now))
    return device.status == DeviceStatus.ENROLLED and (bool(device.queue_depth) or is_silent)
