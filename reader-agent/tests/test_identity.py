"""Enrolment, device tokens, and the clock that signs for them."""

import json
import stat
import time
from pathlib import Path

import httpx
import pytest
from conftest import DEMO_UID, Work, wait_until
from platform_double import Fault, Platform, refusal

from reader_agent import enrolment
from reader_agent.clock import Clock
from reader_agent.failures import BadSetup, LockedOut, NotEnrolled, TryLater
from reader_agent.identity import Identity
from reader_agent.outbox import Outbox
from reader_agent.server import Server, check_address, is_loopback
from reader_agent.simulator import Ntag213
from reader_agent.tap import Tap

ENROLL, TOKEN, TAPS, HEARTBEAT = (f"/api/device/{name}/" for name in ("enroll", "token", "taps", "heartbeat"))


def connect(identity: Identity) -> Server:
    return Server(identity.server, clock=Clock(), identity=identity)


def test_an_enrolled_device_keeps_its_key_to_itself(platform: Platform, state: Path) -> None:
    identity = enrolment.enroll(state, server=f"{platform.url}/", code=platform.provision(), name=None, replace=False)
    assert Identity.load(state) == identity
    assert (identity.event_id, identity.gate, identity.origin) == ("evt_demo", "Gate 1", "enrolled")
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert [stat.S_IMODE(file.stat().st_mode) for file in state.iterdir()] == [0o600]
    assert "PRIVATE" not in json.dumps(platform.keys)


def test_a_lost_enrolment_answer_is_asked_for_again_with_the_same_key(platform: Platform, state: Path) -> None:
    code = platform.provision()
    platform.break_once(ENROLL, Fault(lose_answer=True))
    with pytest.raises(BadSetup, match="run the same command again"):
        enrolment.enroll(state, server=platform.url, code=code, name=None, replace=False)
    identity = enrolment.enroll(state, server=platform.url, code=code, name=None, replace=False)
    with connect(identity) as server:
        assert server.access_token(timeout=60)
    assert sorted(file.name for file in state.iterdir()) == ["identity.json"]


def test_a_wrong_code_is_refused_in_a_sentence(platform: Platform, state: Path) -> None:
    with pytest.raises(BadSetup, match="ask for a new one"):
        enrolment.enroll(state, server=platform.url, code="NOPE-NOPE", name=None, replace=False)
    with pytest.raises(NotEnrolled):
        Identity.load(state)


def test_an_enrolled_device_is_not_replaced_by_accident_and_its_outbox_stays(
    platform: Platform, state: Path, identity: Identity
) -> None:
    with Outbox(identity.outbox_path(state)) as outbox:
        outbox.record(Tap.of_card(Clock(), DEMO_UID, sun=None, direction=None, clock_offset_ms=None))
    with pytest.raises(BadSetup, match="1 of its taps are not sent yet"):
        enrolment.enroll(state, server=platform.url, code=platform.provision(), name=None, replace=False)
    another = enrolment.enroll(state, server=platform.url, code=platform.provision(), name=None, replace=True)
    assert another.device_id != identity.device_id
    assert enrolment.unsent(state, identity) == 1
    assert enrolment.unsent(state, another) == 0


def test_a_damaged_identity_is_said_so(state: Path) -> None:
    state.mkdir()
    (state / "identity.json").write_text("{")
    with pytest.raises(BadSetup, match="damaged"):
        Identity.load(state)


@pytest.mark.parametrize(
    "url",
    [
        "http://gate.example.com", "ftp://127.0.0.1", "gate.example.com", "https://", "",
        "http://[::1", "https://gate.example.com:https", "https://gate.example.com:99999",
    ],
)  # fmt: skip
def test_credentials_do_not_travel_in_the_clear_nor_to_no_address(url: str) -> None:
    with pytest.raises(BadSetup):
        check_address(url)


def test_loopback_is_told_from_anywhere_else() -> None:
    assert all(is_loopback(url) for url in ("http://127.0.0.1:8000", "http://localhost", "http://[::1]:8000"))
    assert not any(is_loopback(url) for url in ("https://example.com", "http://10.0.0.1", "http://127.example.com"))


def test_a_token_is_kept_until_it_is_about_to_end(platform: Platform, identity: Identity) -> None:
    with connect(identity) as server:
        for _ in range(5):
            server.access_token(timeout=60)
    assert platform.token_requests == 1
    platform.token_life = 0.2  # type: ignore[assignment]  # the contract counts in whole seconds, a test cannot wait for one
    with connect(identity) as server:
        server.access_token(timeout=60)
        time.sleep(0.25)
        server.access_token(timeout=60)
    assert platform.token_requests == 3


