"""What a gate does without the platform: its snapshot, its own decisions, and who passed here."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from reader_agent.admission import Presence
from reader_agent.clock import read_time
from reader_agent.hub.neighbours import HubAway, Neighbours
from reader_agent.hub.wire import HubDecision
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
    return DecidedAtGate(result, decision.reason, decision.cursor, decision.via)


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
        # The hub that is asked first, once there is one.
        self.hub: Neighbours | None = None
        self._names: Mapping[int, Name] = {}

    def remember(self, outbox: Outbox) -> None:
        """Learn who passed this gate before the agent was started."""
        for passage in outbox.passages():
            self.gate.passed(passage.ticket, passage.presence, at=passage.at, scan_id=passage.scan_id, by="gate")

    def use(self, in_use: InUse | None) -> None:
        """Decide by this snapshot from now on."""
        self._names = in_use.names if in_use else {}
        if in_use is not None:
            # A snapshot was made in the past also where this device's clock says otherwise.
            self.time.at_least(in_use.snapshot.head.generated_at)
        self.gate.use(in_use.snapshot if in_use else None)

    def name_of(self, decision: Decision) -> Name | None:
        """Return the name that the display shows for a decision, if it is known."""
        return self._names.get(decision.ticket) if decision.ticket is not None else None

    def decide(self, tap: Tap, *, hub_seconds: float = 1.0) -> Decision:
        """Return the hub's decision, or this gate's own where no hub answers in time. Raises CannotDecide."""
        read_at = tap.monotonic_ns / 1e9
        again = self.gate.repeat_of(tap, read_at=read_at) if self.hub else None
        try:
            by_hub = self.hub.ask(tap, seconds=hub_seconds) if self.hub and again is None else None
        except HubAway as away:
            return replace(self.gate.decide(tap, read_at=read_at), alone=str(away))
        if by_hub is None:
            return self.gate.decide(tap, read_at=read_at)
        decision = _by_hub(tap, *by_hub)
        if tap.uid and decision.is_entry:
            self.gate.admitted(tap.uid, decision, read_at=read_at)
        return decision

    def stored(self, decision: Decision) -> None:
        """Have the others know of a decision that is on the disk now."""
        passage = self.passage_in(decision)
        if self.hub and passage and decision.via is None:
            self.hub.tell(passage)

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
        self.gate.passed(ticket, presence, at=at, scan_id=tap.scan_id, by="platform")
        if tap.uid and tap.boot_id == self.time.clock.boot_id and not answer.repeat and answer.conflict is None:
            self._note_admission(tap, tap.uid, answer, ticket, at)
        passage = Passage(ticket, presence, at, tap.scan_id)
        if self.hub:
            self.hub.tell(passage)
        return passage

    def _note_admission(self, tap: Tap, uid: str, answer: Answer, ticket: int, at: datetime) -> None:
        decision = Decision(
            scan_id=tap.scan_id,
            result="valid",
            reason=None,
            cursor="",
            at=at,
            kind="scan" if tap.kind == "count" else tap.kind,
            direction="exit" if tap.direction == "exit" else "entry",
            ticket=ticket,
            remaining=answer.remaining,
        )
        if decision.is_entry:
            self.gate.admitted(uid, decision, read_at=tap.monotonic_ns / 1e9)


def _by_hub(tap: Tap, via: str, answer: HubDecision) -> Decision:
    """Return a hub's answer as a decision of this gate."""
    first = answer.first_scan
    return Decision(
        scan_id=tap.scan_id,
        result=answer.result or "invalid",
        reason=answer.reason,
        cursor=answer.cursor or "",
        at=read_time(answer.decided_at) if answer.decided_at else tap.scanned_at,
        kind="scan" if tap.kind == "count" else tap.kind,
        direction="exit" if tap.direction == "exit" else "entry",
        ticket=int(answer.ticket, 16) if answer.ticket else None,
        remaining=answer.remaining,
        first_at=_moment(first.scanned_at) if first else None,
        first_gate=first.gate if first else None,
        repeat=answer.repeat,
        warning=answer.why,
        via=via,
    )


def _moment(text: str | None) -> datetime | None:
    try:
        return read_time(text) if text else None
    except ValueError:
        return None
