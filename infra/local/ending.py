"""How a local run ends: Ctrl-C, a signal, or an engine that died."""

import signal
import threading
from collections.abc import Callable, Sequence
from typing import Any

from infra import stops
from infra.local.engines import Engine

_WATCH_SECONDS = 1.0


class Ending:
    """The end of a run: its reason, and the act that begins it."""

    def __init__(self) -> None:
        """Handle the signals from now on."""
        self.reason = ""
        self._act: Callable[[], None] | None = None
        self._earlier_handlers = {number: signal.signal(number, self._on_signal) for number in stops.SIGNALS}

    def begin_with(self, act: Callable[[], None]) -> None:
        """Set the act that begins the end; until then a signal interrupts the start."""
        self._act = act

    def end_because(self, reason: str) -> None:
        """End the run, for a reason that the terminal shows."""
        self.reason = self.reason or reason
        if self._act is not None:
            self._act()

    def end_if_an_engine_dies(self, engines: Sequence[Engine]) -> None:
        """Watch the engines in a thread."""
        threading.Thread(target=self._watch, args=(engines,), name="engines", daemon=True).start()

    def restore_signals(self) -> None:
        """Restore the signal handlers that were there before."""
        stops.stopped()
        for number, handler in self._earlier_handlers.items():
            signal.signal(number, handler)

    def _on_signal(self, *_: Any) -> None:
        if self._act is None:
            stops.stop()
            return
        self._act()

    def _watch(self, engines: Sequence[Engine]) -> None:
        pause = threading.Event()
        while not self.reason:
            dead = [engine.name for engine in engines if not engine.is_alive]
            if dead:
                self.end_because(f"{dead[0]} ended unexpectedly. Its log is beside its data. Run again.")
            for engine in engines:
                engine.bound_log()
            pause.wait(_WATCH_SECONDS)
