"""The other devices of an event: whom a device may trust on the local network, and which of them is the hub."""

import threading
import time
from datetime import datetime, timedelta

from msgspec import Struct

from chalicelib import clock
from chalicelib.domain.access.devices import AGENTS
from chalicelib.table import keys, operations
from chalicelib.table.items import Device
from chalicelib.table.ranges import Begins
from chalicelib.vocabulary.devices import DeviceStatus

# How long a container uses them: a revoked device is out within a minute (contract, "Device").
_REFRESH_SECONDS = 20
# Above this number of events the one that was read first is dropped.
_EVENTS_KEPT = 1_000
# A hub that was not heard of for so long is named only where there is no other. Shorter cuts of the hub's own road must
# not give the agents of one event two hubs: they admit a ticket twice.
_SILENT = timedelta(minutes=10)


class Peer(Struct, frozen=True):
    """An enrolled device of an event, and when it was last heard of; `hub` is its address where it runs the hub."""

    device_id: str
    gate: str
    public_key: str
    hub: str | None
    heard_at: datetime | None = None


_lock = threading.Lock()
_known: dict[str, tuple[float, tuple[Peer, ...]]] = {}


def forget() -> None:
    """Clear the cache."""
    with _lock:
        _known.clear()


def of_event(event_id: str) -> tuple[Peer, ...]:
    """Return the enrolled devices of an event, by id; cached for a third of a minute."""
    with _lock:
        read_at, known = _known.get(event_id, (float("-inf"), ()))
    if time.monotonic() - read_at > _REFRESH_SECONDS:
        read_at = time.monotonic()
        known = _read(event_id)
        with _lock:
            _known.pop(event_id, None)
            _known[event_id] = (read_at, known)
            if len(_known) > _EVENTS_KEPT:
                del _known[next(iter(_known))]
    return known


def _read(event_id: str) -> tuple[Peer, ...]:
    # Phones have no key.
    raws = operations.query(keys.access.event_devices(event_id).pk, Begins(AGENTS), index="gsi2")
    devices = operations.get_many(operations.places_of(Device, raws)).values()
    peers = [
        Peer(device.device_id, device.gate, device.public_key, device.hub_address, device.last_seen_at)
        for device in devices
        if device.event_id == event_id and device.status == DeviceStatus.ENROLLED and device.public_key
    ]
    return tuple(sorted(peers, key=lambda peer: peer.device_id))


def hub(peers: tuple[Peer, ...]) -> Peer | None:
    """Return the device that runs the hub; of several the one that was provisioned first, silent ones last."""
    named = [peer for peer in peers if peer.hub]
    since = clock.now() - _SILENT
    heard = (peer for peer in named if peer.heard_at is not None and peer.heard_at >= since)
    return next(heard, None) or next(iter(named), None)
