"""The relay, lamps and beeper of a gate, on lines that record what was switched."""

import itertools
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import structlog
from conftest import DEMO_UID, Work, wait_until
from platform_double import Platform

from reader_agent import gpio, local_gate, logs
from reader_agent.failures import BadSetup
from reader_agent.outcomes import Decided, DecidedHere, Kept
from reader_agent.settings import read_settings
from reader_agent.signals import Signals, pins
from reader_agent.simulator import Ntag213
from reader_agent.sound import Signal
from reader_agent.wire import Decision


class Recorded:
    """A line that notes when it was switched, and may be broken or slow."""

    def __init__(self) -> None:
        self.log: list[tuple[float, bool]] = []
        self.is_on = False
        self.opened = 0
        self.is_broken = False
        self.blocks: threading.Event | None = None

    def open(self) -> "Recorded":
        if self.is_broken:
            raise OSError(19, "No such device")
        self.opened += 1
        return self

    def set(self, on: bool) -> None:
        if self.is_broken:
            raise OSError(19, "No such device")
        if self.blocks:
            self.blocks.wait(60)
        self.is_on = on
        self.log.append((time.monotonic(), on))

    def close(self) -> None:
        self.is_on = False

    def pulses(self) -> list[float]:
        """Return how long it was on, each time."""
        switched = [entry for at, entry in enumerate(self.log) if at == 0 or self.log[at - 1][1] != entry[1]]
        return [off[0] - on[0] for on, off in itertools.pairwise(switched) if on[1]]


def admitted() -> Decided:
    return Decided(Decision(scan_id="scn_1", result="valid"))


def signals(**given: Any) -> Signals:
    return Signals(log=structlog.get_logger(), **given)


def test_the_relay_closes_for_an_admission_alone_and_for_less_than_half_a_second() -> None:
    relay = Recorded()
    gate = signals(relay=relay.open, relay_seconds=0.3)
    for outcome in (None, Kept("no answer"), Decided(Decision(scan_id="scn_2", result="already_scanned"))):
        gate.decided(outcome)
    gate.signal(Signal.ADMITTED)  # a colour alone opens no door
    threading.Event().wait(0.6)
    assert not any(was_on for _, was_on in relay.log)
    # Nobody waits for a relay that takes its time.
    relay.blocks = threading.Event()
    gate.decided(admitted())
    assert not relay.is_on
    relay.blocks.set()
    wait_until(lambda: len(relay.pulses()) == 1)
    gate.close()
    assert len(relay.pulses()) == 1
    assert 0.3 <= relay.pulses()[0] < 25.0  # on a busy machine
    assert not relay.is_on


def test_the_relay_closes_for_an_admission_that_this_gate_decided_by_itself() -> None:
    relay = Recorded()
    gate = signals(relay=relay.open, relay_seconds=0.3)
    here = local_gate.Decision(scan_id="scn_1", result="valid", reason=None, cursor="1", at=datetime.now(UTC))
    gate.decided(DecidedHere(replace(here, result="already_scanned"), "no answer"))
    gate.decided(DecidedHere(here, "no answer"))
    wait_until(lambda: len(relay.pulses()) == 1)
    threading.Event().wait(0.3)
    gate.close()
    assert len(relay.pulses()) == 1


def test_a_repeat_opens_no_door_that_its_admission_opened() -> None:
    relay = Recorded()
    gate = signals(relay=relay.open, relay_seconds=0.01)
    again = Decided(Decision(scan_id="scn_2", result="valid", repeat=True))

    # The first answer to a card's admission may itself be a repeat: the gate did not show the admission.
    opens = [
        (again, "A", 1),
        (again, "A", 0),
        (admitted(), "A", 1),
        (again, "A", 0),
        (again, "B", 1),
        (admitted(), "B", 1),
    ]
    so_far = 0
    for outcome, shown, times in opens:
        gate.decided(outcome, shown=shown)
        so_far += times
        wait_until(lambda so_far=so_far: len(relay.pulses()) >= so_far)  # type: ignore[misc]
        threading.Event().wait(0.1)
        assert len(relay.pulses()) == so_far
    gate.close()


