"""What a gate shows besides its screen: a sound, a beeper, lamps, and the relay of a turnstile or door.

Green is one beep, red three, amber two; amber also while the gate is offline or stale. Each device has a thread of its
own, so one that is missing, slow or broken delays no verdict and loses none.
"""

import queue
import threading
import time
from collections.abc import Callable, Mapping
from typing import IO, Protocol

import structlog

from reader_agent import gpio
from reader_agent.failures import BadSetup
from reader_agent.outcomes import Decided, DecidedHere, Outcome
from reader_agent.settings import Settings
from reader_agent.sound import Signal, Sound, make_sound

_SHOWN_SECONDS = 1.5
_BEEP_SECONDS, _GAP_SECONDS = 0.12, 0.12
# Longer than the window in which an admission is repeated, with the wait for the first answer.
_SAME_ADMISSION_SECONDS = 5.0
_LONGEST_WAIT = 5.0
# More than this would still act when the next person is at the reader.
_MOST_WAITING = 2


class Output(Protocol):
    """A line that is on or off."""

    def set(self, on: bool) -> None:  # noqa: FBT001  # what is set
        """Switch it. Raises OSError where the device is gone."""

    def close(self) -> None:
        """Give the line back; it is off then."""


Opener = Callable[[], Output]


class _Actor:
    """A device at one line. It is opened at its first use, and again after each failure."""

    def __init__(self, name: str, opener: Opener, *, log: structlog.stdlib.BoundLogger) -> None:
        self.trouble: str | None = None
        self.name = name
        self._opener = opener
        self._log = log
        self._stop = threading.Event()
        self._waiting: queue.Queue[Callable[[Output], None]] = queue.Queue(_MOST_WAITING)
        self._output: Output | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()
        self.do(lambda output: output.set(False))

    def do(self, act: Callable[[Output], None]) -> None:
        """Let the device act soon, or not at all where too much waits."""
        try:
            self._waiting.put_nowait(act)
        except queue.Full:
            return

    def pulse(self, seconds: float, times: int = 1) -> None:
        """Switch it on for a time, as often as asked. It is off afterwards, also after an error."""

        def act(output: Output) -> None:
            for _ in range(times):
                try:
                    output.set(True)
                    self._stop.wait(seconds)
                finally:
                    output.set(False)
                self._stop.wait(_GAP_SECONDS)

        self.do(act)

    def close(self) -> None:
        """Switch it off, and end."""
        self._stop.set()
        self._thread.join(timeout=_LONGEST_WAIT)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                act = self._waiting.get(timeout=0.2)
            except queue.Empty:
                continue
            try:
                self._output = self._output or self._opener()
                act(self._output)
                self.trouble = None
            except Exception as error:  # noqa: BLE001  # the screen has the verdict; an operator sees the trouble
                self._failed(error)
        self._drop()

    def _failed(self, error: Exception) -> None:
        if self.trouble is None:
            self._log.error("signal failed", device=self.name, error=str(error))
        self.trouble = f"{self.name}: {error}"
        self._drop()

    def _drop(self) -> None:
        output, self._output = self._output, None
        if output:
            try:
                output.close()
            except Exception as error:  # noqa: BLE001  # the device is gone
                self._log.info("signal closed badly", device=self.name, error=str(error))


class _Lamps:
    """One lamp at a time: the last verdict's for a moment, then amber where the gate is offline or stale."""

    def __init__(self, lamps: Mapping[Signal, _Actor]) -> None:
        self._lamps = lamps
        self._changed = threading.Condition()
        self._verdict: Signal | None = None
        self._until = 0.0
        self._idle: Signal | None = None
        self._is_closed = False
        self._thread = threading.Thread(target=self._run, name="lamps", daemon=True)
        self._thread.start()

    def show(self, signal: Signal) -> None:
        with self._changed:
            self._verdict, self._until = signal, time.monotonic() + _SHOWN_SECONDS
            self._changed.notify()

    def rest(self, signal: Signal | None) -> None:
        with self._changed:
            self._idle = signal
            self._changed.notify()

    def close(self) -> None:
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        self._thread.join(timeout=_LONGEST_WAIT)

    def _run(self) -> None:
        lit: Signal | None = None
        while True:
            with self._changed:
                left = self._until - time.monotonic()
                wanted = self._verdict if left > 0 else self._idle
                if wanted is lit and not self._is_closed:
                    self._changed.wait(left if left > 0 else None)
                    continue
                if self._is_closed:
                    return
            for signal, lamp in self._lamps.items():
                if signal in (lit, wanted):
                    lamp.do(_switching(on=signal is wanted))
            lit = wanted


