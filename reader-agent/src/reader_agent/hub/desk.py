"""Where the hub decides: one tap after the other, each on the disk before its gate hears of it."""

import hashlib
import hmac
import sqlite3
import threading
import time
from collections.abc import Container, Sequence
from typing import Literal

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from reader_agent.clock import Clock, read_time, write_time
from reader_agent.failures import AgentError
from reader_agent.hub.journal import Journal
from reader_agent.hub.tls import Member, Peer
from reader_agent.hub.wire import HubDecision, HubState, HubTap, OwnPassage, Passage
from reader_agent.local_gate import CannotDecide, Decision, LocalGate
from reader_agent.tap import Tap
from reader_agent.wire import FirstScan

# A device that the hub has not heard for this long counts as away.
_AWAY_SECONDS = 15.0


class HubRefusal(AgentError):
    """A request that the hub does not take, with the status and the code of its answer."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class Desk:
    """Decides for all gates by one local gate. Safe for several threads."""

    def __init__(self, journal: Journal, gate: LocalGate, *, member: Member, clock: Clock) -> None:
        self.journal = journal
        self.device_id = member.device_id
        # When each device was heard last, by the monotonic clock.
        self.heard: dict[str, float] = {}
        self._gate = gate
        self._clock = clock
        self._lock = threading.Lock()
        # Who admitted the holder of a ticket last.
        self._entries: dict[str, Passage] = {}
        self._digest_key = HKDF(SHA256(), 32, None, b"gatehouse hub journal").derive(member.key.private_bytes_raw())
        self._remember_earlier_runs()

    def _remember_earlier_runs(self) -> None:
        sequence, known = self.journal.after(0)
        while known:
            # What this hub decided counts in its order, also where its clock was set back between two passages.
            self._learn(known, decided=self.journal.decided_here(known))
            sequence, known = self.journal.after(sequence)

    def decide(self, taps: Sequence[HubTap], peer: Peer) -> list[HubDecision]:
        """Return the decision on each tap of a device. A tap that was decided before gets its answer again."""
        self.heard[peer.device_id] = time.monotonic()
        try:
            return [self._decide(tap, peer) for tap in taps]
        except sqlite3.Error as error:
            raise _cannot_record(error) from None

    def _decide(self, tap: HubTap, peer: Peer) -> HubDecision:
        # What a gate knows of a tap is no part of it: a retry may come with other changes.
        said = tap.model_dump_json(exclude={"known"}).encode()
        digest = hmac.digest(self._digest_key, said, hashlib.sha256)
        with self._lock:
            before = self.journal.remembered(peer.device_id, tap.scan_id)
            if before:
                if not hmac.compare_digest(before.digest, digest):
                    raise HubRefusal(409, "SCAN_ID_REUSED", f"{tap.scan_id} was another tap before")
                return before.answer
            try:
                decided = self._gate.decide(self._tap(tap), caller=peer.device_id, known=tap.known)
            except CannotDecide as error:
                return HubDecision(scan_id=tap.scan_id, why=str(error))
            answer = self._answer(decided, peer)
            try:
                self.journal.record(peer.device_id, digest, answer)
            except sqlite3.Error:
                self._gate.undo(tap.scan_id, caller=peer.device_id)
                raise
            self._learn([answer.passage] if answer.passage else [])
        return answer

    def _tap(self, tap: HubTap) -> Tap:
        """Return a tap as the hub's gate takes it: it happens now, by the hub's clock."""
        return Tap(
            scan_id=tap.scan_id,
            scanned_at=self._clock.wall(),
            boot_id=self._clock.boot_id,
            monotonic_ns=self._clock.monotonic_ns(),
            uid=tap.uid.upper() if tap.uid else None,
            qr=tap.qr,
            sun=tap.sun,
            direction=tap.direction,
            kind=tap.kind,
        )

    def _answer(self, decided: Decision, peer: Peer) -> HubDecision:
        ticket = f"{decided.ticket:012x}" if decided.ticket is not None else None
        presence, passage = decided.presence_after, None
        if presence is not None and ticket is not None:
            passage = Passage(
                scan_id=decided.scan_id,
                device_id=peer.device_id,
                gate=peer.gate,
                ticket=ticket,
                presence=presence,
                at=write_time(decided.at),
            )
        first = None
        if decided.first_at is not None:
            entry = self._entries.get(ticket or "")
            first = FirstScan(scanned_at=write_time(decided.first_at), gate=entry.gate if entry else None)
        return HubDecision(
            scan_id=decided.scan_id,
            result=decided.result,
            reason=decided.reason,
            ticket=ticket,
            first_scan=first,
            remaining=decided.remaining,
            repeat=decided.repeat,
            decided_at=write_time(decided.at),
            cursor=decided.cursor,
            passage=passage,
            why=decided.warning,
        )

    def note(self, passages: Sequence[Passage], peer: Peer) -> int:
        """Learn what a device decided without the hub; return how many of these were new."""
        self.heard[peer.device_id] = time.monotonic()
        own = [passage.model_copy(update={"device_id": peer.device_id, "gate": peer.gate}) for passage in passages]
        try:
            with self._lock:
                fresh = self.journal.note(own)
                self._learn(fresh)
        except sqlite3.Error as error:
            raise _cannot_record(error) from None
        return len(fresh)

    def _learn(self, passages: Sequence[Passage], *, decided: Container[tuple[str, str]] = ()) -> None:
        for passage in passages:
            is_decided = (passage.device_id, passage.scan_id) in decided
            learn(self._gate, passage, by="gate" if is_decided else "others")
            if passage.presence == "inside":
                self._entries[passage.ticket] = passage

    def state(self, since: int, peer: Peer, *, wait: float = 0.0) -> HubState:
        """Return the passages after a number; with none yet, wait this many seconds for one."""
        self.heard[peer.device_id] = time.monotonic()
        if wait > 0:
            self.journal.wait_for_news(since, wait)
        sequence, passages = self.journal.after(since)
        return HubState(hub=self.device_id, journal=self.journal.name, sequence=sequence, passages=passages)

    def present(self) -> list[str]:
        """Return the devices that were heard a short time ago."""
        now = time.monotonic()
        return sorted(device for device, at in list(self.heard.items()) if now - at < _AWAY_SECONDS)


def learn(gate: LocalGate, passage: Passage, *, by: Literal["others", "gate"] = "others") -> None:
    """Have a gate know of a passage from now on; one that it knows already changes nothing.

    Those of others count by their times; one that followed all that is known here, by this call.
    """
    at = read_time(passage.at)
    gate.passed(int(passage.ticket, 16), passage.presence, at=at, scan_id=passage.scan_id, by=by)


def report_of(passage: OwnPassage, device_id: str) -> Passage:
    """Return a passage at a gate of its own as the others learn of it."""
    return Passage(
        scan_id=passage.scan_id,
        device_id=device_id,
        ticket=f"{passage.ticket:012x}",
        presence=passage.presence,
        at=write_time(passage.at),
    )


def _cannot_record(error: sqlite3.Error) -> HubRefusal:
    return HubRefusal(503, "HUB_CANNOT_RECORD", f"the hub cannot write to its disk: {error}")
