"""The ushers' portal: synchronization of phones, and the readers of the event."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.access.heartbeats import DeviceHeartbeat
from chalicelib.domain.gate import sync_status
from chalicelib.domain.gate.sync_status import SyncStatus
from chalicelib.portals.http.auth import USHER
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Route
from chalicelib.schemas.device import SettingsOut
from chalicelib.schemas.usher import fleet as schema

bp = Blueprint(__name__)
_SYNC = "/api/usher/sync/status"


def _status_out(status: SyncStatus) -> schema.SyncStatusOut:
    return schema.SyncStatusOut(
        device_id=status.device_id,
        last_sync_at=status.last_sync_at,
        pending_conflicts=status.pending_conflicts,
        snapshot_version=status.snapshot_version,
        missing=status.missing,
        gaps=[schema.GapOut(first=first, last=last) for first, last in status.gaps],
        server_time=status.server_time,
    )


@door(bp, Route("GET", _SYNC, guard=USHER, reply=schema.SyncStatusOut))
def usher_sync_status(call: Call[None, None]) -> schema.SyncStatusOut:
    """Show the synchronization of the phone that the caller logged in with."""
    return _status_out(sync_status.status(call.principal))


@door(
    bp,
    Route(
        "POST",
        _SYNC,
        guard=USHER,
        body=schema.PhoneHeartbeatIn,
        reply=schema.PhoneHeartbeatOut,
        refuses=(errors.Forbidden,),
    ),
)
def usher_phone_heartbeat(call: Call[schema.PhoneHeartbeatIn, None]) -> schema.PhoneHeartbeatOut:
    """Report the state of the caller's phone, and learn settings and the time."""
    body = call.body
    beat = DeviceHeartbeat(
        queue_depth=body.queue_depth,
        clock_offset_ms=body.clock_offset_ms,
        app_version=body.app_version,
        last_error=body.last_error,
        battery=body.battery,
        snapshot_cursor=body.snapshot_cursor,
        snapshot_generated_at=body.snapshot_generated_at,
        seq=body.seq,
        nfc=body.nfc,
        test=body.test,
    )
    told = sync_status.heartbeat(call.principal, beat, installation_id=body.installation_id, gate=body.gate)
    answer = told.heartbeat
    return schema.PhoneHeartbeatOut(
        **_status_out(told.status).model_dump(),
        config=SettingsOut.read(answer.config),
        revoked_before=answer.revoked_before,
        time=answer.time,
        test=answer.test,
    )
