"""nfcpy's readers: PN532 on a serial line, PN533 and RC-S380 on USB, and the simulated air. No other module uses nfcpy.

nfcpy is an optional extra, so it is imported only when a reader is opened. These behaviours were measured: `connect()`
returns None when it is asked to end, False after an I/O error, and another value after a card. It may raise
RuntimeError, IndexError (a short answer to select is legal) and the NDEF decoder's errors. After an unplug, `close()`
may raise as well.
"""

import errno
import logging
import socket
import sys
import termios
import threading
import time
from typing import Any, ClassVar

from reader_agent.failures import BadSetup, ReaderUnavailable
from reader_agent.readers.base import Reader, describe, nothing_raised
from reader_agent.readers.debounce import Visit
from reader_agent.readers.reading import Card
from reader_agent.readers.secure import SecureCards

# Five polls with pauses use little CPU and find a card in 15 to 35 ms; polling without a pause uses a whole core.
_ITERATIONS, _INTERVAL_SECONDS = 5, 0.05
# Without ISO 14443 type B: its identifier may change at each activation.
_TECHNOLOGIES = ("106A", "212F")
_FAILURES_UNTIL_REOPENED = 10
_PAUSE_SECONDS = 0.2
# NTAG 424 DNA is a type 4 tag; others have no secure messages.
_SECURE_TYPE = "Type4Tag"


class NfcReader(Reader):
    """A contactless reader at one of nfcpy's paths: `tty:USB0:pn532`, `usb:054c:06c3`, `udp:127.0.0.1:54321`."""

    kind: ClassVar[str] = "nfc"

    def __init__(self, path: str, *, air_seconds: float = 0.25, **common: Any) -> None:
        super().__init__(path, **common)
        self._air_seconds = air_seconds
        self._frontend: Any = None
        self._secure = SecureCards(self._log)

    @property
    def is_open(self) -> bool:
        """Return whether the reader is open."""
        return self._frontend is not None

    def check_library(self) -> None:
        """Raise BadSetup where nfcpy is not installed."""
        load_nfcpy()

    def open(self) -> None:
        """Open the reader. Raises ReaderUnavailable, which says what to do."""
        nfc = load_nfcpy()
        try:
            if self.path.startswith("udp"):
                frontend = _open_simulated_air(nfc, self.path, self._air_seconds)
            else:
                frontend = nfc.ContactlessFrontend(self.path)
        except BadSetup:
            raise
        except Exception as error:  # noqa: BLE001  # OSError, termios.error, IndexError and others of nfcpy's drivers
            raise ReaderUnavailable(_advice(self.path, error)) from None
        self._frontend = frontend
        self.model = str(frontend.device)

    def close(self) -> None:
        """Close the reader; after an unplug nfcpy may raise any error."""
        frontend, self._frontend = self._frontend, None
        if frontend is not None:
            with nothing_raised(self._log, self.path):
                frontend.close()

    def _watch(self, stop: threading.Event) -> None:
        """Poll the open reader until `stop`, or until it must be reopened."""
        failures = 0
        while not stop.is_set():
            try:
                result = self._poll(stop)
            except (OSError, termios.error) as error:  # the cable, and no card
                self.last_error = f"{self.path}: the reader stopped answering ({describe(error)})"
                return
            except Exception as error:  # noqa: BLE001  # no error that a card causes in nfcpy may stop the gate
                failures += 1
                self._count(error)
                stop.wait(_PAUSE_SECONDS)
                if failures >= _FAILURES_UNTIL_REOPENED:
                    return
                continue
            if result is False:
                self.last_error = f"{self.path}: the reader stopped answering"
                return
            failures = 0
            # A card that flickers ends each poll at once; without a pause it would keep the CPU busy.
            stop.wait(_INTERVAL_SECONDS)

    def _poll(self, stop: threading.Event) -> Any:
        """Wait for a card until it has come and gone, or until `stop`; return False where the reader is lost."""

        def ended() -> bool:
            self.alive_at = time.monotonic()
            return stop.is_set()

        return self._frontend.connect(
            rdwr={
                "targets": _TECHNOLOGIES,
                "on-connect": self._on_connect,
                "on-release": self._on_release,
                "iterations": _ITERATIONS,
                "interval": _INTERVAL_SECONDS,
                # The default beeps before there is a decision.
                "beep-on-connect": False,
            },
            terminate=ended,
        )

    def _on_connect(self, tag: Any) -> bool:
        uid = bytes(tag.identifier).hex().upper()
        visit = self.debounce.visit(uid) if uid else Visit.SAME
        if visit is Visit.REPEATED:
            self._on_repeat(Card(uid=uid, kind=str(tag.product)), self.debounce.seconds)
        if visit is not Visit.NEW:
            return True  # nfcpy then waits until the card is gone
        # A card that was not read, and is still there, is read again at once.
        return self._report_card(self._read(tag, uid))

    def _on_release(self, tag: Any) -> bool:
        self.debounce.released(bytes(tag.identifier).hex().upper())
        return True

    def _read(self, tag: Any, uid: str) -> Card:
        """Return the card with its secure message, which is read once: each reading uses up a counter value."""
        can_be_secure = getattr(tag, "type", "") == _SECURE_TYPE
        addresses: list[str] | None = None
        try:
            records = self._records(tag, can_be_secure=can_be_secure)
            # `iri`, not `uri`: the latter quotes "=" and "&" again and breaks the parameters.
            addresses = None if records is None else [getattr(record, "iri", "") or "" for record in records]
        except Exception as error:  # noqa: BLE001  # no error of a card in nfcpy or its decoder may stop the gate
            self._count(error)
        return self._secure.card(uid, str(tag.product), addresses, can_be_secure=can_be_secure)

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
    return f"{path}: the reader cannot be opened ({describe(error)})"
