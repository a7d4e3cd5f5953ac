"""The readers of one gate: several work at once, and their readings are decided one after the other."""

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import structlog

from reader_agent.readers.base import OnReading, OnRepeat, Reader
from reader_agent.readers.reading import Reading


class Readers:
    """The readers of a gate, each in a thread of its own."""

    def __init__(self, readers: Sequence[Reader], *, log: structlog.stdlib.BoundLogger) -> None:
        self._readers = tuple(readers)
        self._log = log
        self._turn = threading.Lock()

    def __iter__(self) -> Iterator[Reader]:
        return iter(self._readers)

    @property
    def path(self) -> str:
        """Return the paths, divided by commas."""
        return ", ".join(reader.path for reader in self._readers)

    @property
    def model(self) -> str | None:
        """Return the models of the readers that were open."""
        return ", ".join(reader.model for reader in self._readers if reader.model) or None

    @property
    def is_open(self) -> bool:
        """Return whether all readers are open."""
        return all(reader.is_open for reader in self._readers)

    @property
    def alive_at(self) -> float:
        """Return when the reader that was silent for longest last said that its loop runs."""
        return min(reader.alive_at for reader in self._readers)

    @property
    def errors(self) -> int:
        """Return how many cards or codes could not be read."""
        return sum(reader.errors for reader in self._readers)

    @property
    def last_error(self) -> str | None:
        """Return why a reader is not open, or else the last error of reading."""
        by_need = sorted(self._readers, key=lambda reader: reader.is_open)
        return next((reader.last_error for reader in by_need if reader.last_error), None)

    def facts(self) -> list[dict[str, Any]]:
        """Return each reader's state, without data of cards."""
        return [reader.facts() for reader in self._readers]

    def closed(self) -> list[str]:
        """Return the paths of the readers that are not open."""
        return [reader.path for reader in self._readers if not reader.is_open]

    def debounce(self, seconds: float) -> None:
        """Report what comes back within this time only once."""
        for reader in self._readers:
            reader.debounce.seconds = seconds

    def on_change(self, report: Callable[[Reader], None]) -> None:
        """Call `report` each time a reader is opened or lost."""
        for reader in self._readers:
            reader.on_change = report

    def run(self, on_reading: OnReading, stop: threading.Event, on_repeat: OnRepeat) -> None:
        """Report readings until `stop`. Raises BadSetup where a library is missing."""
        for reader in self._readers:
            reader.check_library()

        def in_turn(reading: Reading) -> None:
            # One display, one verdict at a time: the second person waits for the first one's decision.
            with self._turn:
                on_reading(reading)

        def repeated(reading: Reading, seconds: float) -> None:
            with self._turn:
                on_repeat(reading, seconds)

        def work(reader: Reader) -> None:
            while not stop.is_set():
                try:
                    reader.run(in_turn, stop, repeated)
                except Exception:  # noqa: BLE001  # logged in full; the other readers of the gate work on
                    self._log.exception("reader failed", path=reader.path)
                    stop.wait(1.0)

        threads = [
            threading.Thread(target=work, args=(reader,), name=f"reader {reader.path}", daemon=True)
            for reader in self._readers
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
