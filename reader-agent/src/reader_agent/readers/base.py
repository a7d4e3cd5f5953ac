"""What all readers have in common: they report readings until they are stopped, and are opened again by themselves."""

import contextlib
import threading
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import structlog
import tenacity

from reader_agent.failures import BadSetup, ReaderUnavailable
from reader_agent.readers.debounce import Debounce, Visit
from reader_agent.readers.reading import Card, Code, Reading

OnReading = Callable[[Reading], None]
OnRepeat = Callable[[Reading, float], None]
# A reader that is opened and lost again at once must not keep the CPU busy.
_PAUSE_SECONDS = 0.2
_ASK_AGAIN_SECONDS = 2.0


def _ignore(_reading: Reading, _seconds: float) -> None:
    """Ignore a card that comes back within the debounce."""


class Reader(ABC):
    """A reader at a path. A subclass opens, closes and watches the device; this class keeps it open and counts.

    `tally` counts `errors` (a card or a code that could not be read), `hostile` (input that no ticket makes),
    `lost` and `opened`.
    """

    kind: ClassVar[str]

    def __init__(
        self,
        path: str,
        *,
        log: structlog.stdlib.BoundLogger,
        debounce_seconds: float = 1.0,
        longest_pause: float = 10.0,
    ) -> None:
        self.path = path
        self.model: str | None = None
        self.last_error: str | None = None
        self.alive_at = time.monotonic()
        self.tally: Counter[str] = Counter()
        self.debounce = Debounce(debounce_seconds)
        # Called with each change between open and lost.
        self.on_change: Callable[[Reader], None] = lambda _reader: None
        self._log = log
        self._longest_pause = longest_pause
        self._on_reading: OnReading = lambda _reading: None
        self._on_repeat: OnRepeat = _ignore
        self._asked_again = ("", 0.0)

    @property
    @abstractmethod
    def is_open(self) -> bool:
        """Return whether the reader is open."""

    @property
    def errors(self) -> int:
        """Return how many cards or codes could not be read."""
        return self.tally["errors"]

    def facts(self) -> dict[str, Any]:
        """Return the reader's state for status and metrics, without data of cards."""
        return {
            "path": self.path,
            "kind": self.kind,
            "model": self.model,
            "open": self.is_open,
            "errors": self.tally["errors"],
            "hostile": self.tally["hostile"],
            "together": self.debounce.together,
            "flickers": self.debounce.flickers,
            "reconnects": max(0, self.tally["opened"] - 1),
            "last_error": self.last_error,
        }

    def check_library(self) -> None:  # noqa: B027  # most readers need none
        """Raise BadSetup where the reader's library is not installed."""

    @abstractmethod
    def open(self) -> None:
        """Open the reader. Raises ReaderUnavailable, which says what to do."""

    @abstractmethod
    def close(self) -> None:
        """Close the reader. Never raises: the device may be gone."""

    @abstractmethod
    def _watch(self, stop: threading.Event) -> None:
        """Report readings until `stop`, or return where the reader was lost; `last_error` then says why."""

    def run(self, on_reading: OnReading, stop: threading.Event, on_repeat: OnRepeat = _ignore) -> None:
        """Report each tapped card and scanned code once, until `stop`; reopen the reader each time it fails.

        `on_repeat` gets what comes back within the debounce, and the debounce in seconds.
        """
        self._on_reading, self._on_repeat = on_reading, on_repeat
        opening = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(ReaderUnavailable),
            wait=tenacity.wait_random_exponential(multiplier=0.5, max=self._longest_pause),
            sleep=tenacity.sleep_using_event(stop),
            stop=tenacity.stop_when_event_set(stop),
            before_sleep=self._note_unavailable,
            reraise=True,
        )
        try:
            while not stop.is_set():
                try:
                    opening(self._open)
                except ReaderUnavailable:
                    return  # stopped while there was no reader
                self._keep_watching(stop)
        finally:
            self.close()

    def _open(self) -> None:
        self.alive_at = time.monotonic()
        self.open()
        self.last_error = None
        self.tally["opened"] += 1
        self._log.info("reader open", path=self.path, model=self.model)
        self.on_change(self)

    def _keep_watching(self, stop: threading.Event) -> None:
        try:
            self._watch(stop)
        except BadSetup:
            raise
        except Exception as error:  # noqa: BLE001  # no error of a driver may stop the gate; the reader is opened again
            self.last_error = f"{self.path}: {describe(error)}"
            self._log.exception("reader failed", path=self.path)
        self.close()
        if not stop.is_set():
            self.tally["lost"] += 1
            self._log.error("reader lost", path=self.path, error=self.last_error)
            self.on_change(self)
            stop.wait(_PAUSE_SECONDS)

    def _note_unavailable(self, state: tenacity.RetryCallState) -> None:
        self.alive_at = time.monotonic()
        error = str(state.outcome.exception()) if state.outcome else ""
        if error != self.last_error:
            is_first = self.tally["opened"] == 0 and self.last_error is None
            self._log.error("reader unavailable", path=self.path, error=error)
            self.last_error = error
            if is_first:
                self.on_change(self)

    def _count(self, error: Exception) -> None:
        self.tally["errors"] += 1
        self.last_error = f"card could not be read ({describe(error)})"
        self._log.warning("card could not be read", path=self.path, error=describe(error))

    def _report_card(self, card: Card) -> bool:
        """Report a card that is new in the field; return False where it was not read and must be held still."""
        if card.unreadable:
            self.debounce.forget(card.uid)
            self._ask_again(card)
            return False
        try:
            self._on_reading(card)
        finally:
            # Reading and the decision take time: the card's stay counts from where polling continues.
            self.debounce.released(card.uid)
        return True

    def _ask_again(self, card: Card) -> None:
        """Report a card that was not read, once in a while: it may be read many times before it is held still."""
        now = time.monotonic()
        uid, asked_at = self._asked_again
        if card.uid != uid or now - asked_at > _ASK_AGAIN_SECONDS:
            self._asked_again = (card.uid, now)
            self._on_reading(card)

    def _report_code(self, code: Code) -> None:
        """Report a code; one that is scanned again within the debounce gets its verdict again."""
        if code.unreadable:
            self.tally["hostile"] += 1
            self._on_reading(code)
            return
        visit = self.debounce.visit(code.key)
        if visit is Visit.REPEATED:
            self._on_repeat(code, self.debounce.seconds)
        if visit is Visit.NEW:
            try:
                self._on_reading(code)
            finally:
                self.debounce.released(code.key)


def describe(error: BaseException) -> str:
    """Return an error's name and text."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


@contextlib.contextmanager
def nothing_raised(log: structlog.stdlib.BoundLogger, path: str) -> Iterator[None]:
    """Log what closing a device raises: after an unplug that may be any error, and the device is gone."""
    try:
        yield
    except Exception as error:  # noqa: BLE001  # termios.error and others after an unplug
        log.info("reader closed badly", path=path, error=describe(error))
