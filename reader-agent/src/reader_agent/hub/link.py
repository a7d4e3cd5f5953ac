"""An agent's tie to its hub: people are decided there, passages come and go in a thread of its own.

The thread asks for news all the time, so it knows within a second whether the hub is there: without a hub nobody waits
for it. It also reports what this gate decided without the hub, by the platform or alone.
"""

import random
import sqlite3
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from reader_agent.failures import ServerError, TryLater
from reader_agent.hub import wire
from reader_agent.hub.client import HubClient, HubPlace
from reader_agent.hub.desk import learn, report_of
from reader_agent.hub.journal import Journal
from reader_agent.hub.neighbours import HubAway
from reader_agent.hub.tls import Member, Peer
from reader_agent.hub.wire import MOST_PASSAGES, HubDecision, OwnPassage
from reader_agent.local_gate import LocalGate
from reader_agent.tap import Tap

_WAIT_FOR_NEWS = 1
# Also the time after which a hub that fell silent is away, less the time since its last word.
_NEWS_SECONDS = _WAIT_FOR_NEWS + 1.0
_RETRY_SECONDS = 0.5
_MOST_REMEMBERED = 2_000


class HubLink:
    """The tie of one agent to one hub. Safe for several threads."""

    def __init__(
        self,
        gate: LocalGate,
        *,
        member: Member,
        find: Callable[[], tuple[HubPlace | None, Sequence[Peer]]],
        passages: Callable[[], Sequence[OwnPassage]],
        log: structlog.stdlib.BoundLogger,
        memory: Journal | None = None,
    ) -> None:
        """Make the tie; `find` returns where the hub is and the event's devices, `passages` those of this gate.

        `memory` keeps what the hub sent, so that a gate that starts again without a hub knows it.
        """
        self.last_error: str | None = None
        self._gate = gate
        self._member = member
        self._find, self._passages = find, passages
        self._log = log
        self._lock = threading.Lock()
        self._client: HubClient | None = None
        self._made_for: tuple[HubPlace | None, tuple[Peer, ...]] = (None, ())
        self._is_up = False
        self._hub, self._journal, self._sequence = "", "", 0
        self._to_report: deque[OwnPassage] = deque()
        # This gate's own passages that the hub has: the answer to one of them may have been lost on the way.
        self._own: OrderedDict[str, wire.Passage] = OrderedDict()
        self._memory = memory
        self._to_keep: deque[wire.Passage] = deque()
        self._remember()
        self._stop = threading.Event()
        self._thread = self._make_thread()

    def _make_thread(self) -> threading.Thread:
        return threading.Thread(target=self._run, name="hub link", daemon=True)

    def _remember(self) -> None:
        sequence, known = self._memory.after(0) if self._memory else (0, [])
        while self._memory and known:
            self._learn(known)
            sequence, known = self._memory.after(sequence)
        self._to_keep.clear()

    def _keep(self) -> None:
        """Put the news on the disk, once a second: a commit for each passage would wear out a card."""
        batch = list(self._to_keep)
        if self._memory is None or not batch:
            return
        try:
            self._memory.note(batch)
        except sqlite3.Error as error:
            self._log.warning("hub's news not kept", error=str(error))
            return
        for _ in batch:
            self._to_keep.popleft()

    def start(self) -> None:
        """Begin to ask for news."""
        self._thread.start()

    def ensure(self) -> None:
        """Keep the news, and start the thread again where it died."""
        self._keep()
        if self._thread.ident and not self._thread.is_alive() and not self._stop.is_set():
            self._log.error("thread died", thread="hub link")
            self._thread = self._make_thread()
            self._thread.start()

    def stop(self) -> None:
        """Ask no more."""
        self._stop.set()
        with self._lock:
            client, self._client = self._client, None
        if client:
            client.close()
        if self._thread.ident:
            self._thread.join(timeout=_NEWS_SECONDS)
        self._keep()
        if self._memory:
            self._memory.close()

    @property
    def is_up(self) -> bool:
        """Return whether the hub answered last."""
        return self._is_up

    def facts(self) -> dict[str, Any]:
        """Return what `status` shows."""
        place = self._made_for[0]
        return {
            "role": "agent",
            "address": place.address if place else None,
            "device_id": (place.device_id or self._hub or None) if place else None,
            "up": self._is_up,
            "sequence": self._sequence,
            "unreported": len(self._to_report),
            "last_error": self.last_error,
        }

    def ask(self, tap: Tap, *, seconds: float) -> tuple[str, HubDecision] | None:
        """Return the hub's device and its decision, None without a hub. Raises HubAway: the gate decides alone."""
        with self._lock:
            client = self._client
        if client is None and self._made_for[0] is None:
            return None
        if client is None or not self._is_up:
            raise HubAway(self.last_error or "the hub does not answer")
        try:
            via, decision = client.decide(tap, seconds=seconds, known=self._gate.excerpt(tap))
        except HubAway:
            raise
        except TryLater as error:
            self._away(str(error))
            with self._lock:
                admitted = self._own.get(tap.scan_id)
            if admitted is None:
                raise HubAway(str(error)) from None
            via = self._hub
            # Its answer was lost, but the news had it.
            decision = HubDecision(scan_id=tap.scan_id, result="valid", decided_at=admitted.at, passage=admitted)
            if decision.passage:
                learn(self._gate, decision.passage)
            return via, decision
        if decision.passage:
            # It was decided a moment ago, also where the hub's clock is behind.
            learn(self._gate, decision.passage, by="gate")
        return via, decision

    def tell(self, passage: OwnPassage) -> None:
        """Have the hub know of a passage that this gate decided without it."""
        self._to_report.append(passage)
        if len(self._to_report) > _MOST_REMEMBERED:
            # A hub that is gone for good must not fill the memory: one that comes back gets all from the outbox.
            self._to_report.popleft()
            self._journal = ""

    def _away(self, why: str) -> None:
        if self._is_up:
            self._log.warning("hub away", error=why)
        self._is_up, self.last_error = False, why

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                pause = self._step()
            except Exception as error:  # noqa: BLE001  # logged in full; the gate decides alone meanwhile
                if self._stop.is_set():
                    return  # the outbox may be closed by now
                self._log.exception("hub link failed", error=str(error))
                self._away(f"{type(error).__name__}: {error}")
                pause = _RETRY_SECONDS
            self._stop.wait(pause)

    def _step(self) -> float:
        """Report and ask for news once; return the pause after it in seconds."""
        client = self._present_client()
        if client is None:
            return _RETRY_SECONDS
        try:
            self._news(client)
            self._report(client)
        except ServerError as error:
            self._away(str(error))
            # Not all agents at once.
            return random.uniform(0.5, 1.0) * _RETRY_SECONDS  # noqa: S311 # nosec B311  # jitter, no secret
        if not self._is_up:
            self._log.info("hub reached", hub=client.place.address)
        self._is_up, self.last_error = True, None
        return 0.0

    def _present_client(self) -> HubClient | None:
        place, peers = self._find()
        hubs = (each for each in peers if place and place.device_id in (None, each.device_id))
        wanted = place, tuple(hubs)
        if wanted == self._made_for:
            return self._client
        made = None
        if place is not None and not wanted[1]:
            self._away("the snapshot does not list the hub's device")
        elif place is not None:
            made = HubClient(place, member=self._member, peers=wanted[1])
        with self._lock:
            if self._stop.is_set():
                return None
            before, self._client = self._client, made
        if before:
            before.close()
        if self._made_for[0] != place:
            self._journal, self._sequence, self._is_up = "", 0, False
        self._made_for = wanted
        return made

    def _news(self, client: HubClient) -> None:
        wait = _WAIT_FOR_NEWS if self._is_up and not self._to_report else 0
        state = client.state(self._sequence, wait=wait, seconds=_NEWS_SECONDS)
        if state.journal != self._journal:
            # Another journal knows nothing of this gate yet, and has numbers of its own. What waits goes on waiting: it
            # may not be on the disk yet, and a hub notes each passage once.
            self._to_report.extend(self._passages())
            self._hub, self._journal, self._sequence = state.hub, state.journal, 0
            state = client.state(0, wait=0, seconds=_NEWS_SECONDS)
        while state.passages:
            self._learn(state.passages)
            self._sequence = state.sequence
            if len(state.passages) < MOST_PASSAGES:
                return
            state = client.state(self._sequence, wait=0, seconds=_NEWS_SECONDS)

    def _learn(self, passages: Sequence[wire.Passage]) -> None:
        for passage in passages:
            if passage.device_id == self._member.device_id:
                with self._lock:
                    self._own[passage.scan_id] = passage
                    if len(self._own) > _MOST_REMEMBERED:
                        self._own.popitem(last=False)
            learn(self._gate, passage)
            if self._memory:
                self._to_keep.append(passage)

    def _report(self, client: HubClient) -> None:
        while self._to_report:
            batch = list(self._to_report)[:MOST_PASSAGES]
            noted = client.report([report_of(each, self._member.device_id) for each in batch], seconds=_NEWS_SECONDS)
            if noted.journal != self._journal:
                return  # the hub began again meanwhile: the next news say so
            for _ in batch:
                self._to_report.popleft()
