"""The one module that uses nfcpy: opens a reader, reports each card once, and survives every error of a card.

nfcpy is an optional extra, so it is imported only when a reader is opened. These behaviours were measured: `connect()`
returns None when it is asked to end, False after an I/O error, and another value after a card. It may raise
RuntimeError, IndexError (a short answer to select is legal) and the NDEF decoder's errors. After an unplug, `close()`
may raise as well.
"""

import errno
import logging
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Card:
    """A card in the field: its identifier in upper-case hex, its kind, and its secure message if it has one."""

    uid: str
    kind: str
    sun: Sun | None = None

    @property
    def is_random(self) -> bool:
        """Return whether the identifier changes at each tap (a single-size UID that starts with 08)."""
        return len(self.uid) == 8 and self.uid.startswith("08")


class Debounce:
    """Reports a card once, also where it flickers at the edge of the field."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._clock = clock
        self._uid = ""
        self._seen_at = 0.0

    def is_new(self, uid: str) -> bool:
        """Return whether this reading is a new tap; each reading prolongs the card's stay."""
        now = self._clock()
        is_new = uid != self._uid or now - self._seen_at >= self.seconds
        self._uid, self._seen_at = uid, now
        return is_new

    def released(self, uid: str) -> None:
        """Note that the card has left the field now."""
        if uid == self._uid:
            self._seen_at = self._clock()


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

    @property
    def is_open(self) -> bool:
        """Return whether the reader is open."""
        return self._frontend is not None

    def open(self) -> None:
        """Open the reader. Raises ReaderUnavailable, which says what to do."""
        nfc = _load_nfcpy()
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

    def run(self, on_card: Callable[[Card], None], stop: threading.Event) -> None:
        """Report each tapped card once, until `stop`; reopen the reader each time it fails."""
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
        if uid and self.debounce.is_new(uid):
            message = self._read_message(tag)
            # Reading and the decision take time: the card's stay counts from where polling continues.
            on_card(Card(uid=uid, kind=str(tag.product), sun=message))
            self.debounce.released(uid)
        return True  # nfcpy then waits until the card is gone

    def _on_release(self, tag: Any) -> bool:
        self.debounce.released(bytes(tag.identifier).hex().upper())
        return True

    def _read_message(self, tag: Any) -> Sun | None:
        """Return the card's secure message. It is read exactly once, since each reading uses up a counter value."""
        try:
            if tag.ndef is None:
                return None
            for record in tag.ndef.records:
                # `iri`, not `uri`: the latter quotes "=" and "&" again and breaks the parameters.
                message = sun.from_address(getattr(record, "iri", "") or "")
                if message:
                    return message
        except sun.UnusableMessageError as error:
            self._log.warning("secure message refused", error=str(error))
        except Exception as error:  # noqa: BLE001  # a plain identifier is still a tap; the server refuses it where the card is secure
            self._count(error)
        return None


def _load_nfcpy() -> Any:
    try:
        import nfc
        import nfc.clf
        import nfc.clf.udp
    except ImportError as error:
        raise BadSetup(
            f"the reader's library is not installed ({error}); install the agent with its extra: "
            "pip install 'gatehouse-reader[nfc]'"
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
