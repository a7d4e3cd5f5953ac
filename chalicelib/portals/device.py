"""The reader agents' door: enrol once, prove yourself, send taps."""

from collections.abc import Iterable

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.access import devices, heartbeats, tokens
from chalicelib.domain.access.heartbeats import DeviceHeartbeat
from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.gate.readings import Caller
from chalicelib.domain.gate.verdicts import RecordVerdict
from chalicelib.domain.offline import freshness, snapshots
from chalicelib.portals import scan_records
from chalicelib.portals.http.answer import File
from chalicelib.portals.http.auth import DEVICE, SENDING_DEVICE
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas import device as schema
from chalicelib.schemas.records import FaultyRecord, RecordIn
from chalicelib.schemas.usher.scans import DecisionOut
from chalicelib.vocabulary.gate import ScanKind

bp = Blueprint(__name__)
_BASE = "/api/device"
_BYTES = "application/octet-stream"
_TOKEN_SECONDS = int(tokens.LIFETIME.total_seconds())
# A hundred taps with SUN messages and codes.
_TAPS_LIMIT = 256 * 1024


def _caller(principal: Principal) -> Caller:
    return Caller(
        id=principal.id, event_id=principal.event_id, name=principal.name, gate=principal.gate, moved=principal.moved
    )


def _number_source(body: schema.TapsIn, principal: Principal) -> str | None:
    """Return whose numbers to note at once. A tap that waits at the gate does not wait for that: the stream does it.

    The stream knows those that the platform decides; people who are counted are no such tap.
    """
    only = body.taps[0] if len(body.taps) == 1 else None
    is_waiting = isinstance(only, RecordIn) and only.offline is None and only.kind is not ScanKind.COUNT
    return None if is_waiting else principal.id


def _taps_out(taken: Iterable[RecordVerdict | FaultyRecord]) -> schema.TapsOut:
    return schema.TapsOut(results=[_tap_out(index, each) for index, each in enumerate(taken)])


def _tap_out(index: int, taken: RecordVerdict | FaultyRecord) -> schema.TapOut:
    verdict = dict(scan_records.verdict_out(index, taken))
    decision = taken.decision if isinstance(taken, RecordVerdict) else None
    if decision is None:
        nothing = {"attendee": None, "ticket": None, "first_scan": None, "remaining": None}
        return schema.TapOut(**verdict, **nothing, log_id=None, decided_at=None, repeat=False)
    return schema.TapOut(**{**dict(DecisionOut.read(decision)), **verdict})


def _heartbeat(body: schema.HeartbeatIn, event_id: str) -> DeviceHeartbeat:
    return DeviceHeartbeat(
        queue_depth=body.queue_depth,
        clock_offset_ms=body.clock_offset_ms,
        app_version=body.app_version,
        reader_path=body.reader.path if body.reader else None,
        reader_model=body.reader.model if body.reader else None,
        last_error=body.last_error,
        hub_address=body.hub_address,
        battery=body.battery,
        snapshot_cursor=body.snapshot_cursor,
        snapshot_generated_at=freshness.of(body.snapshot_cursor, event_id, reported=body.snapshot_generated_at),
        seq=body.seq,
        hub=body.hub,
        test=body.test,
    )


@door(
    bp,
    Route(
        "POST",
        f"{_BASE}/enroll",
        guard=None,
        body=schema.EnrollIn,
        reply=schema.EnrollOut,
        refuses=(errors.InvalidCredentials, errors.RateLimited),
        links=(Link("device_token", body={"device_id": "/device_id"}),),
    ),
)
def device_enroll(call: Call[schema.EnrollIn, None]) -> schema.EnrollOut:
    """Exchange a one-time code for a device's identity."""
    body = call.body
    return schema.EnrollOut.read(
        devices.enroll(code=body.code, public_key=body.public_key, name=body.name, address=call.address)
    )


@door(
    bp,
    Route(
        "POST",
        f"{_BASE}/token",
        guard=None,
        body=schema.TokenIn,
        reply=schema.TokenOut,
        refuses=(errors.Unauthenticated,),
    ),
)
def device_token(call: Call[schema.TokenIn, None]) -> schema.TokenOut:
    """Exchange a JWT that the device signed for an access token."""
    access = devices.token(device_id=call.body.device_id, assertion=call.body.assertion, is_late=call.body.late_upload)
    return schema.TokenOut(access=access, expires_in=_TOKEN_SECONDS)


@door(
    bp,
    Route("POST", f"{_BASE}/taps", guard=SENDING_DEVICE, body=schema.TapsIn, reply=schema.TapsOut, limit=_TAPS_LIMIT),
)
def device_taps(call: Call[schema.TapsIn, None]) -> schema.TapsOut:
    """Take taps: decide those that the device did not decide, in their order. Each is idempotent by its scan_id."""
    body, principal = call.body, call.principal
    taken = scan_records.take(
        _caller(principal),
        body.taps,
        scan_records.clock_of(body),
        number_source=_number_source(body, principal),
        revoked_at=principal.revoked_at,
    )
    return _taps_out(taken)


@door(
    bp,
    Route(
        "GET",
        f"{_BASE}/snapshot",
        guard=DEVICE,
        query=schema.SnapshotIn,
        media_type=_BYTES,
        resumable=True,
        refuses=(errors.InvalidCursor, errors.RangeNotSatisfiable, errors.Unavailable),
    ),
)
def device_snapshot(call: Call[None, schema.SnapshotIn]) -> File:
    """Download what the device's event needs without the network, or what changed of it."""
    query = call.query
    return File(snapshots.of_device(call.principal, since=query.since, with_names=query.names), _BYTES)


@door(bp, Route("POST", f"{_BASE}/heartbeat", guard=DEVICE, body=schema.HeartbeatIn, reply=schema.HeartbeatOut))
def device_heartbeat(call: Call[schema.HeartbeatIn, None]) -> schema.HeartbeatOut:
    """Report health, and learn settings and the time."""
    return schema.HeartbeatOut.read(
        heartbeats.receive(call.principal.id, _heartbeat(call.body, call.principal.event_id))
    )
