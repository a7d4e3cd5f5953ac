"""The one module that uses nfcpy: opens a reader, reports each card once, and survives every error of a card.

nfcpy is an optional extra, so it is imported only when a reader is opened. These behaviours were measured: `connect()`
returns None when it is asked to end, False after an I/O error, and another value after a card. It may raise
RuntimeError, IndexError (a short answer to select is legal) and the NDEF decoder's errors. After an unplug, `close()`
may raise as well.
"""

import errno
import logging
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import structlog
import tenacity

from reader_agent import sun
from reader_agent.failures import BadSetup, ReaderUnavailable
from reader_agent.wire import Sun

# Five polls with pauses use little CPU and find a card in 15 to 35 ms; polling without a pause uses a whole core.
_ITERATIONS, _INTERVAL_SECONDS = 5, 0.05
# Without ISO 14443 type B: its identifier may change at each activation.
_TECHNOLOGIES = ("106A", "212F")
_FAILURES_UNTIL_REOPENED = 10
_PAUSE_SECONDS = 0.2
_ALTERNATES_SECONDS = 0.4
# NTAG 424 DNA is a type 4 tag; others have no secure messages.
_SECURE_TYPE = "Type4Tag"
_ASK_AGAIN_SECONDS = 2.0
_MOST_SECURE_KNOWN = 20_000


@dataclass(frozen=True)
class Card:
    """A card in the field: its identifier in upper-case hex, its kind, and its secure message if it has one."""

    uid: str
    kind: str
    sun: Sun | None = None
    # Why a card that can be secure gave no message; such a reading is no tap.
    unreadable: str | None = None
    is_torn: bool = False

    @property
    def is_random(self) -> bool:
        """Return whether the identifier changes at each tap (a single-size UID that starts with 08)."""
        return len(self.uid) == 8 and self.uid.startswith("08")


class Visit(Enum):
    """What a reading of a card is."""

    NEW = "new"
    # The card was away and came back within the debounce: a person taps again.
    REPEATED = "repeated"
    # The card never left, flickers at the edge, or alternates with another card in the field.
    SAME = "same"


class Debounce:
    """Reports each card once while it is in the field, also where it flickers or shares the field with others."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._clock = clock
        # The cards since the field was last empty or their debounce ended, with when each was last there.
        self._seen_at: dict[str, float] = {}
        self._busy_until = 0.0

    def visit(self, uid: str) -> Visit:
        """Return what this reading is; each reading prolongs the card's stay."""
        now = self._clock()
        # A reader that alternates between two cards changes within this time; hands are slower.
        alternates = now - self._busy_until < min(_ALTERNATES_SECONDS, self.seconds)
        if not alternates:
            self._seen_at = {uid: at for uid, at in self._seen_at.items() if now - at < self.seconds}
        seen_at = self._seen_at.get(uid)
        self._seen_at[uid] = self._busy_until = now
        if seen_at is None:
            return Visit.NEW
        return Visit.SAME if alternates else Visit.REPEATED

    def released(self, uid: str) -> None:
        """Note that the card has left the field now."""
        if uid in self._seen_at:
            self._seen_at[uid] = self._busy_until = self._clock()

    def forget(self, uid: str) -> None:
        """Let the next reading of this card be a new one."""
        self._seen_at.pop(uid, None)


