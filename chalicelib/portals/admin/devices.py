"""The staff's portal: reader devices."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.access import devices
from chalicelib.domain.access.devices import ListedDevice
from chalicelib.portals.http.auth import DEVICE_MANAGERS, DEVICE_READERS
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.admin import devices as schema
from chalicelib.schemas.wire import PageOut

bp = Blueprint(__name__)
_BASE = "/api/devices"


def _device_out(listed: ListedDevice) -> schema.DeviceOut:
    device = listed.device
    return schema.DeviceOut(
        id=device.device_id,
        event_id=device.event_id,
        gate=device.gate,
        name=device.name,
        status=device.status,
        online=listed.online,
        last_seen_at=device.last_seen_at,
        queue_depth=device.queue_depth,
        clock_offset_ms=device.clock_offset_ms,
        app_version=device.app_version,
        last_error=device.last_error,
        created_at=device.created_at,
        enrolled_at=device.enrolled_at,
        revoked_at=device.revoked_at,
    )


@door(
    bp,
    Route(
        "GET",
        _BASE,
        guard=DEVICE_READERS,
        query=schema.DevicesIn,
        reply=PageOut[schema.DeviceOut],
        links=(
            Link("admin_revoke_device", {"device_id": "/results/0/id"}),
            Link("admin_devices", {"cursor": "/next"}),
        ),
    ),
)
def admin_devices(call: Call[None, schema.DevicesIn]) -> PageOut[schema.DeviceOut]:
    """List reader devices, newest first."""
    query = call.query
    page = devices.list_all(
        caller_id=call.principal.id,
        page_size=query.page_size,
        cursor=query.cursor,
        event_id=query.event_id,
        status=query.status,
    )
    return PageOut.of(page, _device_out)


@door(
    bp,
    Route(
        "POST",
        _BASE,
        guard=DEVICE_MANAGERS,
        body=schema.DeviceIn,
        reply=schema.ProvisionOut,
        status=201,
        refuses=(errors.NotFound,),
        links=(
            Link("device_enroll", body={"code": "/enrollment_code"}),
            Link("admin_revoke_device", {"device_id": "/device_id"}),
        ),
        audited="device.provision",
    ),
)
def admin_provision_device(call: Call[schema.DeviceIn, None]) -> schema.ProvisionOut:
    """Provision a reader and show its one-time enrolment code."""
    body = call.body
    return schema.ProvisionOut.read(
        devices.provision(event_id=body.event_id, gate_name=body.gate, name=body.name, by=call.principal.id)
    )


@door(
    bp,
    Route(
        "DELETE",
        f"{_BASE}/{{device_id}}",
        guard=DEVICE_MANAGERS,
        status=204,
        refuses=(errors.NotFound,),
        audited="device.revoke",
    ),
)
def admin_revoke_device(call: Call[None, None]) -> None:
    """Revoke a reader at once."""
    devices.revoke(call.path["device_id"])
