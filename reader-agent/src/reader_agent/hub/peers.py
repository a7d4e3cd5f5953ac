"""The devices of the event, as the snapshot in use lists them."""

from collections.abc import Callable
from contextlib import suppress

from reader_agent.hub.client import HubPlace
from reader_agent.hub.tls import Peer
from reader_agent.snapshot import Head


class Listed:
    """Reads peers and hub from the head of the snapshot in use. Safe for several threads."""

    def __init__(self, head: Callable[[], Head | None]) -> None:
        self._head = head
        self._read: tuple[Head | None, tuple[Peer, ...]] = (None, ())

    def peers(self) -> tuple[Peer, ...]:
        """Return the event's devices; none without a snapshot. A key that is not readable belongs to nobody."""
        head, (known, peers) = self._head(), self._read
        if head is known:
            return peers
        found = []
        for each in head.peers if head else ():
            with suppress(ValueError):
                found.append(Peer.read(device_id=each.device_id, public_key=each.public_key, gate=each.gate))
        self._read = head, tuple(found)
        return self._read[1]

    def hub(self) -> HubPlace | None:
        """Return the hub that the snapshot names."""
        head = self._head()
        return HubPlace(head.hub.address, head.hub.device_id) if head and head.hub else None
