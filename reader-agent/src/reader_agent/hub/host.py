"""The hub's own agent: the server, its journal, and what its own gate decided."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reader_agent.clock import Clock
from reader_agent.hub import wire
from reader_agent.hub.desk import Desk, HubRefusal, report_of
from reader_agent.hub.journal import Journal
from reader_agent.hub.serving import HubServer, Peers
from reader_agent.hub.tls import Member
from reader_agent.hub.wire import HubDecision, OwnPassage
from reader_agent.local_gate import LocalGate
from reader_agent.tap import Tap


@dataclass(frozen=True)
class OwnFacts:
    """What the hub asks its own agent: the passages at its gate so far, and where the others reach it."""

    passages: Callable[[], Sequence[OwnPassage]]
    address: Callable[[], str | None] = lambda: None


class HubHost:
    """A hub at work. Safe for several threads."""

    def __init__(
        self,
        gate: LocalGate,
        *,
        listen: str,
        journal: Path,
        member: Member,
        peers: Peers,
        own: OwnFacts,
    ) -> None:
        """Open the journal and the port. Raises BadSetup."""
        self.last_error: str | None = None
        self._member, self._own = member, own
        self._journal = Journal(journal)
        try:
            self._desk = Desk(self._journal, gate, member=member, clock=Clock())
            self._server = HubServer(listen, self._desk, member=member, peers=peers)
        except BaseException:
            self._journal.close()
            raise
        self._lock = threading.Lock()
        # What is not recorded yet: a full disk may get room again.
        self._untold: list[OwnPassage] = []

    @property
    def port(self) -> int:
        """The port that the hub listens on."""
        return self._server.port

    def start(self) -> None:
        """Begin to serve, with the passages that this gate's outbox remembers."""
        self._tell(self._own.passages())
        self._server.start()

    def ensure(self) -> None:
        """Record what could not be recorded before."""
        self._tell()

    def stop(self) -> None:
        """Serve no more; the journal stays."""
        self._server.stop()
        self._journal.close()

    def ask(self, tap: Tap, *, seconds: float) -> tuple[str, HubDecision] | None:  # noqa: ARG002  # as agents do
        """Return None: the hub's own gate decides by the same rule, without a network."""
        return None

    def tell(self, passage: OwnPassage) -> None:
        """Have the other gates know of a passage at the hub's own gate."""
        self._tell([passage])

    def _tell(self, passages: Sequence[OwnPassage] = ()) -> None:
        with self._lock:
            self._untold += passages
            while self._untold:
                batch = self._untold[: wire.MOST_PASSAGES]
                reports = [report_of(each, self._member.device_id) for each in batch]
                try:
                    self._desk.note(reports, self._member.peer)
                except HubRefusal as error:
                    self.last_error = str(error)
                    return
                del self._untold[: len(batch)]
            self.last_error = None

    @property
    def is_up(self) -> bool:
        """Return whether the hub serves and records."""
        return self._server.is_alive and self._journal.trouble is None

    def facts(self) -> dict[str, Any]:
        """Return what `status` shows."""
        return {
            "role": "hub",
            "device_id": self._member.device_id,
            "address": self._own.address(),
            "port": self.port,
            "up": self.is_up,
            "sequence": self._journal.last(),
            "decisions": self._journal.decisions(),
            "devices": [device for device in self._desk.present() if device != self._member.device_id],
            "refused_connections": self._server.refused,
            "last_error": self._journal.trouble or self.last_error,
        }
