"""A network cable on loopback that can be pulled: a proxy between a simulated agent and the platform."""

import socket
import threading
from contextlib import suppress

_HOST = "127.0.0.1"
_CHUNK = 65536


class Cable:
    """A proxy on a free port of loopback. Pulled, it ends every connection and takes no new one."""

    def __init__(self, port: int) -> None:
        """Lead to a port of this machine."""
        self._to = port
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._listener: socket.socket | None = socket.create_server((_HOST, 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://{_HOST}:{self.port}"
        self._serve(self._listener)

    @property
    def is_plugged(self) -> bool:
        """Whether connections pass."""
        return self._listener is not None

    def pull(self) -> None:
        """End every connection, and refuse new ones."""
        with self._lock:
            listener, self._listener = self._listener, None
            ends, self._open = self._open, set()
        if listener is not None:
            # A closed listener may still wait in `accept`; shutting it down wakes that.
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        for end in ends:
            # The thread that carries it waits in `recv`: only a shutdown wakes that.
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def plug(self) -> None:
        """Take connections again, on the same port. Raises OSError where another program has taken it."""
        with self._lock:
            if self._listener is None:
                self._listener = socket.create_server((_HOST, self.port))
                self._serve(self._listener)

    def _serve(self, listener: socket.socket) -> None:
        threading.Thread(target=self._accept, args=(listener,), name="cable", daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection((_HOST, self._to))
            except OSError:
                near.close()
                continue
            with self._lock:
                is_pulled = self._listener is not listener
                if not is_pulled:
                    self._open |= {near, far}
            if is_pulled:
                near.close()
                far.close()
                return
            for source, target in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(source, target), name="cable", daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(_CHUNK):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        with self._lock:
            # The other direction may still carry: both ends are closed with the second of the two.
            if source in self._open:
                self._open.discard(source)
            if target not in self._open:
                source.close()
                target.close()
