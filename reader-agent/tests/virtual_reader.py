"""pcscd with virtual readers (Debian's vsmartcard-vpcd), and cards that are held to them.

vpcd listens on loopback; a card connects, and speaks in frames of a 2-byte length and content. One byte is a control:
power off, power on, reset, or a question for the answer to reset. All else is a command, to be answered.
"""

import contextlib
import functools
import os
import random
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest

from reader_agent.simulator import Ntag213, Ntag424

_DRIVERS = (
    Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so"),
    Path("/var/lib/vpcd/serial/libifdvpcd.so"),
)
_SOCKET = Path("/run/pcscd/pcscd.comm")
_NAME = "Gatehouse test reader"
_ANSWER_TO_RESET = 0x04
# PC/SC part 3: of a type 2 tag, and of an ISO 14443-4 card with the historical byte 80.
_MEMORY_CARD = bytes.fromhex("3B8F8001804F0CA0000003060300030000000068")
_SMART_CARD = bytes.fromhex("3B80800101")


def missing() -> str | None:
    """Return why PC/SC cannot be tested on this machine; None where it can."""
    try:
        import smartcard.scard  # noqa: F401
    except ImportError:
        return "pyscard is not installed: infra/setup.sh devices"
    if not shutil.which("pcscd") or driver() is None:
        return "pcscd or vsmartcard-vpcd is not installed: apt-get install pcscd vsmartcard-vpcd"
    if os.geteuid() != 0:
        return "only root may start a pcscd of its own"
    return None


@functools.cache
def driver() -> Path | None:
    """Return vpcd's driver. To search all libraries takes seconds, so that is done once, where it is elsewhere."""
    usual = next((path for path in _DRIVERS if path.exists()), None)
    return usual or next((path for path in Path("/usr/lib").glob("**/libifdvpcd.so*") if path.is_file()), None)


class Pcscd:
    """A pcscd with one virtual reader. There is one place for its socket, so there is one on a machine."""

    name = _NAME

    def __init__(self, folder: Path) -> None:
        self.port = 0
        self._config = folder / "reader.conf"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it and its virtual reader listen."""
        for _ in range(3):
            self._choose_port()
            self._process = subprocess.Popen(
                ["pcscd", "--foreground", "--config", str(self._config)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            give_up = time.monotonic() + 60
            while time.monotonic() < give_up:
                if _listens() and not _is_free(self.port):
                    return
                if self._process.poll() is not None:
                    pytest.skip("pcscd ended at once: another one runs on this machine")
                time.sleep(0.02)
            self.stop()
            self.port = 0  # another program took it meanwhile
        raise AssertionError("pcscd did not begin to listen")

    def _choose_port(self) -> None:
        # Below the ports that the kernel gives to connections: those are taken at any time.
        ports = (random.randrange(15_000, 30_000) for _ in range(100))  # noqa: S311  # no secret
        self.port = self.port or next(port for port in ports if _is_free(port))
        self._config.write_text(
            f'FRIENDLYNAME "{_NAME}"\nLIBPATH {driver()}\n'
            f"DEVICENAME /dev/null:{self.port:#x}\nCHANNELID {self.port:#x}\n"
        )

    def stop(self) -> None:
        """End it, as an update of the system does."""
        if self._process:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    @contextlib.contextmanager
    def holding(self, card: "HeldCard") -> Iterator["HeldCard"]:
        """Hold a card to the reader, then wait until pcscd has seen it go: it looks a few times a second."""
        with card.held_to(self.port):
            yield card
        _wait_until_empty()


def _wait_until_empty() -> None:
    from smartcard import scard

    _, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
    try:
        _, names = scard.SCardListReaders(context, [])
        asked = [(name, scard.SCARD_STATE_UNAWARE) for name in names if name.startswith(_NAME)]
        give_up = time.monotonic() + 60
        while any(
            state & scard.SCARD_STATE_PRESENT for _, state, _ in scard.SCardGetStatusChange(context, 0, asked)[1]
        ):
            assert time.monotonic() < give_up, "pcscd still sees a card that is gone"
            time.sleep(0.02)
    finally:
        scard.SCardReleaseContext(context)


def _is_free(port: int) -> bool:
    with socket.socket() as asked:
        try:
            asked.bind(("0.0.0.0", port))  # noqa: S104  # vpcd listens on all of them
        except OSError:
            return False
    return True


def _listens() -> bool:
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as asked:
        asked.connect(str(_SOCKET))
        return True
    return False


class HeldCard:
    """A simulated card at a virtual reader. `answers` replaces the answers to commands that begin so."""

    def __init__(
        self,
        card: Ntag424 | Ntag213 | None,
        *,
        uid: bytes | None = None,
        answers: dict[bytes, bytes] | None = None,
        leaves_at: int | None = None,
    ) -> None:
        self.commands = 0
        self._card = card
        self._uid = uid if uid is not None else card.uid if card else b""
        self._answers = answers or {}
        self._leaves_at = leaves_at

    @contextlib.contextmanager
    def held_to(self, port: int) -> Iterator[Self]:
        """Connect, and answer until the end of the block."""
        give_up = time.monotonic() + 60
        while True:
            try:
                line = socket.create_connection(("127.0.0.1", port), timeout=60)
                break
            except OSError:
                assert time.monotonic() < give_up, "the virtual reader does not listen"
                time.sleep(0.02)
        if self._card:
            self._card.power_off()
        thread = threading.Thread(target=self._serve, args=(line,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            line.close()
            thread.join(timeout=60)

    def _serve(self, line: socket.socket) -> None:
        with contextlib.suppress(OSError):
            line.settimeout(None)
            while head := _exactly(line, 2):
                frame = _exactly(line, int.from_bytes(head))
                if len(frame) == 1:
                    if frame[0] == _ANSWER_TO_RESET:
                        _send(line, self._answer_to_reset())
                    elif self._card and isinstance(self._card, Ntag424):
                        self._card.power_off()
                    continue
                if self._leaves_at is not None and self.commands >= self._leaves_at:
                    line.shutdown(socket.SHUT_RDWR)
                    return
                self.commands += 1
                _send(line, self._answer(frame))

    def _answer_to_reset(self) -> bytes:
        return _MEMORY_CARD if isinstance(self._card, Ntag213) else _SMART_CARD

    def _answer(self, command: bytes) -> bytes:
        for beginning, answer in self._answers.items():
            if command.startswith(beginning):
                return answer
        if command[:2] == b"\xff\xca":
            return self._uid + b"\x90\x00"
        if isinstance(self._card, Ntag424):
            return self._card._answer_apdu(command)
        if isinstance(self._card, Ntag213) and command[:2] == b"\xff\xb0":
            self._card._selected = True
            pages = self._card.command(bytes([0x30, command[3]]))
            return pages[: command[4]] + b"\x90\x00" if pages and len(pages) == 16 else b"\x6a\x82"
        return b"\x6d\x00"


def _send(line: socket.socket, content: bytes) -> None:
    line.sendall(len(content).to_bytes(2) + content)


def _exactly(line: socket.socket, size: int) -> bytes:
    received = b""
    while len(received) < size:
        part = line.recv(size - len(received))
        if not part:
            return b""
        received += part
    return received