def test_a_token_that_ended_early_is_renewed_at_most_once_a_road(work: Work, platform: Platform) -> None:
    with work() as gate:
        gate.decision(Ntag213(bytes.fromhex(DEMO_UID)))
        platform.tokens.clear()
        assert gate.decision(Ntag213(bytes.fromhex(DEMO_UID))).result == "already_scanned"
    # The heartbeat has a road of its own; it may meet the ended token at the same moment.
    assert platform.token_requests in (2, 3, 4)


def test_a_revoked_device_gets_no_token(platform: Platform, identity: Identity) -> None:
    del platform.keys[identity.device_id]
    with connect(identity) as server, pytest.raises(LockedOut):
        server.access_token(timeout=60)


def test_a_server_that_is_not_there_is_no_verdict_on_the_device(platform: Platform, identity: Identity) -> None:
    platform.down()
    with connect(identity) as server, pytest.raises(TryLater):
        server.access_token(timeout=60)
    platform.up()
    platform.break_once(TOKEN, refusal(429, "RATE_LIMITED", Retry_After="7"))
    with connect(identity) as server, pytest.raises(TryLater) as caught:
        server.access_token(timeout=60)
    assert caught.value.retry_after == 7


@pytest.mark.parametrize("ahead", [6 * 3600.0, -2 * 86400.0])
def test_a_board_that_boots_with_a_wrong_clock_signs_by_the_servers_time(
    platform: Platform, identity: Identity, ahead: float
) -> None:
    platform.clock_ahead = ahead
    with connect(identity) as server:
        began = time.monotonic()
        assert server.access_token(timeout=60)
        assert server.clock_offset_seconds == pytest.approx(ahead, abs=3 + time.monotonic() - began)
        began = time.monotonic()
        server.heartbeat({"queue_depth": 0, "clock_offset_ms": 0, "app_version": "0"}, timeout=60)
        took = time.monotonic() - began
        assert server.clock_offset_seconds == pytest.approx(ahead, abs=0.5 + took)


@pytest.mark.parametrize(
    ("header", "pause"),
    [
        ("5", 5), ("0", 0), ("15", 15), ("3600", 15), ("9" * 400, 15), ("Wed, 21 Oct 2099 07:28:00 GMT", 15),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("Fri, 31 Dec 9999 23:59:59 -0000", None), ("soon", None),
        ("-1", None), ("nan", None), ("inf", None), ("1e400", None), ("1e99", None), ("٣", None), ("", None),
    ],
)  # fmt: skip
def test_a_pause_that_the_platform_asks_for_has_a_bound(
    platform: Platform, identity: Identity, header: str, pause: float | None
) -> None:
    fault = refusal(503, "UNAVAILABLE")
    fault.headers["Retry-After"] = header.encode().decode("latin-1")
    platform.break_once(TOKEN, fault)
    with connect(identity) as server, pytest.raises(TryLater) as caught:
        server.access_token(timeout=60)
    assert caught.value.retry_after == pause


def test_a_stranger_asks_for_no_pause(platform: Platform, identity: Identity) -> None:
    platform.break_once(TOKEN, Fault(status=503, headers={"Retry-After": "30"}, body=b"<html>busy</html>"))
    with connect(identity) as server, pytest.raises(TryLater) as caught:
        server.access_token(timeout=60)
    assert caught.value.retry_after is None


def test_the_heartbeat_tells_how_the_device_is_and_follows_the_configuration(work: Work, platform: Platform) -> None:
    platform.config["heartbeat_seconds"] = 1
    with work(online_seconds=None, debounce_seconds=None) as gate:
        wait_until(lambda: len(platform.heartbeats) >= 1)
        platform.config |= {"batch_size": 7, "online_timeout_ms": 400, "debounce_ms": 100}
        wait_until(lambda: gate.agent.delivery.pace.batch_size == 7)
        assert (gate.agent.delivery.pace.online_seconds, next(iter(gate.agent.readers)).debounce.seconds) == (0.4, 0.1)
        beat = platform.heartbeats[-1]
    assert beat["queue_depth"] == 0
    assert beat["reader"]["path"].startswith("udp:")
    assert abs(beat["clock_offset_ms"]) < 5000
    assert beat["app_version"] == "0.1.0"


def test_a_device_that_staff_moved_is_at_its_new_gate_from_the_next_heartbeat_on(
    work: Work, platform: Platform, state: Path, identity: Identity
) -> None:
    platform.config["heartbeat_seconds"] = 1
    assert identity.gate != "Gate 9"
    with work() as gate:
        wait_until(lambda: len(platform.heartbeats) >= 1)
        platform.gate = "Gate 9"
        wait_until(lambda: gate.agent.identity.gate == "Gate 9")
        wait_until(lambda: Identity.load(state).gate == "Gate 9")
        platform.gate = None  # as an older platform answers
        beats = len(platform.heartbeats)
        wait_until(lambda: len(platform.heartbeats) >= beats + 2)
        assert "this device is at Gate 9 now" in gate.screen.getvalue()
    # Whom it counts from now on, it counts there.
    assert Identity.load(state).gate == "Gate 9"