class NfcReader:
    """A contactless reader at one of nfcpy's paths: `tty:USB0:pn532`, `usb:054c:06c3`, `udp:127.0.0.1:54321`."""

    def __init__(
        self,
        path: str,
        *,
        log: structlog.stdlib.BoundLogger,
        debounce_seconds: float = 1.0,
        air_seconds: float = 0.25,
        longest_pause: float = 10.0,
    ) -> None:
        self.path = path
        self.model: str | None = None
        self.last_error: str | None = None
        self.errors = 0
        self.alive_at = time.monotonic()
        self._log = log
        self.debounce = Debounce(debounce_seconds)
        self._air_seconds = air_seconds
        self._longest_pause = longest_pause
        self._frontend: Any = None
        self._on_repeat: Callable[[str, float], None] = lambda _uid, _seconds: None
        # Cards that gave a secure message: their plain number alone is never a tap.
        self._secure: set[str] = set()
        self._asked_again = ("", 0.0)

    @property
    def is_open(self) -> bool:
        """Return whether the reader is open."""
        return self._frontend is not None

    def open(self) -> None:
        """Open the reader. Raises ReaderUnavailable, which says what to do."""
        nfc = load_nfcpy()
        try:
            if self.path.startswith("udp"):
                frontend = _open_simulated_air(nfc, self.path, self._air_seconds)
            else:
                frontend = nfc.ContactlessFrontend(self.path)
        except (OSError, RuntimeError, ValueError, IndexError, ImportError) as error:
            raise ReaderUnavailable(_advice(self.path, error)) from None
        self._frontend = frontend
        self.model = str(frontend.device)
        self.last_error = None

    def close(self) -> None:
        """Close the reader; after an unplug nfcpy may raise any error."""
        frontend, self._frontend = self._frontend, None
        if frontend is not None:
            try:
                frontend.close()
            except Exception as error:  # noqa: BLE001  # termios.error and others after an unplug; the reader is gone
                self._log.info("reader closed badly", error=_text(error))

    def run(
        self,
        on_card: Callable[[Card], None],
        stop: threading.Event,
        on_repeat: Callable[[str, float], None] = lambda _uid, _seconds: None,
    ) -> None:
        """Report each tapped card once, until `stop`; reopen the reader each time it fails.

        `on_repeat` gets a card that comes back within the debounce, and the debounce in seconds.
        """
        self._on_repeat = on_repeat
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
                    opening(self.open)
                except ReaderUnavailable:
                    return  # stopped while there was no reader
                self._log.info("reader open", path=self.path, model=self.model)
                self._watch(on_card, stop)
                self.close()
        finally:
            self.close()

    def _note_unavailable(self, state: tenacity.RetryCallState) -> None:
        self.alive_at = time.monotonic()
        error = str(state.outcome.exception()) if state.outcome else ""
        if error != self.last_error:
            self._log.error("reader unavailable", path=self.path, error=error)
        self.last_error = error

    def _watch(self, on_card: Callable[[Card], None], stop: threading.Event) -> None:
        """Poll the open reader until `stop`, or until it must be reopened."""
        failures = 0
        while not stop.is_set():
            try:
                result = self._poll(on_card, stop)
            except Exception as error:  # noqa: BLE001  # no error that a card causes in nfcpy may stop the gate
                failures += 1
                self._count(error)
                stop.wait(_PAUSE_SECONDS)
                if failures >= _FAILURES_UNTIL_REOPENED:
                    return
                continue
            if result is False:
                self.last_error = f"{self.path}: the reader stopped answering"
                self._log.error("reader lost", path=self.path)
                stop.wait(_PAUSE_SECONDS)
                return
            failures = 0
            # A card that flickers ends each poll at once; without a pause it would keep the CPU busy.
            stop.wait(_INTERVAL_SECONDS)

    def _poll(self, on_card: Callable[[Card], None], stop: threading.Event) -> Any:
        """Wait for a card until it has come and gone, or until `stop`; return False where the reader is lost."""

        def ended() -> bool:
            self.alive_at = time.monotonic()
            return stop.is_set()

        return self._frontend.connect(
            rdwr={
                "targets": _TECHNOLOGIES,
                "on-connect": lambda tag: self._on_connect(tag, on_card),
                "on-release": self._on_release,
                "iterations": _ITERATIONS,
                "interval": _INTERVAL_SECONDS,
                # The default beeps before there is a decision.
                "beep-on-connect": False,
            },
            terminate=ended,
        )

    def _count(self, error: Exception) -> None:
        self.errors += 1
        self.last_error = f"card could not be read ({_text(error)})"
        self._log.warning("card could not be read", error=_text(error))

    def _on_connect(self, tag: Any, on_card: Callable[[Card], None]) -> bool:
        uid = bytes(tag.identifier).hex().upper()
        visit = self.debounce.visit(uid) if uid else Visit.SAME
        if visit is Visit.REPEATED:
            self._on_repeat(uid, self.debounce.seconds)
        if visit is not Visit.NEW:
            return True  # nfcpy then waits until the card is gone
        card = self._read(tag, uid)
        if card.unreadable:
            self.debounce.forget(uid)
            self._ask_again(card, on_card)
            return False  # a card that is still there is read again at once
        try:
            on_card(card)
        finally:
            # Reading and the decision take time: the card's stay counts from where polling continues.
            self.debounce.released(uid)
        return True

    def _ask_again(self, card: Card, on_card: Callable[[Card], None]) -> None:
        """Report a card that was not read, once in a while: it may be read many times before it is held still."""
        now = time.monotonic()
        uid, asked_at = self._asked_again
        if card.uid != uid or now - asked_at > _ASK_AGAIN_SECONDS:
            self._asked_again = (card.uid, now)
            on_card(card)

    def _on_release(self, tag: Any) -> bool:
        self.debounce.released(bytes(tag.identifier).hex().upper())
        return True

    def _read(self, tag: Any, uid: str) -> Card:
        """Return the card with its secure message, which is read once: each reading uses up a counter value.

        A card that can be secure and left too early, or gave half a message, is unreadable, and not a plain card.
        """
        can_be_secure = getattr(tag, "type", "") == _SECURE_TYPE
        message: Sun | None = None
        try:
            records = self._records(tag, can_be_secure=can_be_secure)
            for record in records or ():
                # `iri`, not `uri`: the latter quotes "=" and "&" again and breaks the parameters.
                message = message or sun.from_address(getattr(record, "iri", "") or "")
            is_torn = records is None and can_be_secure
        except sun.UnusableMessageError as error:
            self._log.warning("secure message refused", error=str(error))
            if can_be_secure:
                return Card(uid=uid, kind=str(tag.product), unreadable=str(error))
            is_torn = False
        except Exception as error:  # noqa: BLE001  # no error of a card in nfcpy or its decoder may stop the gate
            self._count(error)
            is_torn = can_be_secure
        if message:
            if len(self._secure) < _MOST_SECURE_KNOWN:
                self._secure.add(uid)
        elif is_torn or uid in self._secure:
            return Card(uid=uid, kind=str(tag.product), unreadable="it left before it was read", is_torn=True)
        return Card(uid=uid, kind=str(tag.product), sun=message)

    @staticmethod
    def _records(tag: Any, *, can_be_secure: bool) -> list[Any] | None:
        """Return a card's records; an empty list where it has none, and None where it left before all was read."""
        if tag.ndef is not None:
            return list(tag.ndef.records)
        if not can_be_secure:
            return []
        # nfcpy hides an error of the air. A card that is still there after a second reading really has no message.
        if tag.is_present and tag.ndef is not None:
            return list(tag.ndef.records)
        return [] if tag.is_present else None


