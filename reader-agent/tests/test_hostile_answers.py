"""No single answer ends a gate, and no tap that fails alone holds up the others."""

import contextlib
import gzip
import json
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import DEMO_UID, Work, wait_until
from platform_double import Fault, Platform, envelope, refusal
from test_delivery import card, fill, sent

from reader_agent.clock import Clock
from reader_agent.failures import LockedOut, Rejected, TryLater
from reader_agent.identity import Identity
from reader_agent.outbox import Outbox
from reader_agent.outcomes import Decided, Kept
from reader_agent.readers import Card
from reader_agent.server import Server
from reader_agent.wire import TapOut

HEARTBEAT, TAPS, TOKEN = (f"/api/device/{name}/" for name in ("heartbeat", "taps", "token"))
_STRANGER = {"scan_id": "x", "result": "valid"}
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

HOSTILE = {
    "403 of a firewall": Fault(status=403, body=b"<html>Request blocked</html>", headers={"Content-Type": "text/html"}),
    "403 of the platform": refusal(403, "FORBIDDEN"),
    "401 of the platform": refusal(401, "UNAUTHENTICATED"),
    "403 of a gateway": Fault(status=403, body=b'{"message": "Forbidden"}'),
    "404 of the platform": refusal(404, "NOT_FOUND"),
    "404 of a stranger": Fault(status=404, body=b"<html>no such page</html>"),
    "400 of the platform": refusal(400, "VALIDATION_ERROR"),
    "409 of the platform": refusal(409, "IDEMPOTENCY_IN_PROGRESS"),
    "500": Fault(status=500, body=envelope("INTERNAL")),
    "503 without a body": Fault(status=503),
    "captive portal": Fault(status=200, body=b"<html>please log in to this network</html>"),
    "redirect": Fault(status=302, headers={"Location": "http://127.0.0.1:1/\x7f"}),
    "redirect without an address": Fault(status=301),
    "empty 204": Fault(raw=b"HTTP/1.1 204 No Content\r\n\r\n"),
    "JSON of another shape": Fault(status=200, body=b'{"status": "ok", "results": {}}'),
    "too few results": Fault(status=200, body=b'{"results": []}'),
    "too many results": Fault(status=200, body=json.dumps({"results": [_STRANGER] * 5000}).encode()),
    "decision on another tap": Fault(status=200, body=b'{"results": [{"scan_id": "scn_other", "result": "valid"}]}'),
    "deep JSON": Fault(status=200, body=b"[" * 100_000),
    "wrong content type": Fault(status=200, body=b'{"results": []}', headers={"Content-Type": "text/html"}),
    "gzip garbage": Fault(status=200, body=b"\x1f\x8b garbage", headers={"Content-Encoding": "gzip"}),
    "gzip bomb": Fault(status=200, body=gzip.compress(bytes(50_000_000)), headers={"Content-Encoding": "gzip"}),
    "truncated body": Fault(raw=_HEAD + b'Content-Length: 500\r\n\r\n{"results": ['),
    "2 MB body": Fault(status=200, body=b'{"results": [' + b" " * 2_000_000 + b"]}"),
    "endless headers": Fault(raw=_HEAD + b"X: y\r\n" * 40_000),
    "no HTTP": Fault(raw=b"SSH-2.0-OpenSSH_9.6\r\n"),
    "slow headers": Fault(raw=_HEAD + b"X-Slow: " + b"a" * 200, drip=0.2),
    "slow body": Fault(raw=_HEAD + b"Content-Length: 200\r\n\r\n" + b" " * 200, drip=0.2),
    "informational only": Fault(raw=b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100, drip=0.002),
    "reset": Fault(reset=True),
    "dropped": Fault(drop=True),
    "cookies": Fault(status=503, headers={"Set-Cookie": f"portal={'x' * 3000}; Path=/"}),
    **{
        f"Retry-After: {value}": Fault(status=503, body=envelope("UNAVAILABLE"), headers={"Retry-After": value})
        for value in ("nan", "-1", "3600", "1e400", "Fri, 31 Dec 2199 23:59:59 GMT")
    },
}  # fmt: skip
# A fresh token answers a single 401; a fresh connection, a kept one that ends without an answer.
ASKED_AGAIN = ("401 of the platform", "endless headers", "no HTTP", "reset", "dropped")
# A token that no header can carry, or that lives for ever.
HOSTILE_TOKENS = {
    "line end": b'{"access": "a\\r\\nX-Evil: 1", "expires_in": 900}',
    "not ASCII": '{"access": "tökén", "expires_in": 900}'.encode(),
    "empty": b'{"access": "", "expires_in": 900}',
    "foreign": b'{"access": "of-a-portal", "expires_in": 86400}',
    "endless": b'{"access": "a", "expires_in": 1e400}',
    "not a number": b'{"access": "a", "expires_in": NaN}',
}


