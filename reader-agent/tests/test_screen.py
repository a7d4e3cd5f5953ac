"""What a gate shows and sounds: no name draws on it, and no broken screen costs a verdict."""

import io
import json
import logging
import stat
import threading
import unicodedata
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from conftest import DEMO_UID, Work, wait_until
from platform_double import Fault, Platform
from rich.console import Console
from test_delivery import TAPS, card, fill
from test_outbox import tap

from reader_agent import logs, terminal
from reader_agent.display import Display
from reader_agent.identity import Identity
from reader_agent.legible import legible
from reader_agent.outcomes import Decided, Kept, Refused
from reader_agent.readers import Card
from reader_agent.sound import Aplay, Bell, Signal, Sound, make_sound, tones
from reader_agent.terminal import Screen
from reader_agent.wire import Decision, DeviceConfig

DRAWING = [
    *(chr(code) for code in (0x00, 0x07, 0x08, 0x09, 0x0A, 0x0D, 0x1B, 0x7F, 0x85, 0x9B, 0x9D)),  # C0 and C1
    *"\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",  # bidirectional
    *"\u00ad\u200b\u2028\u2029\u2060\ufeff\U000e0041",
]
EVIL = "A\x1b[2J\x1b]0;owned\x07\u202egnp\n\rB\x9b31m"


def draws(text: str) -> list[str]:
    """Return the characters of a text that would draw, except line ends."""
    drawing = ("Cc", "Cf", "Zl", "Zp", "Cs")
    return [c for c in text if unicodedata.category(c) in drawing and c not in "\n\u200c\u200d"]


@pytest.mark.parametrize("character", [*DRAWING, "\ud800"], ids=lambda character: f"U+{ord(character):04X}")
def test_a_character_that_draws_is_shown_as_such(character: str) -> None:
    assert legible(f"a{character}b") == f"a<U+{ord(character):04X}>b"


@pytest.mark.parametrize(
    "name",
    [
        "Łukasz Žižek",
        "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627",
        "नेहा",
        "李小龍",
        "👩\u200d🚀 Ada",
        "e\u0301lan",
        "O'Brien",
    ],
)
def test_a_name_of_any_language_stays_as_it_is(name: str) -> None:
    assert legible(name) == name


def test_a_repeat_of_the_platform_is_said_so_that_nobody_else_comes_in_by_it() -> None:
    screen = io.StringIO()
    display = Display(Console(file=screen, width=120, color_system=None))
    display.outcome(tap(), Decided(Decision(scan_id="scn_1", result="valid", repeat=True)))
    assert "the same card again" in screen.getvalue()


def test_a_text_floods_no_screen() -> None:
    assert len(legible("x" * 10_000)) == 201
    assert legible("a" + "\u0301" * 40).count("\u0301") == 4


def _everything_evil() -> Decision:
    return Decision.model_validate(
        {
            "scan_id": "scn_1", "result": "already_scanned", "reason": EVIL,
            "attendee": {"name": EVIL, "labels": [EVIL] * 50},
            "ticket": {"id": EVIL, "number": EVIL, "tier": EVIL},
            "first_scan": {"scanned_at": EVIL, "gate": EVIL, "by": {"name": EVIL * 1000}},
        }
    )  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_nothing_from_outside_draws_on_the_display(encoding: str) -> None:
    raw = io.BytesIO()
    screen = io.TextIOWrapper(raw, encoding=encoding, errors="backslashreplace")
    display = Display(Console(file=screen, width=120, color_system=None))
    for outcome in (Decided(_everything_evil()), Kept(EVIL), Refused(EVIL)):
        display.outcome(tap(), outcome, own_kept_tap=True)
        if not isinstance(outcome, Kept):
            display.late(tap(), outcome)
    display.say(EVIL)
    display.alarm(EVIL)
    display.refused_here("NOT RECORDED", EVIL)
    display.repeated(DEMO_UID, EVIL, 1.0)
    screen.flush()
    shown = raw.getvalue().decode(encoding)
    assert draws(shown) == []
    assert "U+001B" in shown
    assert shown.count("\n") < 120
    assert display.trouble is None