def load_nfcpy() -> Any:
    """Return the reader's library. Raises BadSetup, which says how to install it."""
    try:
        import ndef  # noqa: F401  # nfcpy needs it, and the simulator
        import nfc
        import nfc.clf
        import nfc.clf.udp
    except ImportError as error:
        raise BadSetup(
            f"the reader's library is not installed ({error}); in the folder of the agent (reader-agent/) run: "
            f"{sys.executable} -m pip install '.[nfc]'"
        ) from None
    # On import nfcpy routes every warning of the process into logging; that is undone here.
    logging.captureWarnings(capture=False)
    # Below level error nfcpy logs whole UIDs, and a warning for each card that is removed.
    logging.getLogger("nfc").setLevel(logging.ERROR)
    return nfc


def _open_simulated_air(nfc: Any, path: str, seconds: float) -> Any:
    """Open nfcpy's udp driver with longer timeouts.

    Its timeouts are those of RF, 5 to 30 ms. Two processes on a busy machine need longer, and a late answer would be
    read as the answer to the next command. So this driver waits longer, and discards pending data before it sends.
    """

    class PatientAir(nfc.clf.udp.Device):  # type: ignore[misc]  # nfcpy has no types
        def __init__(self, host: str, port: int) -> None:
            # Replaces the driver's own: it looks the port up by number, and fails for one with a name (9 is "discard").
            self.addr = (socket.gethostbyname(host), port)
            self._path = f"{host}:{port}"
            self._vendor_name, self._device_name, self._chipset_name = "Gatehouse", "simulated air", "UDP"
            self.socket: Any = None
            self._create_socket()

        def send_cmd_recv_rsp(self, target: Any, data: Any, timeout: float) -> Any:
            return super().send_cmd_recv_rsp(target, data, max(timeout, seconds) if timeout > 0 else timeout)

        def _send_data(self, brty: Any, data: Any, addr: Any) -> None:
            self.socket.settimeout(0)
            try:
                while self.socket.recv(1024):
                    pass
            except OSError:
                pass  # nothing left to discard
            finally:
                self.socket.settimeout(None)
            super()._send_data(brty, data, addr)

    _, _, rest = path.partition(":")
    host, _, port = rest.partition(":")
    frontend = nfc.ContactlessFrontend()
    frontend.device = PatientAir(host or "localhost", int(port or 54321))
    return frontend


def _text(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _advice(path: str, error: Exception) -> str:
    number = getattr(error, "errno", None)
    if isinstance(error, FileNotFoundError) and path.startswith("usb"):
        return f"{path}: libusb is missing; install the system's libusb-1.0 package"
    if number == errno.ENODEV:
        return f"{path}: no reader found; check the cable and the path (see README, Readers)"
    if number in (errno.EACCES, errno.EPERM):
        return f"{path}: this user may not open the reader; add the udev rule of the README"
    if number == errno.EBUSY:
        return f"{path}: another program uses the reader; unload or blacklist pn533_usb (see README)"
    return f"{path}: the reader cannot be opened ({_text(error)})"
