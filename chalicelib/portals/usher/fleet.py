"""The ushers' portal: synchronization of phones, and the readers of the event."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.access.heartbeats import DeviceHeartbeat
from chalicelib.domain.gate import device_board, round_trips, sync_status
from chalicelib.domain.gate.device_board import DeviceBoard, ShownDevice
from chalicelib.domain.gate.sync_status import SyncStatus
from chalicelib.domain.offline import freshness
from chalicelib.portals.http.auth import USHER
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.device import SettingsOut
from chalicelib.schemas.usher import fleet as schema

bp = Blueprint(__name__)
_SYNC = "/api/usher/sync/status"
_NFC = "/api/usher/nfc"


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


def _heartbeat(body: schema.PhoneHeartbeatIn, event_id: str) -> DeviceHeartbeat:
    return DeviceHeartbeat(
        queue_depth=body.queue_depth,
        clock_offset_ms=body.clock_offset_ms,
        app_version=body.app_version,
        last_error=body.last_error,
        battery=body.battery,
        snapshot_cursor=body.snapshot_cursor,
        snapshot_generated_at=freshness.of(body.snapshot_cursor, event_id, reported=body.snapshot_generated_at),
        seq=body.seq,
        nfc=body.nfc,
        test=body.test,
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
    body, principal = call.body, call.principal
    beat = _heartbeat(body, principal.event_id)
    reported = sync_status.heartbeat(principal, beat, installation_id=body.installation_id, gate=body.gate)
    answer = reported.heartbeat
    return schema.PhoneHeartbeatOut(
        **_status_out(reported.status).model_dump(),
        config=SettingsOut.read(answer.config),
        server_public_keys=answer.server_public_keys,
        revoked_before=answer.revoked_before,
        time=answer.time,
        test=answer.test,
    )


def _reader_out(shown: ShownDevice) -> schema.ReaderOut:
    device = shown.device
    return schema.ReaderOut(
        device_id=device.device_id,
        kind=shown.kind,
        name=device.name,
        gate=shown.gate,
        online=shown.online,
        last_seen_at=device.last_seen_at,
        queue_depth=device.queue_depth,
        missing_seq=shown.missing_seq,
        clock_offset_ms=device.clock_offset_ms,
        snapshot_age_s=shown.snapshot_age_s,
        app_version=device.app_version,
        battery=device.battery,
        nfc=device.nfc,
        ready=shown.ready,
        why=list(shown.why),
    )


def _fleet_out(board: DeviceBoard) -> schema.FleetOut:
    return schema.FleetOut(
        readers=[_reader_out(shown) for shown in board.readers],
        gates=[schema.GateOut.read(gate) for gate in board.gates],
        ready=board.ready,
        complete=board.complete,
        as_of=board.as_of,
    )


@door(
    bp,
    Route(
        "GET",
        f"{_NFC}/status",
        guard=USHER,
        reply=schema.FleetOut,
        links=(Link("usher_nfc_test", {"device_id": "/readers/0/device_id"}),),
    ),
)
def usher_nfc_status(call: Call[None, None]) -> schema.FleetOut:
    """Show whether the readers, phones and gates of the event are ready."""
    return _fleet_out(device_board.board(call.principal.event_id))


@door(
    bp,
    Route(
        "GET",
        f"{_NFC}/test",
        guard=USHER,
        query=schema.ReaderTestIn,
        reply=schema.ReaderTestOut,
        refuses=(errors.NotFound,),
    ),
)
def usher_nfc_test(call: Call[None, schema.ReaderTestIn]) -> schema.ReaderTestOut:
    """Test the round trip through a device's heartbeat; a second call shows its answer."""
    return schema.ReaderTestOut.read(round_trips.test(call.principal.event_id, call.query.device_id))
