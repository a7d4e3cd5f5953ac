"""An event with a hub on loopback: its devices with their keys, its tickets, and the hub's real server."""

import random
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import snapshot_double as double
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from snapshot_double import CardRow, Signer, TicketRow
from ulid import ULID

from reader_agent.clock import Clock
from reader_agent.hub.client import HubClient, HubPlace
from reader_agent.hub.desk import Desk
from reader_agent.hub.journal import Journal
from reader_agent.hub.serving import HubServer, Limits
from reader_agent.hub.tls import Member, Peer
from reader_agent.local_gate import LocalGate
from reader_agent.snapshot import Package, Snapshot
from reader_agent.tap import Tap

EVENT = "evt_demo"


class WallTime:
    """The machine's own clocks."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return Clock().monotonic()


class Party:
    """The devices and tickets of one event. The first device is the hub."""

    def __init__(self, folder: Path, *, gates: int = 4, tickets: int = 5, seed: int | None = None) -> None:
        """Make the event; with the same seed it is the same in another process."""
        chance = random.Random(seed)  # noqa: S311  # keys of a test
        self.folder = folder
        self.signer = Signer(Ed25519PrivateKey.from_private_bytes(chance.randbytes(32)))
        self.keys = {
            f"dev_{number:026d}": Ed25519PrivateKey.from_private_bytes(chance.randbytes(32))
            for number in range(gates + 1)
        }
        self.hub_id, *self.gates = self.keys
        self.tickets = [TicketRow(ULID(chance.randbytes(16))) for _ in range(tickets)]
        self.cards = [CardRow(f"04{number:012X}", (ticket,)) for number, ticket in enumerate(self.tickets)]
        self.peers = [
            Peer(device, key.public_key().public_bytes_raw(), f"Gate {number}")
            for number, (device, key) in enumerate(self.keys.items())
        ]

    def local_gate(self, device_id: str, **event: Any) -> LocalGate:
        gate = LocalGate(WallTime(), keys=self.signer.keys, repeat_seconds=0.0)
        listed = [
            {"device_id": peer.device_id, "gate": peer.gate, "public_key": double.b64(peer.public_key)}
            for peer in self.peers
        ]
        data = double.make(
            self.signer,
            self.tickets,
            self.cards,
            now=(now := datetime.now(UTC)),
            event=double.event(now, **event),
            device_id=device_id,
            peers=[*listed, {"device_id": "dev_odd", "gate": None, "public_key": "no key"}],
            hub={"device_id": self.hub_id, "address": "127.0.0.1:8443"},
        )
        gate.use(Snapshot.of(Package.read(data, self.signer.keys, event_id=EVENT, device_id=device_id)))
        return gate

    @contextmanager
    def hub(self, port: int = 0, limits: Limits | None = None, *, host: str = "127.0.0.1") -> Iterator[HubServer]:
        member = Member(EVENT, self.hub_id, self.keys[self.hub_id], "Gate 0")
        with Journal(self.folder / "hub.sqlite3") as journal:
            gate = self.local_gate(self.hub_id)
            desk = Desk(journal, gate, member=member, clock=Clock())
            server = HubServer(f"{host}:{port}", desk, member=member, peers=lambda: self.peers, limits=limits)
            server.start()
            try:
                yield server
            finally:
                server.stop()

    @contextmanager
    def client(
        self,
        port: int,
        *,
        device_id: str = "",
        key: Ed25519PrivateKey | None = None,
        event_id: str = EVENT,
        hub: str | None = None,
        host: str = "127.0.0.1",
    ) -> Iterator[HubClient]:
        device_id = device_id or self.gates[0]
        client = HubClient(
            HubPlace.read(f"{hub}@{host}:{port}" if hub else f"{host}:{port}"),
            member=Member(event_id, device_id, key or self.keys[device_id]),
            peers=self.peers,
        )
        try:
            yield client
        finally:
            client.close()


def tap_of(card: CardRow, scan_id: str = "", direction: str | None = None) -> Tap:
    clock = Clock()
    return Tap(
        scan_id=scan_id or f"scn_{ULID()}",
        scanned_at=clock.wall(),
        boot_id=clock.boot_id,
        monotonic_ns=clock.monotonic_ns(),
        uid=card.uid,
        direction=direction,
    )


class Wire:
    """A relay between an agent and a hub: it keeps what the agent said, and can be cut."""

    def __init__(self, target: int) -> None:
        self.heard = bytearray()
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._holds = False
        threading.Thread(target=self._accept, daemon=True).start()

    def hold(self) -> None:
        """Carry nothing more, and close nothing: a cable that was pulled."""
        self._holds = True

    def close(self) -> None:
        with suppress(OSError):  # else the thread that accepts takes one more
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                self._open += [near, far]
                threading.Thread(target=self._carry, args=(near, far, self.heard), daemon=True).start()
                threading.Thread(target=self._carry, args=(far, near, bytearray()), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, heard: bytearray) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if self._holds:
                    continue
                heard += data
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
