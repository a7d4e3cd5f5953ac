"""What an usher's app learns about its synchronization: its own phone, what is missing, and the event's conflicts."""

from datetime import datetime

from msgspec import Struct

from chalicelib import clock
from chalicelib.domain.access import heartbeats, phones
from chalicelib.domain.access.devices import DeviceSettings
from chalicelib.domain.access.heartbeats import DeviceHeartbeat, HeartbeatAnswer
from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.events import gate_control
from chalicelib.domain.gate import conflict_counts, sequences
from chalicelib.domain.gate.sequences import Range, Received
from chalicelib.errors import ValidationFailed
from chalicelib.table import keys, operations
from chalicelib.table.items import Device


class SyncStatus(Struct, frozen=True):
    """The state of a phone's synchronization; without a phone only what concerns the event.

    `snapshot_version` is the cursor that the phone reported. `gaps` are the numbers of its records that are missing.
    """

    device_id: str | None
    last_sync_at: datetime | None
    pending_conflicts: int
    snapshot_version: str | None
    missing: int
    gaps: tuple[Range, ...]
    server_time: datetime


class PhoneAnswer(Struct, frozen=True):
    """The response to a phone's heartbeat."""

    status: SyncStatus
    heartbeat: HeartbeatAnswer

    @property
    def config(self) -> DeviceSettings:
        """The phone's settings."""
        return self.heartbeat.config


def status(caller: Principal) -> SyncStatus:
    """Return the state of the phone that the caller logged in with."""
    phone_id = caller.phone_id
    device = operations.get(keys.access.device(phone_id), consistent=False) if phone_id else None
    return _status(caller.event_id, device if device and device.usher_id == caller.id else None)


def heartbeat(
    caller: Principal, beat: DeviceHeartbeat, *, installation_id: str | None, gate: str | None
) -> PhoneAnswer:
    """Store a phone's heartbeat and return its state. Raises ValidationFailed (installation, gate), Forbidden."""
    phone_id = phones.require_phone_id(caller, installation_id)
    if gate is not None:
        _require_gate(caller.event_id, gate)
    device = phones.heartbeat(caller, phone_id, beat, gate=gate)
    return PhoneAnswer(_status(caller.event_id, device), heartbeats.answer(device))


def _require_gate(event_id: str, gate: str) -> None:
    gates = [str(name) for name in gate_control.control(event_id).event.gates or []]
    if gates and gate not in gates:
        message = f"the event has no such gate; it has {', '.join(gates)}"
        raise ValidationFailed(details=[{"field": "gate", "message": message}])


def _status(event_id: str, device: Device | None) -> SyncStatus:
    received = sequences.received(device.device_id).of_all_made(device) if device else Received()
    return SyncStatus(
        device_id=device.device_id if device else None,
        last_sync_at=device.last_seen_at if device else None,
        pending_conflicts=conflict_counts.pending(event_id),
        snapshot_version=device.snapshot_cursor if device else None,
        missing=received.missing,
        gaps=received.gaps,
        server_time=clock.now(),
    )
