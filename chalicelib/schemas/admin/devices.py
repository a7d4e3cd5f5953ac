"""Bodies of the staff's portal: reader devices."""

from typing import Any

from pydantic import Field, StrictBool

from chalicelib.schemas.texts import Name
from chalicelib.schemas.wire import ChangeIn, Id, In, Moment, Out
from chalicelib.vocabulary.devices import DeviceKind, DeviceProblem, DeviceStatus, NfcMode


class DeviceIn(In):
    """The device to provision."""

    event_id: Id
    gate: Name
    name: Name


class ProvisionOut(Out):
    """The one-time code, shown only once; it expires after 15 minutes."""

    device_id: str
    enrollment_code: str
    expires_at: Moment


class DeviceChangeIn(ChangeIn):
    """The changes of a device: an omitted field keeps its value."""

    gate: Name = ""
    name: Name = ""
    wipe: StrictBool = Field(default=False, description="Have it delete what it keeps of attendees and cards.")

    def changes(self) -> dict[str, Any]:
        """Return the fields that were sent."""
        return self.model_dump(exclude_unset=True)


class DeviceOut(Out):
    """A device as the staff sees it."""

    id: str
    kind: DeviceKind
    event_id: str
    gate: str | None
    usher_id: str | None = Field(description="Of a phone, the usher who logged in with it last.")
    name: str
    status: DeviceStatus
    online: bool
    ready: bool
    why: list[DeviceProblem] = Field(description="Why it is not ready.")
    last_seen_at: Moment | None
    queue_depth: int | None
    clock_offset_ms: int | None
    missing_seq: int = Field(description="How many records below its highest `seq` have not arrived.")
    seq: int | None
    snapshot_age_s: int | None
    battery: int | None
    nfc: NfcMode | None
    hub: str | None
    app_version: str | None
    last_error: str | None
    wipe_before: Moment | None = Field(description="When staff had it wiped; it learns of this at its next heartbeat.")
    created_at: Moment
    enrolled_at: Moment | None
    revoked_at: Moment | None
