"""Code scanners that type as a keyboard (`hid:/dev/input/by-id/…`), through python-evdev.

The device is grabbed: what it types reaches the agent alone, and never a console where a code could run a command.
"""

import contextlib
import errno
import os
import queue
import select
import sys
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Protocol

from reader_agent.failures import BadSetup, ReaderUnavailable
from reader_agent.readers.base import Reader, describe, nothing_raised
from reader_agent.readers.keys import Typist
from reader_agent.readers.lines import Lines

_POLL_SECONDS = 0.2
# The kernel keeps some twenty characters, and a decision may take seconds: so what is typed meanwhile waits here. A
# character is six records, each of which may be a read of its own: so these are more than 600 characters.
_MOST_READS = 4096
# linux/input-event-codes.h: the kernel threw away what was not read in time.
_EV_SYN, _SYN_DROPPED = 0x00, 0x03


class InputEvent(Protocol):
    """An event of Linux' input subsystem."""

    @property
    def type(self) -> int:
        """The kind of event."""

    @property
    def code(self) -> int:
        """Which key."""

    @property
    def value(self) -> int:
        """Pressed, released or held."""


class InputDevice(Protocol):
    """The part of `evdev.InputDevice` that is used."""

    @property
    def name(self) -> str:
        """The device's own name."""

    def fileno(self) -> int:
        """Return the descriptor to wait on."""

    def grab(self) -> None:
        """Take the device for this process alone."""

    def read(self) -> Iterable[InputEvent]:
        """Return the events that wait."""

    def close(self) -> None:
        """Close the device, which ends the grab."""


class HidReader(Reader):
    """A keyboard wedge: each code ends with Enter. `open_device` opens a path, by default with evdev."""

    kind: ClassVar[str] = "hid"

    def __init__(self, path: str, *, open_device: Callable[[str], InputDevice] | None = None, **common: Any) -> None:
        super().__init__(path, **common)
        self._device_path = split_path(path)
        self._open_device = open_device
        self._device: InputDevice | None = None

    @property
    def is_open(self) -> bool:
        """Return whether the scanner is open."""
        return self._device is not None

    def check_library(self) -> None:
        """Raise BadSetup where evdev is not installed."""
        if self._open_device is None:
            load_evdev()

    def open(self) -> None:
        """Open and grab the scanner. Raises ReaderUnavailable."""
        opened = self._open_device or load_evdev().InputDevice
        try:
            device: InputDevice = opened(self._device_path)
        except OSError as error:
            raise ReaderUnavailable(_advice(self.path, self._device_path, error)) from None
        try:
            device.grab()
        except OSError as error:
            device.close()
            raise ReaderUnavailable(_advice(self.path, self._device_path, error)) from None
        self._device, self.model = device, device.name

    def close(self) -> None:
        """Close the scanner."""
        device, self._device = self._device, None
        if device is not None:
            with nothing_raised(self._log, self.path):
                device.close()

    def _watch(self, stop: threading.Event) -> None:
        device = self._device
        if device is None:
            return
        reads: queue.Queue[list[InputEvent] | Exception] = queue.Queue(_MOST_READS)
        is_over = threading.Event()
        listener = threading.Thread(target=_listen, args=(device, reads, is_over), name="scanner", daemon=True)
        listener.start()
        try:
            self._type(reads, stop)
        finally:
            is_over.set()
            listener.join()

    def _type(self, reads: "queue.Queue[list[InputEvent] | Exception]", stop: threading.Event) -> None:
        """Report the codes in what is read, until `stop` or until the scanner is gone."""
        typist, lines = Typist(), Lines()
        while not stop.is_set():
            self.alive_at = time.monotonic()
            for code in lines.feed(""):
                self._report_code(code)
            try:
                read = reads.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                continue
            finally:
                self.tally["errors"] += lines.unfinished
                self.tally["hostile"] += typist.unknown
                lines.unfinished = typist.unknown = 0
            if isinstance(read, Exception):
                self.last_error = f"{self.path}: the scanner is gone ({describe(read)}); check its cable"
                return
            for event in read:
                if (event.type, event.code) == (_EV_SYN, _SYN_DROPPED):
                    typist.lost()
                    lines.lost()
                for character in typist.text(event.type, event.code, event.value):
                    for code in lines.feed(character):
                        self._report_code(code)


def _listen(device: InputDevice, reads: "queue.Queue[list[InputEvent] | Exception]", is_over: threading.Event) -> None:
    """Pass on what is typed, also while a code is being decided; an error is the last thing that is passed on."""
    while not is_over.is_set():
        read: list[InputEvent] | Exception
        try:
            is_ready = bool(select.select([device.fileno()], [], [], _POLL_SECONDS)[0])
            read = list(device.read()) if is_ready else []
        except BlockingIOError:
            continue
        except (OSError, ValueError) as error:  # ENODEV after an unplug
            read = error
        while read and not is_over.is_set():
            with contextlib.suppress(queue.Full):
                reads.put(read, timeout=_POLL_SECONDS)
                break
        if isinstance(read, Exception):
            return


def split_path(path: str) -> str:
    """Return the device of `hid:DEVICE`. Raises BadSetup."""
    device = path.partition(":")[2]
    if not device.startswith("/dev/input/"):
        raise BadSetup(f"{path} is no input device; write hid:/dev/input/by-id/… (see `gatehouse-reader readers`)")
    return device


def load_evdev() -> Any:
    """Return python-evdev. Raises BadSetup, which says how to install it."""
    try:
        import evdev
    except ImportError as error:
        raise BadSetup(
            f"the library for keyboard scanners is not installed ({error}); in the folder of the agent run: "
            f"{sys.executable} -m pip install '.[qr]'"
        ) from None
    return evdev


def _advice(path: str, device: str, error: OSError) -> str:
    if error.errno == errno.EBUSY:
        return f"{path}: another program has grabbed it; end that program"
    if not os.path.lexists(device):
        return f"{path}: there is no {device}; check the cable, or see `gatehouse-reader readers`"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"{path}: this user may not open it; add the user to the group input, or the udev rule of the README"
    return f"{path}: it cannot be opened ({describe(error)})"
