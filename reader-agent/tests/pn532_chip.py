"""A PN532 on a serial line: the chip's host protocol (NXP UM0701-02) on a pseudo terminal, with a card in its field.

Closing the terminal is the unplugged cable: what nfcpy sees then is what it sees of a real one.
"""

import contextlib
import itertools
import os
import threading
import tty
from pathlib import Path
from typing import Self

from reader_agent.simulator import SimulatedCard

_ACK = bytes.fromhex("0000FF00FF00")
_TO_CHIP, _TO_HOST = 0xD4, 0xD5
_DIAGNOSE, _VERSION, _READ_REGISTER, _WRITE_REGISTER = 0x00, 0x02, 0x06, 0x08
_POWER_DOWN, _RF_CONFIGURATION, _LIST_TARGET, _COMMUNICATE = 0x16, 0x32, 0x4A, 0x42
_FIFO_DATA, _RX_MODE = 0x6339, 0x6303
_CHECKS_CRC = 0x80
_TIMEOUT = b"\x01"
_NUMBERS = itertools.count()


def missing() -> str | None:
    """Return why the line cannot be named on this machine: nfcpy looks for it in /dev."""
    return None if os.access("/dev", os.W_OK) else "only root may name a pseudo terminal in /dev"


def _crc_a(data: bytes) -> bytes:
    crc = 0x6363
    for byte in data:
        mixed = (byte ^ crc) & 0xFF
        mixed = (mixed ^ mixed << 4) & 0xFF
        crc = crc >> 8 ^ mixed << 8 ^ mixed << 3 ^ mixed >> 4
    return crc.to_bytes(2, "little")


class Pn532:
    """A chip that can be plugged in, unplugged, and plugged in again at the same path."""

    def __init__(self) -> None:
        self.name = f"gatehouse-test-{os.getpid()}-{next(_NUMBERS)}"
        self.path = f"tty:{self.name}:pn532"
        # Unplugs itself when it gets its n-th next exchange with a card.
        self.unplugs_at: int | None = None
        self.polls = 0
        self._lock = threading.Lock()
        self._card: SimulatedCard | None = None
        self._master = -1
        self._registers: dict[int, int] = {}
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.unplug()

    def plug(self) -> None:
        """Put it into its socket."""
        master, slave = os.openpty()
        tty.setraw(slave)
        link = Path("/dev") / self.name
        link.unlink(missing_ok=True)
        link.symlink_to(os.ttyname(slave))
        self._master = master
        # The terminal's other end stays open in the thread, so that an agent may open and close it.
        self._thread = threading.Thread(target=self._serve, args=(master, slave), daemon=True)
        self._thread.start()

    def unplug(self) -> None:
        """Pull the cable."""
        (Path("/dev") / self.name).unlink(missing_ok=True)
        master, self._master = self._master, -1
        if master >= 0:
            os.close(master)

    def place(self, card: SimulatedCard | None) -> None:
        """Put a card into the field, or take it out (None)."""
        with self._lock:
            if self._card:
                self._card.power_off()
            self._card = card

    def _serve(self, master: int, slave: int) -> None:
        waiting = b""
        with contextlib.suppress(OSError):
            while self._master == master:
                os.set_blocking(master, True)
                waiting += os.read(master, 512)
                frame, waiting = _next_frame(waiting)
                while frame is not None:
                    os.write(master, _ACK)
                    with self._lock:
                        answer = self._answer(frame[1], frame[2:])
                    if self._master != master:
                        break
                    os.write(master, _framed(bytes([_TO_HOST, frame[1] + 1]) + answer))
                    frame, waiting = _next_frame(waiting)
        with contextlib.suppress(OSError):
            os.close(slave)

    def _answer(self, command: int, data: bytes) -> bytes:
        if command == _VERSION:
            return bytes.fromhex("32010607")
        if command == _DIAGNOSE:
            return data
        if command == _READ_REGISTER:
            addresses = [int.from_bytes(data[at : at + 2]) for at in range(0, len(data), 2)]
            # The FIFO still has the request: no card answered it.
            return bytes(0x26 if address == _FIFO_DATA else self._registers.get(address, 0) for address in addresses)
        if command == _WRITE_REGISTER:
            for at in range(0, len(data), 3):
                self._registers[int.from_bytes(data[at : at + 2])] = data[at + 2]
            return b""
        if command == _RF_CONFIGURATION and data[0] == 1 and not data[1] & 1 and self._card:
            self._card.power_off()
        if command == _LIST_TARGET:
            self.polls += 1
            return self._list(data[1], data[2:])
        if command == _COMMUNICATE:
            return self._exchange(data)
        return b"\x00" if command == _POWER_DOWN else b""

    def _list(self, technology: int, request: bytes) -> bytes:
        card = self._card
        if card is None or card.technology != {0: "106A", 1: "212F"}.get(technology):
            return b"\x00"
        if technology == 1:
            answer = card.answer(bytes([len(request) + 1]) + request)
            return b"\x01\x01" + answer if answer else b"\x00"
        sense = card.answer(b"\x26")
        uid, select = b"", b""
        for level in (0x93, 0x95):
            part = card.answer(bytes([level, 0x20])) or b""
            select = card.answer(bytes([level, 0x70]) + part) or b""
            uid += part[1:4] if part[:1] == b"\x88" else part[:4]
            if select[:1] != b"\x04":
                break
        if not sense or not select:
            return b"\x00"
        self._registers[_RX_MODE] = self._registers.get(_RX_MODE, 0) | _CHECKS_CRC
        return b"\x01\x01" + sense[::-1] + select + bytes([len(uid)]) + uid

    def _exchange(self, frame: bytes) -> bytes:
        if self.unplugs_at is not None:
            self.unplugs_at -= 1
            if self.unplugs_at < 0:
                self.unplugs_at = None
                self.unplug()
        answer = self._card.answer(frame) if self._card else None
        if answer is None:
            return _TIMEOUT
        checks_itself = not self._registers.get(_RX_MODE, 0) & _CHECKS_CRC
        return b"\x00" + answer + (_crc_a(answer) if checks_itself and len(answer) > 1 else b"")


def _framed(body: bytes) -> bytes:
    size = len(body)
    head = bytes([size, -size & 0xFF]) if size < 255 else b"\xff\xff" + size.to_bytes(2)
    if size >= 255:
        head += bytes([-sum(head[2:4]) & 0xFF])
    return b"\x00\x00\xff" + head + body + bytes([-sum(body) & 0xFF, 0])


def _next_frame(received: bytes) -> tuple[bytes | None, bytes]:
    """Return the next command's frame, if it is complete, and what follows it."""
    while True:
        begin = received.find(b"\x00\xff")
        if begin < 0 or len(received) < begin + 4:
            return None, received[-512:]
        size, check = received[begin + 2], received[begin + 3]
        body = begin + 4
        if (size, check) == (0xFF, 0xFF):
            if len(received) < begin + 7:
                return None, received
            size, body = int.from_bytes(received[begin + 4 : begin + 6]), begin + 7
        elif (size, check) == (0x00, 0xFF):
            received = received[body:]  # the host's acknowledgement, which also cancels
            continue
        if len(received) < body + size + 2:
            return None, received
        frame, received = received[body : body + size], received[body + size + 1 :]
        if frame and frame[0] == _TO_CHIP:
            return frame, received
