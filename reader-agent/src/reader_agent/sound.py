"""Sounds of the verdicts, through the terminal's bell or ALSA's `aplay`; silent where it is set off.

One tone is admitted, three are refused, two are kept or to be repeated: an usher hears them without looking.
"""

import math
import queue
import struct
import subprocess
import threading
import time
import wave
from enum import Enum
from io import BytesIO
from typing import IO, Literal, Protocol

import structlog

SoundName = Literal["off", "bell", "aplay"]
_RATE, _VOLUME = 16_000, 12_000  # samples a second, and their greatest value (of 32,767)
_GAP_SECONDS = 0.12
_LONGEST_PLAY_SECONDS = 3.0
# More sounds than this would still play when the next person is at the reader.
_MOST_WAITING = 2


class Signal(Enum):
    """A verdict to hear: how many tones, their frequency in Hz, and their length in seconds."""

    ADMITTED = (1, 1320, 0.18)
    REFUSED = (3, 330, 0.16)
    KEPT = (2, 660, 0.14)


class Speaker(Protocol):
    """What makes a sound."""

    def play(self, signal: Signal) -> None:
        """Play a signal to its end."""


class Bell:
    """The terminal's bell: as many as the signal has tones."""

    def __init__(self, terminal: IO[str]) -> None:
        self._terminal = terminal

    def play(self, signal: Signal) -> None:
        """Ring."""
        for _ in range(signal.value[0]):
            self._terminal.write("\a")
            self._terminal.flush()
            time.sleep(_GAP_SECONDS)


class Aplay:
    """ALSA's player, which Raspberry Pi OS and Debian have in `alsa-utils`."""

    def __init__(self, program: str = "aplay") -> None:
        self._program = program

    def play(self, signal: Signal) -> None:
        """Play the tones. Raises OSError and subprocess.SubprocessError."""
        subprocess.run(  # noqa: S603  # a fixed command without a shell
            [self._program, "-q", "-t", "wav", "-"], input=tones(signal), capture_output=True, check=True,
            timeout=_LONGEST_PLAY_SECONDS,
        )  # fmt: skip


def tones(signal: Signal) -> bytes:
    """Return a signal as a WAV file."""
    count, frequency, seconds = signal.value
    sounding = [
        round(_VOLUME * math.sin(2 * math.pi * frequency * sample / _RATE)) for sample in range(int(seconds * _RATE))
    ]
    samples = (sounding + [0] * int(_GAP_SECONDS * _RATE)) * count
    file = BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(_RATE)
        wav.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return file.getvalue()


class Sound:
    """Plays signals in a thread of its own: a missing or slow player never delays a verdict."""

    def __init__(self, speaker: Speaker | None, *, log: structlog.stdlib.BoundLogger) -> None:
        self.trouble: str | None = None
        self._speaker = speaker
        self._log = log
        self._waiting: queue.Queue[Signal] = queue.Queue(_MOST_WAITING)
        if speaker:
            threading.Thread(target=self._run, args=(speaker,), name="sound", daemon=True).start()

    def signal(self, signal: Signal) -> None:
        """Play a signal soon, or drop it where too many wait."""
        if self._speaker:
            try:
                self._waiting.put_nowait(signal)
            except queue.Full:
                return

    def _run(self, speaker: Speaker) -> None:
        while True:
            signal = self._waiting.get()
            try:
                speaker.play(signal)
            except Exception as error:  # noqa: BLE001  # logged once; the screen shows the verdict
                if self.trouble is None:
                    self._log.warning("no sound", error=str(error))
                self.trouble = f"{type(error).__name__}: {error}"


def make_sound(name: SoundName, terminal: IO[str], *, log: structlog.stdlib.BoundLogger) -> Sound:
    """Return the sound of a gate; a bell needs a terminal."""
    if name == "aplay":
        return Sound(Aplay(), log=log)
    return Sound(Bell(terminal) if name == "bell" and terminal.isatty() else None, log=log)