def _switching(*, on: bool) -> Callable[[Output], None]:
    return lambda output: output.set(on)


class Signals:
    """All signals of a gate."""

    def __init__(
        self,
        sound: Sound | None = None,
        *,
        relay: Opener | None = None,
        relay_seconds: float = 0.4,
        beeper: Opener | None = None,
        lamps: Mapping[Signal, Opener] | None = None,
        log: structlog.stdlib.BoundLogger,
    ) -> None:
        self._sound = sound
        self._relay_seconds = relay_seconds
        self._relay = _Actor("relay", relay, log=log) if relay else None
        self._beeper = _Actor("beeper", beeper, log=log) if beeper else None
        self._lamp_actors = {
            signal: _Actor(f"{signal.name.lower()} lamp", opener, log=log) for signal, opener in (lamps or {}).items()
        }
        self._lamps = _Lamps(self._lamp_actors) if self._lamp_actors else None
        # The last card or code that opened the door, and when, by the monotonic clock.
        self._opened: tuple[str, float] | None = None

    def signal(self, signal: Signal) -> None:
        """Let a verdict be heard and seen. Returns at once."""
        if self._sound:
            self._sound.signal(signal)
        if self._beeper:
            self._beeper.pulse(_BEEP_SECONDS, signal.value[0])
        if self._lamps:
            self._lamps.show(signal)

    def decided(self, outcome: Outcome | None, *, shown: str = "") -> None:
        """Open the door where a tap was admitted, by the platform or by this device. Returns at once.

        `shown` names the card or the code. A repeat is the same admission, so a door that it opened stays closed: a
        turnstile would pass a second person.
        """
        if not self._relay or not isinstance(outcome, Decided | DecidedHere) or not outcome.decision.admitted:
            return
        now, (last, opened_at) = time.monotonic(), self._opened or ("", float("-inf"))
        if outcome.decision.repeat and last == shown and now - opened_at < _SAME_ADMISSION_SECONDS:
            return
        self._opened = shown, now
        self._relay.pulse(self._relay_seconds)

    def rest(self, *, is_degraded: bool) -> None:
        """Show amber between verdicts where the gate is offline or stale."""
        if self._lamps:
            self._lamps.rest(Signal.KEPT if is_degraded else None)

    def troubles(self) -> list[str]:
        """Return what does not work."""
        found = [actor.trouble for actor in self._actors() if actor.trouble]
        return found + ([f"sound: {self._sound.trouble}"] if self._sound and self._sound.trouble else [])

    def _actors(self) -> list[_Actor]:
        return [actor for actor in (self._relay, self._beeper, *self._lamp_actors.values()) if actor]

    def close(self) -> None:
        """Switch everything off."""
        if self._lamps:
            self._lamps.close()
        for actor in self._actors():
            actor.close()


def pins(settings: Settings) -> dict[str, gpio.Pin]:
    """Return the lines in use by the names of their settings. Raises BadSetup."""
    named = {
        "relay": settings.relay,
        "beeper": settings.beeper,
        "lamp_green": settings.lamp_green,
        "lamp_red": settings.lamp_red,
        "lamp_amber": settings.lamp_amber,
    }
    found = {name: gpio.parse(name, text) for name, text in named.items() if text}
    if settings.relay and (settings.direction == "exit" or settings.kind == "leave"):
        raise BadSetup("a relay must not be in the way of people who leave: an exit has none")
    lines = [(pin.chip, pin.line) for pin in found.values()]
    if len(set(lines)) != len(lines):
        raise BadSetup("two signals have the same line")
    return found


def make_signals(settings: Settings, terminal: IO[str], *, log: structlog.stdlib.BoundLogger) -> Signals:
    """Return the signals of a gate. Raises BadSetup where a setting is wrong or the library is missing."""
    found = pins(settings)
    if found:
        gpio.load_gpiod()
    lamps = {
        Signal.ADMITTED: found.get("lamp_green"),
        Signal.REFUSED: found.get("lamp_red"),
        Signal.KEPT: found.get("lamp_amber"),
    }
    return Signals(
        make_sound(settings.sound, terminal, log=log),
        relay=_opener(found.get("relay")),
        relay_seconds=settings.relay_ms / 1000,
        beeper=_opener(found.get("beeper")),
        lamps={signal: gpio.opener(pin) for signal, pin in lamps.items() if pin},
        log=log,
    )


def _opener(pin: gpio.Pin | None) -> Opener | None:
    return gpio.opener(pin) if pin else None
