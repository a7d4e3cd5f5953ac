"""Bodies of the ushers' portal: synchronization of phones, and the readers of the event."""

from typing import Annotated

from pydantic import Field, StringConstraints

from chalicelib.schemas.device import Battery, ClockOffset, Echo, QueueDepth, SettingsOut
from chalicelib.schemas.texts import Name
from chalicelib.schemas.wire import Cursor, In, InstallationId, Instant, Moment, Out
from chalicelib.vocabulary import NfcMode


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
    seq: Annotated[int, Field(ge=0, lt=2**53)] | None = Field(
        default=None, description="The number of the last record that the phone made."
    )
    last_error: Annotated[str, StringConstraints(max_length=300)] | None = None
    test: Echo | None = None


class GapOut(Out):
    """Numbers of records that have not arrived, both ends among them."""

    first: int
    last: int


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
    revoked_before: Moment | None
    time: Moment
    test: str | None
