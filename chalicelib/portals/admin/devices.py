"""The staff's portal: reader agents and ushers' phones."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.access import devices
from chalicelib.domain.gate import device_board
from chalicelib.domain.gate.device_board import ShownDevice
from chalicelib.domain.lists.devices import DEVICES
from chalicelib.portals.http.auth import DEVICE_MANAGERS, DEVICE_READERS
from chalicelib.portals.http.door import door
from chalicelib.portals.http.list_doors import list_door
from chalicelib.portals.http.list_pages import asked_of, list_query
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.admin import devices as schema
from chalicelib.schemas.admin.lists import ListIn
from chalicelib.schemas.wire import PageOut

bp = Blueprint(__name__)
_BASE = "/api/devices"
_LIST = list_query(DEVICES)


def _device_out(shown: ShownDevice) -> schema.DeviceOut:
    device = shown.device
    return schema.DeviceOut(
        id=device.device_id,
        kind=shown.kind,
        event_id=device.event_id,
        gate=shown.gate,
        usher_id=device.usher_id,
        name=device.name,
        status=device.status,
        online=shown.online,
        ready=shown.ready,
        why=list(shown.why),
        last_seen_at=device.last_seen_at,
        queue_depth=device.queue_depth,
        clock_offset_ms=device.clock_offset_ms,
        missing_seq=shown.missing_seq,
        seq=device.seq,
        snapshot_age_s=shown.snapshot_age_s,
        battery=device.battery,
        nfc=device.nfc,
        hub=device.hub,
        app_version=device.app_version,
        last_error=device.last_error,
        wipe_before=device.wipe_before,
        created_at=device.created_at,
        enrolled_at=device.enrolled_at,
        revoked_at=device.revoked_at,
    )


@list_door(
    bp,
    DEVICES,
    Route(
        "GET",
        _BASE,
        guard=DEVICE_READERS,
        query=_LIST,
        reply=PageOut[schema.DeviceOut],
        links=(
            Link("admin_change_device", {"device_id": "/results/0/id"}),
            Link("admin_revoke_device", {"device_id": "/results/0/id"}),
            Link("admin_devices", {"cursor": "/next"}),
        ),
    ),
)
def admin_devices(call: Call[None, ListIn]) -> PageOut[schema.DeviceOut]:
    """List reader agents and ushers' phones with their readiness, newest first."""
    return PageOut.of(device_board.page(asked_of(DEVICES, call)), _device_out)


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
        "PUT",
        f"{_BASE}/{{device_id}}",
        guard=DEVICE_MANAGERS,
        body=schema.DeviceChangeIn,
        reply=schema.DeviceOut,
        refuses=(errors.NotFound, errors.InvalidState),
        links=(Link("admin_revoke_device", {"device_id": "/id"}),),
        audited="device.change",
    ),
)
def admin_change_device(call: Call[schema.DeviceChangeIn, None]) -> schema.DeviceOut:
    """Move a device to another gate, rename it, or have it wiped."""
    return _device_out(device_board.changed(call.path["device_id"], call.body.changes()))


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
    """Revoke a reader or a phone at once."""
    devices.revoke(call.path["device_id"])
