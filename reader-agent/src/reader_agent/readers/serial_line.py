"""Code scanners on a serial line (`serial:/dev/ttyACM0`, `serial:/dev/ttyUSB0@115200`), through pyserial."""

import codecs
import errno
import os
import sys
import threading
import time
from typing import Any, ClassVar

from reader_agent.failures import BadSetup, ReaderUnavailable
from reader_agent.readers.base import Reader, describe, nothing_raised
from reader_agent.readers.lines import Lines

_DEFAULT_SPEED = 9_600
_POLL_SECONDS, _CHUNK = 0.2, 4_096


class SerialReader(Reader):
    """A scanner that sends each code as a line. USB scanners in "CDC" or "virtual COM" mode ignore the speed."""

    kind: ClassVar[str] = "serial"

    def __init__(self, path: str, **common: Any) -> None:
        super().__init__(path, **common)
        self._device, speed = split_path(path)
        self._speed = speed
        self._port: Any = None

    @property
    def is_open(self) -> bool:
        """Return whether the line is open."""
        return self._port is not None

    def check_library(self) -> None:
        """Raise BadSetup where pyserial is not installed."""
        load_pyserial()

    def open(self) -> None:
        """Open the line. Raises ReaderUnavailable."""
        serial = load_pyserial()
        try:
            self._port = serial.Serial(self._device, self._speed, timeout=_POLL_SECONDS, exclusive=True)
        except (OSError, ValueError) as error:  # SerialException is an OSError
            raise ReaderUnavailable(_advice(self.path, self._device, error)) from None
        self.model = os.path.realpath(self._device)

    def close(self) -> None:
        """Close the line."""
        port, self._port = self._port, None
        if port is not None:
            with nothing_raised(self._log, self.path):
                port.close()

    def _watch(self, stop: threading.Event) -> None:
        lines = Lines()
        decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
        while not stop.is_set():
            self.alive_at = time.monotonic()
            try:
                received = self._port.read(1)
                if received:
                    received += self._port.read(min(self._port.in_waiting, _CHUNK))
            except (OSError, TypeError) as error:  # pyserial raises TypeError where the port vanishes meanwhile
                self.last_error = f"{self.path}: the scanner is gone ({describe(error)}); check its cable"
                return
            for code in lines.feed(decode(received)):
                self._report_code(code)
            self.tally["errors"] += lines.unfinished
            lines.unfinished = 0


def split_path(path: str) -> tuple[str, int]:
    """Return the device and the speed of `serial:DEVICE[@SPEED]`. Raises BadSetup."""
    device, _, speed = path.partition(":")[2].partition("@")
    if not device.startswith("/dev/") or not (speed.isdecimal() or not speed) or len(speed) > 8:
        raise BadSetup(f"{path} is no serial line; write serial:/dev/ttyACM0 or serial:/dev/ttyUSB0@115200")
    return device, int(speed or _DEFAULT_SPEED)


def load_pyserial() -> Any:
    """Return pyserial. Raises BadSetup, which says how to install it."""
    try:
        import serial
    except ImportError as error:
        raise BadSetup(
            f"the library for serial lines is not installed ({error}); in the folder of the agent run: "
            f"{sys.executable} -m pip install '.[qr]'"
        ) from None
    return serial


def _advice(path: str, device: str, error: Exception) -> str:
    if not os.path.lexists(device):
        return f"{path}: there is no {device}; check the cable, or see `gatehouse-reader readers`"
    if not os.access(device, os.R_OK | os.W_OK):
        return f"{path}: this user may not open it; add the user to the group dialout, or the udev rule of the README"
    if isinstance(error, OSError) and error.errno in (errno.EAGAIN, errno.EBUSY):
        return f"{path}: another program uses it (does an agent run?); end that program"
    return f"{path}: the line cannot be opened ({describe(error)})"
