"""A reader that runs in a thread of its own, and what it reports."""

import queue
import threading
from types import TracebackType
from typing import Self

from reader_agent.readers import Card, Code, Reader, Reading


class RunningReader:
    """Runs a reader until the end of the block."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.seen: queue.Queue[Reading] = queue.Queue()
        self.repeated: queue.Queue[Reading] = queue.Queue()
        self._stop = threading.Event()
        self._may_decide = threading.Event()
        self.release()
        self._thread = threading.Thread(
            target=reader.run, args=(self._decide, self._stop, lambda reading, _seconds: self.repeated.put(reading))
        )

    def _decide(self, reading: Reading) -> None:
        self.seen.put(reading)
        self._may_decide.wait()

    def hold(self) -> None:
        """Have the next decision last until `release`."""
        self._may_decide.clear()

    def release(self) -> None:
        """End the decision that lasts."""
        self._may_decide.set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self.release()
        self._thread.join(timeout=60)
        assert not self._thread.is_alive()

    def card(self) -> Card:
        """Return the next card that it reports."""
        seen = self.seen.get(timeout=60)
        assert isinstance(seen, Card), seen
        return seen

    def code(self) -> Code:
        """Return the next code that it reports."""
        seen = self.seen.get(timeout=60)
        assert isinstance(seen, Code), seen
        return seen

    def is_quiet(self, seconds: float) -> bool:
        """Return whether it reports nothing for a while."""
        try:
            self.seen.get(timeout=seconds)
        except queue.Empty:
            return True
        return False
