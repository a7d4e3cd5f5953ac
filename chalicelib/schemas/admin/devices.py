"""Bodies of the staff's portal: reader devices."""

from chalicelib.schemas.texts import Name
from chalicelib.schemas.wire import Filter, Id, In, Moment, Out, PageIn
from chalicelib.vocabulary import DeviceStatus


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


class DevicesIn(PageIn):
    """A filter of the device list."""

    event_id: Id | None = None
    status: Filter[DeviceStatus] | None = None


class DeviceOut(Out):
    """A device as the staff sees it."""

    id: str
    event_id: str
    gate: str
    name: str
    status: DeviceStatus
    online: bool
    last_seen_at: Moment | None
    queue_depth: int | None
    clock_offset_ms: int | None
    app_version: str | None
    last_error: str | None
    created_at: Moment
    enrolled_at: Moment | None
    revoked_at: Moment | None
