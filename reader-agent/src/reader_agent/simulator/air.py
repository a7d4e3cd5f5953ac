"""The air between a reader and a card, over UDP on loopback.

nfcpy's `udp` driver sends `<technology> <hex>`, for instance `106A 26`, and expects the same form back. A poll for a
missing card is answered with the technology alone: without an answer the driver would wait a second each time.
"""

import contextlib
import socket
import threading
import time
from types import TracebackType
from typing import Protocol, Self


class SimulatedCard(Protocol):
    """A card: it can lose power, and answer a frame (None: it does not answer)."""

    technology: str
    uid: bytes

    def power_off(self) -> None:
        """Clear the state that a chip loses without the field."""

    def answer(self, frame: bytes) -> bytes | None:
        """Return the chip's answer to one frame."""


class Air:
    """A reader's field, in which a test places cards."""

    def __init__(self, port: int = 0) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", port))
        self._socket.settimeout(0.2)
        self.port: int = self._socket.getsockname()[1]
        self._lock = threading.Lock()
        self._card: SimulatedCard | None = None
        self._stop = threading.Event()
        self._heard = threading.Condition(self._lock)
        self._frames = 0
        self._thread = threading.Thread(target=self._run, name="air", daemon=True)

    @property
    def path(self) -> str:
        """The reader path under which nfcpy finds this field."""
        return f"udp:127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(timeout=2.0)
        self._socket.close()

    def place(self, card: SimulatedCard) -> None:
        """Put a card into the field."""
        with self._lock:
            card.power_off()
            self._card = card

    def remove(self) -> None:
        """Take the card out of the field."""
        with self._lock:
            if self._card:
                self._card.power_off()
            self._card = None

    def wait_for_polls(self, count: int, timeout: float) -> bool:
        """Wait until the reader has sent this many more frames: it has then noticed what changed."""
        with self._heard:
            until = self._frames + count
            return self._heard.wait_for(lambda: self._frames >= until, timeout)

    def tap(self, card: SimulatedCard, *, hold_seconds: float = 0.3) -> None:
        """Hold a card into the field for a moment."""
        self.place(card)
        time.sleep(hold_seconds)
        self.remove()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                datagram, sender = self._socket.recvfrom(2048)
            except TimeoutError:
                continue
            except OSError:
                return
            reply = self._reply(datagram)
            if reply is not None:
                with contextlib.suppress(OSError):  # the reader may be gone by now
                    self._socket.sendto(reply, sender)

    def _reply(self, datagram: bytes) -> bytes | None:
        technology, _, payload = datagram.partition(b" ")
        with self._heard:
            self._frames += 1
            self._heard.notify_all()
            card = self._card
            if technology == b"RFOFF":
                if card:
                    card.power_off()
                return None
            if card is None or card.technology.encode() != technology:
                return technology
            try:
                frame = bytes.fromhex(payload.decode("ascii"))
            except ValueError:
                return technology
            answer = card.answer(frame)
        return None if answer is None else technology + b" " + answer.hex().encode()