def test_nothing_from_outside_draws_in_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.say(EVIL)
    terminal.say(EVIL, to_errors=True)
    terminal.write_json({"gate": EVIL})
    out, err = capsys.readouterr()
    assert draws(out + err) == []
    assert (out + err).count("<U+202E>") == 2


@pytest.fixture
def _own_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


@pytest.mark.usefixtures("_own_logging")
def test_nothing_from_outside_draws_in_the_log() -> None:
    stream = io.StringIO()
    logs.configure("debug", stream)
    logs.logger().error(EVIL, error=EVIL, **{"more\u202e": EVIL})
    try:
        int(EVIL)
    except ValueError:
        logs.logger().exception("failed")
    logging.getLogger("nfc").error("%s", EVIL)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 3
    assert draws(stream.getvalue()) == []
    assert json.loads(lines[0])["error"] == EVIL


def test_a_result_that_nobody_knows_is_no_label_of_the_metrics(work: Work, platform: Platform) -> None:
    tapped = Card(uid=DEMO_UID, kind="test")
    with work(health_port=Platform().port) as gate:
        platform.only_result = 'x"} 1\nevil{a="'
        assert isinstance(gate.agent.gate.tapped(tapped), Decided)
        assert gate.agent.health
        metrics = httpx.get(f"http://127.0.0.1:{gate.agent.health.port}/metrics", trust_env=False).text
    assert 'gatehouse_reader_taps_total{shown="other"} 1' in metrics
    assert "evil" not in metrics


class _Broken(io.StringIO):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def write(self, _: str) -> int:
        raise self.error


