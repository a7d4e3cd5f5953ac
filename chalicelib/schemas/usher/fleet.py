"""Bodies of the ushers' portal: synchronization of phones, and the readers of the event."""

from typing import Annotated

from pydantic import Field, StringConstraints

from chalicelib.schemas.device import Battery, ClockOffset, Echo, LastSeq, QueueDepth, SettingsOut
from chalicelib.schemas.texts import Name
from chalicelib.schemas.wire import Cursor, Id, In, InstallationId, Instant, Moment, Out
from chalicelib.vocabulary.devices import DeviceKind, DeviceProblem, NfcMode


class PhoneHeartbeatIn(In):
    """The state of a phone. A field that is left out is forgotten; only the gate stays."""

    queue_depth: QueueDepth
    clock_offset_ms: ClockOffset
    snapshot_cursor: Cursor | None = None
    app_version: Name
    battery: Battery | None = None
    nfc: NfcMode
    installation_id: InstallationId | None = None
    gate: Name | None = None
    snapshot_generated_at: Instant | None = None
    seq: LastSeq | None = None
    last_error: Annotated[str, StringConstraints(max_length=300)] | None = None
    test: Echo | None = None


class GapOut(Out):
    """Numbers of records that have not arrived, both ends among them."""

    first: int = Field(description="The first number that is missing.")
    last: int = Field(description="The last number that is missing.")


class SyncStatusOut(Out):
    """The state of the caller's phone; `device_id` is null where the log-in named no installation."""

    device_id: str | None
    last_sync_at: Moment | None
    pending_conflicts: int = Field(description="Conflicts of the event that staff have not closed.")
    snapshot_version: str | None = Field(description="The cursor of the snapshot that the phone reported.")
    missing: int = Field(description="How many records below the highest `seq` have not arrived.")
    gaps: list[GapOut]
    server_time: Moment


class PhoneHeartbeatOut(SyncStatusOut):
    """The state of the phone, its settings, and the platform's time; `test` is to be repeated at once."""

    config: SettingsOut
    server_public_keys: list[str] = Field(
        description="The platform's public keys that prove codes, the current one first (base64url)."
    )
    revoked_before: Moment | None
    time: Moment
    test: str | None


class ReaderOut(Out):
    """A reader agent or a phone of the event, and whether a gate can rely on it."""

    device_id: str
    kind: DeviceKind
    name: str
    gate: str | None
    online: bool
    last_seen_at: Moment | None
    queue_depth: int | None
    missing_seq: int = Field(description="How many records below its highest `seq` have not arrived.")
    clock_offset_ms: int | None
    snapshot_age_s: int | None
    app_version: str | None
    battery: int | None
    nfc: NfcMode | None = Field(description="Of a phone: how it reads cards.")
    ready: bool
    why: list[DeviceProblem] = Field(description="Why it is not ready, the gravest first.")


class GateOut(Out):
    """A gate of the event; it is ready where one of its devices is."""

    gate: str
    devices: int = Field(description="How many devices the gate has.")
    ready_devices: int = Field(description="How many of them are ready.")
    ready: bool
    why: list[DeviceProblem]


class FleetOut(Out):
    """The readiness board. `ready` holds where every gate has a device that is ready."""

    readers: list[ReaderOut]
    gates: list[GateOut]
    ready: bool
    complete: bool = Field(description="False where the event has more devices than a board shows.")
    as_of: Moment


class ReaderTestIn(In):
    """The device to test."""

    device_id: Id


class ReaderTestOut(Out):
    """A test of a device's heartbeat. Call again until it is not pending: it takes two heartbeats at most."""

    device_id: str
    kind: DeviceKind
    pending: bool = Field(description="Whether the device has not answered yet.")
    asked_at: Moment = Field(description="When the test began.")
    answered_at: Moment | None
    round_trip_ms: int | None = Field(description="With the wait for the device's heartbeat.")
    last_seen_at: Moment | None
