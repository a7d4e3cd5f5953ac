"""What a gate does without the platform: its snapshot, its own decisions, and who passed here."""

from collections.abc import Mapping
from dataclasses import dataclass

from reader_agent.admission import Presence
from reader_agent.clock import read_time
from reader_agent.local_gate import Decision, LocalGate
from reader_agent.outbox import DecidedAtGate, Outbox, Passage
from reader_agent.snapshot import Snapshot
from reader_agent.snapshot.names import Name
from reader_agent.tap import Tap
from reader_agent.trusted_time import TrustedTime
from reader_agent.wire import Decision as Answer


def at_gate(decision: Decision) -> DecidedAtGate:
    """Return a decision of this device as it is stored and sent.

    A repeat let nobody in that its first reading had not, so its record must not claim an admission.
    """
    result = "already_scanned" if decision.repeat else decision.result
    return DecidedAtGate(result, decision.reason, decision.cursor)


@dataclass(frozen=True)
class InUse:
    """The snapshot in use with the names for the display."""

    snapshot: Snapshot
    names: Mapping[int, Name]


class Offline:
    """The local gate of one agent, with the passages that its outbox remembers."""

    def __init__(self, gate: LocalGate, time: TrustedTime) -> None:
        self.gate = gate
        self.time = time
        self._names: Mapping[int, Name] = {}

    def remember(self, outbox: Outbox) -> None:
        """Learn who passed this gate before the agent was started."""
        for passage in outbox.passages():
            self.gate.passed(passage.ticket, passage.presence, at=passage.at, scan_id=passage.scan_id)

    def use(self, in_use: InUse | None) -> None:
        """Decide by this snapshot from now on."""
        self._names = in_use.names if in_use else {}
        if in_use is not None:
            # A snapshot was made in the past, whatever this device's clock says.
            self.time.at_least(in_use.snapshot.head.generated_at)
        self.gate.use(in_use.snapshot if in_use else None)

    def name_of(self, decision: Decision) -> Name | None:
        """Return the name that the display shows for a decision, if it is known."""
        return self._names.get(decision.ticket) if decision.ticket is not None else None

    def decide(self, tap: Tap) -> Decision:
        """Return this gate's decision. Raises CannotDecide."""
        return self.gate.decide(tap)

    def undo(self, scan_id: str) -> None:
        """Take a decision back that could not be stored."""
        self.gate.undo(scan_id)

    def tickets_of(self, tap: Tap) -> tuple[int, ...]:
        """Return the fingerprints of the tickets that a tap may be about."""
        return self.gate.tickets_of(tap)

    @staticmethod
    def passage_in(decision: Decision) -> Passage | None:
        """Return the passage that a decision of this gate is, if it is one."""
        presence = decision.presence_after
        if presence is None or decision.ticket is None:
            return None
        return Passage(decision.ticket, presence, decision.at, decision.scan_id)

    def passage_of(self, tap: Tap, answer: Answer) -> Passage | None:
        """Note the passage that an answer of the platform is, and return it to be stored; None where it is none.

        The snapshot knows of it only later, and the network may be gone by then.
        """
        snapshot = self.gate.snapshot
        if snapshot is None or not answer.admitted or answer.ticket is None or not answer.ticket.id:
            return None
        ticket = snapshot.fingerprint_of_ticket_id(answer.ticket.id)
        if ticket is None:
            return None
        try:
            at = read_time(answer.corrected_at or answer.decided_at or "")
        except ValueError:
            at = self.time.now()
        goes_out = tap.kind == "leave" or (tap.kind == "scan" and tap.direction == "exit")
        presence: Presence = "outside" if goes_out else "inside"
        self.gate.passed(ticket, presence, at=at, scan_id=tap.scan_id)
        return Passage(ticket, presence, at, tap.scan_id)