def test_the_relay_is_off_after_the_agent_ends_in_the_middle_of_a_pulse() -> None:
    relay = Recorded()
    gate = signals(relay=relay.open, relay_seconds=30.0)
    gate.decided(admitted())
    wait_until(lambda: relay.is_on)
    gate.close()
    assert not relay.is_on


@pytest.mark.parametrize(("signal", "beeps"), [(Signal.ADMITTED, 1), (Signal.REFUSED, 3), (Signal.KEPT, 2)])
def test_green_is_one_beep_red_three_and_amber_two(signal: Signal, beeps: int) -> None:
    beeper = Recorded()
    gate = signals(beeper=beeper.open)
    gate.signal(signal)
    wait_until(lambda: len(beeper.pulses()) == beeps)
    gate.close()
    assert len(beeper.pulses()) == beeps


def test_one_lamp_is_lit_at_a_time_and_amber_between_verdicts_while_the_gate_is_offline() -> None:
    green, red, amber = Recorded(), Recorded(), Recorded()
    lamps = {Signal.ADMITTED: green, Signal.REFUSED: red, Signal.KEPT: amber}

    def lit() -> list[bool]:
        return [lamp.is_on for lamp in (green, red, amber)]

    gate = signals(lamps={signal: lamp.open for signal, lamp in lamps.items()})
    gate.rest(is_degraded=True)
    wait_until(lambda: lit() == [False, False, True])
    gate.signal(Signal.ADMITTED)
    wait_until(lambda: lit() == [True, False, False])
    gate.signal(Signal.REFUSED)
    wait_until(lambda: lit() == [False, True, False])
    wait_until(lambda: lit() == [False, False, True])
    gate.rest(is_degraded=False)
    wait_until(lambda: lit() == [False, False, False])
    gate.close()


def test_a_broken_or_hanging_signal_costs_no_verdict_and_works_again_after_its_repair(
    work: Work, platform: Platform
) -> None:
    relay, beeper = Recorded(), Recorded()
    relay.is_broken = True
    beeper.blocks = threading.Event()
    gate_signals = Signals(relay=relay.open, beeper=beeper.open, log=logs.logger())
    with work(signals=gate_signals) as gate:
        assert gate.decision(Ntag213(bytes.fromhex(DEMO_UID))).admitted
        assert not gate.decision(Ntag213(bytes.fromhex(DEMO_UID))).admitted
        wait_until(lambda: gate.agent.snapshot()["signal_errors"] == ["relay: [Errno 19] No such device"])
        relay.is_broken = False
        platform.tickets["04000000000002"] = None
        assert gate.decision(Ntag213(bytes.fromhex("04000000000002"))).admitted
        wait_until(lambda: len(relay.pulses()) == 1)
        wait_until(lambda: gate.agent.snapshot()["signal_errors"] == [])
        beeper.blocks.set()


@pytest.mark.parametrize(
    "wrong",
    [
        {"relay": "17"},
        {"relay": "gpiochip0:17; reboot"},
        {"relay": "gpiochip0:17", "beeper": "gpiochip0:17:low"},
        {"relay": "gpiochip0:17", "direction": "exit"},
        {"relay": "gpiochip0:17", "kind": "leave"},
        {"relay": "gpiochip0:17", "relay_ms": 2000},
    ],
    ids=["no chip", "more than a line", "one line twice", "an exit", "people who leave", "a long pulse"],
)
def test_a_wrong_signal_is_refused_before_the_gate_starts(wrong: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(BadSetup):
        pins(read_settings(state_dir=tmp_path, **wrong))


def test_a_chip_that_is_not_there_is_an_error_that_names_it() -> None:
    pytest.importorskip("gpiod", reason="libgpiod's binding is not installed: pip install '.[gpio]'")
    with pytest.raises(OSError, match="No such file"):
        gpio.opener(gpio.parse("relay", "gpiochip999:17:low"))()