def tap_out(number: int = 0) -> TapOut:
    return TapOut(scan_id=f"scn_{number:026d}", uid=DEMO_UID, scanned_at="2026-11-27T12:00:00.000Z")


@pytest.mark.parametrize("fault", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_answer_ends_in_time_and_says_nothing_about_the_next_one(
    platform: Platform, identity: Identity, fault: Fault
) -> None:
    with Server(identity.server, clock=Clock(), identity=identity) as server:
        server.access_token(timeout=60)
        platform.break_once(TAPS, fault)
        before, is_decided = time.monotonic(), False
        with contextlib.suppress(TryLater, Rejected, LockedOut):
            server.taps([tap_out()], timeout=0.6 if fault.drip else 60.0)
            is_decided = True
        assert time.monotonic() - before < 25.0  # all of a slow answer takes 40 s
        assert is_decided is (fault in [HOSTILE[name] for name in ASKED_AGAIN])
        # The same card: admitted now, or already where its request went out twice.
        assert server.taps([tap_out(1)], timeout=60.0).results[0].admitted is not is_decided


def is_answered(server: Server, beat: dict[str, Any]) -> bool:
    try:
        server.heartbeat(beat, timeout=60.0)
    except TryLater:
        return False
    return True


@pytest.mark.parametrize("fault", [fault for name, fault in HOSTILE.items() if "slow" not in name])
def test_a_hostile_answer_to_the_token_or_the_heartbeat_is_not_the_last(
    platform: Platform, identity: Identity, fault: Fault
) -> None:
    beat = {"queue_depth": 0, "clock_offset_ms": 0, "app_version": "1"}
    with Server(identity.server, clock=Clock(), identity=identity) as server:
        for path in (TOKEN, HEARTBEAT):
            platform.break_once(path, fault)
            with contextlib.suppress(TryLater, Rejected, LockedOut):
                server.heartbeat(beat, timeout=0.8)
            # The platform may close the connection behind the answer: one more request then finds it closed.
            wait_until(lambda: is_answered(server, beat))
        assert server.taps([tap_out()], timeout=60.0).results[0].admitted


@pytest.mark.parametrize("body", HOSTILE_TOKENS.values(), ids=HOSTILE_TOKENS)
def test_a_hostile_token_does_not_stay(platform: Platform, identity: Identity, body: bytes) -> None:
    with Server(identity.server, clock=Clock(), identity=identity) as server:
        platform.break_once(TOKEN, Fault(status=200, body=body))
        try:
            server.taps([tap_out()], timeout=60.0)
        except TryLater:
            server.taps([tap_out()], timeout=60.0)
    assert len(platform.received) == 1


def test_the_person_after_each_hostile_answer_is_decided(work: Work, platform: Platform) -> None:
    """One gate gets them all, one after the other, on every route; nobody restarts it."""
    chosen = [fault for name, fault in HOSTILE.items() if "slow" not in name]
    with work() as gate:
        gate.agent.delivery.pace.longest_pause = 0.5
        for number, fault in enumerate(chosen):
            platform.break_once((TAPS, TOKEN)[number % 2] if number % 5 == 0 else TAPS, fault)
            platform.break_once(HEARTBEAT, fault)
            gate.agent.gate.tapped(Card(f"04{number:012X}", "test"))
            with platform.lock:
                platform.faults.clear()
            outcome = gate.agent.gate.tapped(Card(f"05{number:012X}", "test"))
            assert isinstance(outcome, Decided), (number, outcome)
            # The next hostile answer is for the next tap: a tap that is refused twice is set aside.
            wait_until(lambda: gate.agent.outbox.depth() == 0)
        assert gate.agent.standing.locked_out is None
        assert gate.agent.outbox.dead() == 0
        assert not gate.agent.server._roads["person"]._client.cookies
    assert len(sent(platform)) == 2 * len(chosen)


@pytest.mark.parametrize(("status", "code"), [(401, "UNAUTHENTICATED"), (403, "FORBIDDEN")])
def test_a_device_that_is_refused_again_and_again_raises_the_alarm_and_recovers_by_itself(
    work: Work, platform: Platform, status: int, code: str
) -> None:
    platform.always[TAPS] = refusal(status, code)
    with work() as gate:
        gate.agent.delivery.pace.slow_seconds = 0.3
        _, outcome = gate.tap(card())
        assert isinstance(outcome, Kept)
        assert gate.agent.standing.locked_out is None  # one refusal is no lock-out
        wait_until(lambda: "ALARM" in gate.screen.getvalue())
        assert gate.agent.snapshot()["why_not_ready"] == ["the platform refuses this device"]
        _, outcome = gate.tap(card(1))
        assert isinstance(outcome, Kept)
        assert gate.agent.outbox.depth() == 2
        assert gate.agent.outbox.dead() == 0
        del platform.always[TAPS]
        wait_until(lambda: gate.agent.outbox.depth() == 0)
        assert gate.agent.standing.locked_out is None
    assert gate.screen.getvalue().count("ALARM") == 1
    assert "accepts this device again" in gate.screen.getvalue()
    assert len(platform.received) == 2


POISONS = [
    (400, "VALIDATION_ERROR"), (404, "NOT_FOUND"), (422, "IDEMPOTENCY_MISMATCH"), (500, "INTERNAL"),
    (403, "FORBIDDEN"), (502, ""),
]  # fmt: skip


@pytest.mark.parametrize(("status", "code"), POISONS, ids=[f"{status} {code}" for status, code in POISONS])
def test_a_tap_that_fails_alone_steps_aside_and_its_neighbours_go_on(
    work: Work, platform: Platform, state: Path, identity: Identity, status: int, code: str
) -> None:
    made = fill(state, identity, 12)
    platform.poison, platform.poison_status = {f"04{5:012X}"}, (status, code)
    with work() as gate:
        wait_until(lambda: gate.agent.outbox.depth() == 0)
        [dead] = gate.agent.outbox.entries("dead")
        assert gate.agent.standing.locked_out is None
        assert str(status) in dead.detail or code in dead.detail
        platform.poison = set()
        gate.agent.delivery.backlog._slow_at = 0.0  # its slow retry is due
        wait_until(lambda: gate.agent.outbox.dead() == 0)
    assert dead.tap.scan_id == made[5]
    assert sorted(sent(platform)) == sorted(made)


def test_a_platform_that_fails_for_all_makes_no_dead_letter(
    work: Work, platform: Platform, state: Path, identity: Identity
) -> None:
    made = fill(state, identity, 6)
    platform.always[TAPS] = refusal(404, "NOT_FOUND")
    with work() as gate:
        gate.agent.delivery.pace.longest_pause = 0.02
        wait_until(lambda: gate.agent.delivery.tally.failed_attempts > 25)
        assert gate.agent.outbox.dead() == 0
        with Outbox.reading(gate.agent.outbox.path) as seen:
            assert "NOT_FOUND" in seen.entries("pending")[0].detail  # an operator sees why
        del platform.always[TAPS]
        wait_until(lambda: gate.agent.outbox.depth() == 0)
    assert sorted(sent(platform)) == sorted(made)