@pytest.mark.parametrize(
    "screen",
    [
        _Broken(OSError(5, "Input/output error")),
        _Broken(BrokenPipeError(32, "Broken pipe")),
        _Broken(ValueError("I/O operation on closed file")),
        io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict"),
    ],
    ids=["lost terminal", "broken pipe", "closed", "ASCII"],
)
def test_a_broken_screen_loses_no_verdict(work: Work, screen: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with work() as gate:
        gate.agent._display.console = Screen(file=screen, width=100)
        assert gate.decision(card()).admitted
        assert gate.decision(card()).result == "already_scanned"
        assert gate.agent.snapshot()["screen_error"]
        wait_until(lambda: gate.agent.outbox.depth() == 0)
    assert "ADMITTED" in capsys.readouterr().err
    lines = [json.loads(line) for line in gate.log.getvalue().splitlines()]
    assert [line["outcome"] for line in lines if line["event"] == "tap"] == ["valid", "already_scanned"]


def test_times_are_shown_in_the_zone_of_the_event(work: Work, platform: Platform) -> None:
    with work() as gate:
        wait_until(lambda: gate.agent.heartbeat.last_answer is not None)
        gate.decision(card())
        assert " PKT" in gate.screen.getvalue()
        platform.config["timezone"] = "America/New_York"
        gate.agent.heartbeat.beat()
        gate.decision(card())
        assert " EST" in gate.screen.getvalue() or " EDT" in gate.screen.getvalue()
    screen = io.StringIO()
    display = Display(Console(file=screen, width=120), timezone="Asia/Kathmandu")
    first = {"scanned_at": "2026-11-27T18:30:00Z", "gate": "Gate 2", "by": "Amina"}
    display.late(
        tap(), Decided(Decision.model_validate({"scan_id": "s", "result": "already_scanned", "first_scan": first}))
    )
    assert "2026-11-28 00:15:00 +0545" in screen.getvalue()


@pytest.mark.parametrize("name", ["Mars/Olympus", "../../etc/passwd", "", "/etc/localtime", "Asia/\x00"])
def test_a_zone_that_this_machine_does_not_know_is_utc(name: str) -> None:
    assert DeviceConfig.model_validate({"timezone": name}).timezone == "UTC"


def test_each_verdict_sounds_different() -> None:
    frames = {}
    for signal in Signal:
        with wave.open(io.BytesIO(tones(signal))) as file:
            frames[signal] = file.readframes(file.getnframes())
    assert len(set(frames.values())) == len(Signal)


def test_a_player_gets_the_sound_and_a_missing_one_delays_nothing(tmp_path: Path) -> None:
    player, heard = tmp_path / "aplay", tmp_path / "heard.wav"
    player.write_text(f"#!/bin/sh\ncat > {heard}.part && mv {heard}.part {heard}\n")
    player.chmod(player.stat().st_mode | stat.S_IXUSR)
    Sound(Aplay(str(player)), log=structlog.get_logger()).signal(Signal.ADMITTED)
    wait_until(heard.exists)
    assert heard.read_bytes() == tones(Signal.ADMITTED)
    silent = Sound(Aplay(str(tmp_path / "missing")), log=structlog.get_logger())
    for _ in range(20):
        silent.signal(Signal.REFUSED)
    wait_until(lambda: silent.trouble is not None)


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_bell_rings_once_for_an_admission_and_three_times_for_a_refusal(work: Work) -> None:
    bell = _Terminal()
    with work() as gate:
        gate.agent._display._signals = Sound(Bell(bell), log=structlog.get_logger())
        gate.decision(card())
        wait_until(lambda: bell.getvalue() == "\a")
        gate.decision(card())
        wait_until(lambda: bell.getvalue() == "\a" * 4)


def test_there_is_no_sound_where_it_is_off_or_no_terminal_rings() -> None:
    running = threading.active_count()
    for name, stream in (("off", _Terminal()), ("bell", io.StringIO())):
        make_sound(name, stream, log=structlog.get_logger()).signal(Signal.REFUSED)  # type: ignore[arg-type]
    assert threading.active_count() == running


def _why(gate: Any) -> list[str]:
    found: list[str] = httpx.get(f"http://127.0.0.1:{gate.agent.health.port}/readyz", trust_env=False).json()[
        "why_not_ready"
    ]
    return found


def test_a_gate_that_sends_nothing_or_records_nothing_is_not_ready(work: Work, platform: Platform) -> None:
    with work(health_port=Platform().port) as gate:
        gate.decision(card())
        wait_until(lambda: _why(gate) == [])
        pages = gate.agent.outbox._db.execute("PRAGMA page_count").fetchone()[0]
        gate.agent.outbox._db.execute(f"PRAGMA max_page_count = {pages}")
        # What is delivered meanwhile frees pages, so taps fill the file until none is kept.
        wait_until(lambda: gate.tap(card())[1] is None and _why(gate) == ["taps cannot be recorded"])
        gate.agent.outbox._db.execute("PRAGMA max_page_count = 100000")
        wait_until(lambda: _why(gate) == [])  # tried again without a tap
        for path in (TAPS, "/api/device/heartbeat/"):
            platform.always[path] = Fault(status=503)
        gate.tap(card())
        gate.agent.heartbeat._answered_at, gate.agent.delivery.pace.unsent_seconds = -1e6, 0.1
        wait_until(lambda: _why(gate) == ["the server does not answer", "kept taps are not sent"])


def test_a_gate_whose_kept_taps_stay_is_not_ready_though_people_are_decided(
    work: Work, platform: Platform, state: Path, identity: Identity
) -> None:
    fill(state, identity, 3)
    platform.break_once(TAPS, Fault(delay=20.0))  # the first slice
    with work(health_port=Platform().port, sync_seconds=20.0) as gate:
        gate.agent.delivery.pace.unsent_seconds = 0.3
        wait_until(lambda: not platform.faults[TAPS])
        wait_until(lambda: isinstance(gate.tap(card())[1], Decided) and _why(gate) == ["kept taps are not sent"])


def test_a_gate_whose_thread_ended_is_neither_ready_nor_healthy(work: Work) -> None:
    with work(health_port=Platform().port) as gate:
        wait_until(lambda: _why(gate) == [])
        gate.agent.heartbeat.stop()
        wait_until(lambda: "a thread is dead or hangs" in _why(gate))
        assert gate.agent.health
        assert httpx.get(f"http://127.0.0.1:{gate.agent.health.port}/healthz", trust_env=False).status_code == 503