def test_the_heartbeat_has_the_devices_clock_minus_the_platforms(work: Work, platform: Platform) -> None:
    platform.clock_ahead = 3600.0
    with work() as gate:
        wait_until(lambda: gate.agent.heartbeat.last_answer is not None)
        gate.agent.heartbeat.beat()
    assert platform.heartbeats[-1]["clock_offset_ms"] == pytest.approx(-3_600_000, abs=5000)


@pytest.mark.usefixtures("box")
def test_the_clock_and_the_snapshot_of_a_start_are_reported_before_the_next_interval(
    work: Work, platform: Platform
) -> None:
    """Else the board shows a wrong clock as right, and a gate with a snapshot as one without, for half a minute."""
    platform.config["heartbeat_seconds"] = 3600
    platform.clock_ahead = 3600.0
    with work() as gate:
        wait_until(lambda: "snapshot_cursor" in (platform.heartbeats or [{}])[-1])
        assert platform.heartbeats[-1]["clock_offset_ms"] == pytest.approx(-3_600_000, abs=5000)
        assert platform.heartbeats[-1]["snapshot_cursor"] == gate.agent.sync.state()["cursor"]
    assert len(platform.heartbeats) == 2


def test_a_heartbeat_repeats_once_and_at_once_what_it_was_asked_to(work: Work, platform: Platform) -> None:
    platform.config["heartbeat_seconds"] = 3600
    platform.test = "a-nonce_1"
    with work() as gate:
        # The echo is answered without a test, so the next heartbeat has none.
        wait_until(lambda: platform.test is None and getattr(gate.agent.heartbeat.last_answer, "test", "") is None)
        gate.agent.heartbeat.beat()
        echoes = [beat.get("test") for beat in platform.heartbeats]
    assert echoes[:2] == [None, "a-nonce_1"]
    assert not any(echoes[2:])


def test_the_echo_is_sent_again_where_its_heartbeat_was_lost(work: Work, platform: Platform) -> None:
    platform.config["heartbeat_seconds"] = 1
    platform.test = "a-nonce_2"
    with work():
        wait_until(lambda: len(platform.heartbeats) >= 1)
        platform.break_once(HEARTBEAT, Fault(status=503, body=b"<html>busy</html>"))
        wait_until(lambda: platform.test is None)


def test_the_heartbeat_has_the_number_of_the_last_record_and_the_snapshot(work: Work, platform: Platform) -> None:
    with work() as gate:
        for _ in range(3):
            gate.decision(Ntag213(bytes.fromhex(DEMO_UID)))
        gate.agent.heartbeat.beat()
        made, known = gate.agent.outbox.last(), gate.agent.sync.state()
    beat = platform.heartbeats[-1]
    assert made > 0
    assert beat["seq"] == made
    assert (beat.get("snapshot_cursor"), beat.get("snapshot_generated_at")) == (known["cursor"], known["generated_at"])


def test_a_heartbeat_that_is_refused_locks_the_device_out(work: Work, platform: Platform) -> None:
    platform.always[HEARTBEAT] = refusal(403, "FORBIDDEN")
    with work() as gate:
        wait_until(lambda: gate.agent.standing.locked_out is not None)
        # Taps have answers of their own, so they go on.
        assert gate.decision(Ntag213(bytes.fromhex(DEMO_UID))).admitted
        assert "ALARM" in gate.screen.getvalue()
        del platform.always[HEARTBEAT]


def test_the_machine_can_be_watched_on_loopback(work: Work, platform: Platform) -> None:
    port = Platform().port
    with work(health_port=port) as gate:
        gate.decision(Ntag213(bytes.fromhex(DEMO_UID)))
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            assert client.get("/healthz").json()["ok"] is True
            assert client.get("/readyz").status_code == 200
            metrics = client.get("/metrics").text
            assert 'gatehouse_reader_taps_total{shown="valid"} 1' in metrics
            assert "gatehouse_reader_queue_depth 0" in metrics
            assert client.get("/else").status_code == 404
            platform.always[TAPS] = refusal(403, "FORBIDDEN")
            for _ in range(3):
                gate.tap(Ntag213(bytes.fromhex(DEMO_UID)))
            wait_until(lambda: client.get("/readyz").status_code == 503)
            assert client.get("/readyz").json()["why_not_ready"] == ["the platform refuses this device"]
            assert client.get("/healthz").status_code == 200
        assert DEMO_UID not in metrics
