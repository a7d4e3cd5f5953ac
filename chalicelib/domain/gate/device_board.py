"""The readiness board: the reader agents and phones of an event and its gates, for ushers and for staff."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from chalicelib import clock
from chalicelib.config import config
from chalicelib.domain.access import device_changes, devices
from chalicelib.domain.access.devices import AGENTS, PHONES
from chalicelib.domain.events import gate_control
from chalicelib.domain.gate import readiness, sequences
from chalicelib.domain.gate.readiness import DeviceFacts
from chalicelib.domain.lists import pages
from chalicelib.domain.lists.devices import DEVICES
from chalicelib.domain.lists.pages import Asked
from chalicelib.domain.paging import Page
from chalicelib.table.items import Device
from chalicelib.vocabulary.devices import DeviceKind, DeviceProblem, DeviceStatus

# The most of each that a board shows: the agents that were provisioned last, and phones in no order.
MOST_AGENTS = 200
MOST_PHONES = 500
# A phone that was not heard of for so long has left the event.
_PHONE_GONE_AFTER = timedelta(hours=12)


class ShownDevice(Struct, frozen=True):
    """A device with what follows from its state: whether it is online and ready, and why not."""

    device: Device
    online: bool
    missing_seq: int
    snapshot_age_s: int | None
    why: tuple[DeviceProblem, ...]

    @property
    def kind(self) -> DeviceKind:
        """Whether it is a reader agent or a phone."""
        return self.device.device_kind or DeviceKind.AGENT

    @property
    def gate(self) -> str | None:
        """Its gate; None for a phone that named none."""
        return self.device.gate or None

    @property
    def ready(self) -> bool:
        """Whether a gate can rely on it."""
        return not self.why


class GateReadiness(Struct, frozen=True):
    """A gate of the event: its devices, how many of them are ready, and why the gate is not."""

    gate: str
    devices: int
    ready_devices: int
    why: tuple[DeviceProblem, ...]

    @property
    def ready(self) -> bool:
        """Whether a device of the gate is ready."""
        return not self.why


class DeviceBoard(Struct, frozen=True):
    """The devices of an event by gate, and its gates. `complete` is False where it has more than a board shows."""

    readers: tuple[ShownDevice, ...]
    gates: tuple[GateReadiness, ...]
    complete: bool
    as_of: datetime

    @property
    def ready(self) -> bool:
        """Whether every gate has a device that is ready, and there is one at all."""
        return any(reader.ready for reader in self.readers) and all(gate.ready for gate in self.gates)


def board(event_id: str) -> DeviceBoard:
    """Return the board of an event; its cost depends on the event's devices alone. Raises NotFound."""
    now = clock.now()
    # One more than is shown, which says whether there are more.
    agents = devices.of_event(event_id, AGENTS, most=MOST_AGENTS + 1)
    phones = devices.of_event(event_id, PHONES, most=MOST_PHONES + 1)
    complete = len(agents) <= MOST_AGENTS and len(phones) <= MOST_PHONES
    agents, phones = agents[:MOST_AGENTS], phones[:MOST_PHONES]
    present = [*agents, *(phone for phone in phones if not _is_gone(phone, now))]
    in_use = [device for device in present if device.status != DeviceStatus.REVOKED]
    readers = sorted(shown(in_use), key=lambda each: (each.gate or "~", each.kind, each.device.device_id))
    named = [str(gate) for gate in gate_control.control(event_id).event.gates or []]
    return DeviceBoard(tuple(readers), tuple(_gates(named, readers)), complete, now)


def _is_gone(phone: Device, now: datetime) -> bool:
    heard = max(filter(None, (phone.last_seen_at, phone.enrolled_at, phone.created_at)))
    return now - heard > _PHONE_GONE_AFTER


def _gates(named: Sequence[str], readers: Sequence[ShownDevice]) -> Iterable[GateReadiness]:
    """Return the event's gates in their order, then those that only devices name."""
    ready: defaultdict[str, list[bool]] = defaultdict(list, {gate: [] for gate in named})
    for reader in readers:
        if reader.gate is not None:
            ready[reader.gate].append(reader.ready)
    for gate, each in ready.items():
        yield GateReadiness(gate, len(each), sum(each), readiness.gate_problems(each))


def page(asked: Asked) -> Page[ShownDevice]:
    """Return a page of the staff's list of devices. Raises InvalidCursor, ValidationFailed."""
    found = pages.page(DEVICES, asked)
    return found.showing(shown(found.results))


def shown(found: Sequence[Device]) -> list[ShownDevice]:
    """Return devices with what follows from their state, in their order; one more request per 100."""
    now, received = clock.now(), sequences.received_by_all(device.device_id for device in found)
    return [_shown(device, received[device.device_id].of_all_made(device).missing, now) for device in found]


def changed(device_id: str, given: Mapping[str, Any]) -> ShownDevice:
    """Change a device and return it as the board shows it. Raises as `device_changes.change` does."""
    (found,) = shown([device_changes.change(device_id, given)])
    return found


def _shown(device: Device, missing: int, now: datetime) -> ShownDevice:
    online, fresh_at = devices.is_online(device, now), device.snapshot_generated_at
    age = max(0, int((now - fresh_at).total_seconds())) if fresh_at else None
    oldest = config().oldest_phone_version if device.is_phone else config().oldest_agent_version
    facts = DeviceFacts(
        status=device.status,
        seen=device.last_seen_at is not None,
        online=online,
        clock_offset_ms=device.clock_offset_ms,
        snapshot_age_s=age,
        battery=device.battery,
        app_version=device.app_version,
        oldest_version=oldest,
        missing_seq=missing,
        queue_depth=device.queue_depth,
    )
    return ShownDevice(device, online, missing, age, readiness.problems(facts))
