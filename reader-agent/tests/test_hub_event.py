"""An event whose internet is gone: four gates and a hub of its own process, which is killed half-way.

`READER_HUB_TICKETS=1000` is the full size.
"""

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import snapshot_double as double
from conftest import WorkingAgent, wait_until
from hub_double import Wire
from platform_double import Fault, Platform
from snapshot_double import CardRow, TicketRow
from ulid import ULID

from reader_agent import enrolment
from reader_agent.agent import RUNTIME
from reader_agent.hub.link import HubLink
from reader_agent.identity import Identity, read_json
from reader_agent.outcomes import Decided, DecidedHere
from reader_agent.readers import Card
from reader_agent.settings import Settings
from reader_agent.simulator import Air

TAPS = "/api/device/taps/"
TICKETS = int(os.environ.get("READER_HUB_TICKETS", "60"))
GATES = 4


@dataclass
class Shown:
    """What the gates showed, by ticket: the gate, the result, and the hub that decided."""

    by_ticket: dict[int, list[tuple[int, str, str | None]]] = field(default_factory=lambda: defaultdict(list))
    slowest: float = 0.0

    def admitted(self, ticket: int) -> int:
        return sum(result == "valid" for _, result, _ in self.by_ticket[ticket])


class Event:
    """A platform, a hub and gates that are enrolled with it, and cards with a ticket each."""

    def __init__(self, platform: Platform, folder: Path, tickets: int) -> None:
        self.platform, self.folder = platform, folder
        self.tickets = [TicketRow(ULID()) for _ in range(tickets)]
        self.cards = [CardRow(f"04{number:012X}", (ticket,)) for number, ticket in enumerate(self.tickets)]
        for card in self.cards:
            platform.tickets[card.uid] = None
            platform.ticket_ids[card.uid] = card.tickets[0].id
        self.hub, *self.gates = [self._enroll(name) for name in ("hub", *map(str, range(GATES)))]
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port: int = probe.getsockname()[1]
        platform.snapshots[None] = self._snapshot

    def _enroll(self, name: str) -> Identity:
        return enrolment.enroll(
            self.folder / name, server=self.platform.url, code=self.platform.provision(), name=name, replace=False
        )

    def _snapshot(self, device_id: str) -> bytes:
        return double.make(
            self.platform.signer,
            self.tickets,
            self.cards,
            now=datetime.now(UTC),
            device_id=device_id,
            peers=[{"device_id": one, "gate": one[-1], "public_key": key} for one, key in self.platform.keys.items()],
            hub={"device_id": self.hub.device_id, "address": f"127.0.0.1:{self.port}"},
        )

    @contextmanager
    def hub_process(self) -> Iterator[subprocess.Popen[bytes]]:
        command = [sys.executable, "-m", "reader_agent", "run", "--hub", "--hub-listen", f"127.0.0.1:{self.port}"]
        command += ["--state", str(self.folder / "hub"), "--reader", "serial:/dev/no-such-line"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
            try:
                yield running
            finally:
                running.kill()

    @contextmanager
    def agents(self) -> Iterator[list[WorkingAgent]]:
        with ExitStack() as stack:
            air = stack.enter_context(Air())
            settings: dict[str, Any] = {"reader": "serial:/dev/no-such-line", "sound": "off", "online_seconds": 10.0}
            yield [
                stack.enter_context(
                    WorkingAgent(Settings(state_dir=self.folder / str(number), **settings), identity, air)
                )
                for number, identity in enumerate(self.gates)
            ]

    def tap(self, agents: list[WorkingAgent], taps: list[tuple[int, int]], shown: Shown) -> None:
        """Tap the cards (gate, ticket), each gate in a thread of its own."""

        def at(gate: int) -> None:
            for number, ticket in taps:
                if number != gate:
                    continue
                began = time.monotonic()
                outcome = agents[gate].agent.gate.tapped(Card(uid=self.cards[ticket].uid, kind="test", sun=None))
                shown.slowest = max(shown.slowest, time.monotonic() - began)
                assert isinstance(outcome, DecidedHere), outcome
                shown.by_ticket[ticket].append((gate, outcome.decision.result, outcome.decision.via))

        threads = [threading.Thread(target=at, args=(gate,)) for gate in range(GATES)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def is_up(agent: WorkingAgent) -> Callable[[], bool]:
    return lambda: agent.agent.hub.is_up


def has_sent(agent: WorkingAgent) -> Callable[[], bool]:
    return lambda: agent.agent.outbox.depth() == 0


@pytest.mark.timeout(600)
def test_four_gates_without_the_internet_and_a_hub_that_is_killed_half_way(platform: Platform, tmp_path: Path) -> None:
    event = Event(platform, tmp_path, TICKETS)
    chance = random.Random(13)  # noqa: S311  # no secret
    taps = [(gate, ticket) for ticket in range(TICKETS) for gate in chance.sample(range(GATES), 2)]
    chance.shuffle(taps)
    early, late = taps[:TICKETS], taps[TICKETS:]
    with_hub, alone = Shown(), Shown()
    with event.hub_process() as hub, event.agents() as agents:
        for agent in agents:
            wait_until(is_up(agent))
        wait_until(lambda: bool(read_json(tmp_path / "hub" / RUNTIME)))
        platform.down()
        event.tap(agents, early, with_hub)

        # Every second tap was refused, and the hub decided all.
        assert {via for shown in with_hub.by_ticket.values() for _, _, via in shown} == {event.hub.device_id}
        assert [ticket for ticket in with_hub.by_ticket if with_hub.admitted(ticket) != 1] == []

        last = len(with_hub.by_ticket)
        wait_until(lambda: all(agent.agent.hub.facts()["sequence"] == last for agent in agents))
        hub.send_signal(signal.SIGKILL)
        hub.wait()
        event.tap(agents, late, alone)

        # Nobody who was inside comes in again, and the gates say that they are alone.
        assert {via for shown in alone.by_ticket.values() for _, _, via in shown} == {None}
        assert alone.slowest < 25.0  # 1.5 s, and a busy machine
        assert [ticket for ticket in with_hub.by_ticket if alone.admitted(ticket)] == []
        for agent in agents:
            assert "ADMITTED, DECIDED BY THE HUB" in agent.screen.getvalue()
            assert "DECIDED HERE" in agent.screen.getvalue()
        # Of tickets that came after the cut only, each gate admits one: the conflicts that the cut allowed.
        twice = [
            ticket for ticket in alone.by_ticket if ticket not in with_hub.by_ticket and alone.admitted(ticket) == 2
        ]
        assert all(alone.admitted(ticket) >= 1 for ticket in alone.by_ticket if ticket not in with_hub.by_ticket)

        platform.up()
        for agent in agents:
            wait_until(has_sent(agent))
        sent = [entry for agent in agents for entry in agent.agent.outbox.entries()]
        numbers = [sorted(entry.sequence for entry in agent.agent.outbox.entries()) for agent in agents]

    received = {record["scan_id"]: record for record in platform.received}
    assert len(platform.received) == len(received) == len(taps)
    assert {entry.tap.scan_id for entry in sent} == set(received)
    assert [list(range(1, len(each) + 1)) for each in numbers] == numbers
    assert all(received[entry.tap.scan_id]["seq"] == entry.sequence for entry in sent)
    vias = Counter(record.get("via") for record in received.values())
    assert vias == {event.hub.device_id: len(early), None: len(late)}
    assert all(platform.tickets[card.uid] for card in event.cards)
    conflicts = [answer for answer in platform.answers.values() if answer["status"] == "conflict"]
    assert len(conflicts) == len(twice)


def test_the_hub_decides_at_its_own_gate_and_a_gate_behind_the_internet_tells_it(
    platform: Platform, tmp_path: Path
) -> None:
    """What the platform or the hub's own gate admitted, the other gates refuse too."""
    event = Event(platform, tmp_path, 3)
    with ExitStack() as stack:
        air = stack.enter_context(Air())
        common: dict[str, Any] = {"reader": "serial:/dev/no-such-line", "sound": "off", "online_seconds": 10.0}
        settings = Settings(state_dir=tmp_path / "hub", hub=True, hub_listen=f"127.0.0.1:{event.port}", **common)
        hub = stack.enter_context(WorkingAgent(settings, event.hub, air))
        agents = stack.enter_context(event.agents())
        for agent in agents:
            wait_until(is_up(agent))
        online = agents[0].agent.gate.tapped(Card(uid=event.cards[0].uid, kind="test", sun=None))
        assert isinstance(online, Decided)
        assert online.decision.admitted
        wait_until(lambda: hub.agent.hub.facts()["sequence"] == 1)
        for agent in (hub, agents[2]):
            agent.agent.heartbeat.beat()
        sent = [(beat.get("hub"), beat.get("hub_address")) for beat in platform.heartbeats[-2:]]
        assert sent == [(event.hub.device_id, f"127.0.0.1:{event.port}"), (event.hub.device_id, None)]
        platform.down()
        own = hub.agent.gate.tapped(Card(uid=event.cards[1].uid, kind="test", sun=None))
        assert isinstance(own, DecidedHere)
        assert (own.decision.result, own.decision.via) == ("valid", None)
        for number in (0, 1):
            other = agents[1].agent.gate.tapped(Card(uid=event.cards[number].uid, kind="test", sun=None))
            assert isinstance(other, DecidedHere)
            assert (other.decision.result, other.decision.via) == ("already_scanned", event.hub.device_id)
        assert "ALREADY SCANNED, DECIDED BY THE HUB" in agents[1].screen.getvalue()
        facts = hub.agent.snapshot()["hub"]
        assert facts["role"] == "hub"
        assert facts["decisions"] == 2
        assert facts["devices"] == [gate.device_id for gate in event.gates]
        assert facts["address"] == f"127.0.0.1:{event.port}"
        link = agents[1].agent.hub
        assert isinstance(link, HubLink)
        assert link.facts()["device_id"] == event.hub.device_id
        assert (tmp_path / "1" / "hub.json").exists()
        assert not (tmp_path / "hub" / "hub.json").exists()


def test_a_switch_that_dies_takes_platform_and_hub_at_once_and_one_person_waits_a_second_and_a_half(
    platform: Platform, tmp_path: Path
) -> None:
    event = Event(platform, tmp_path, 2)
    listens = event.port
    wire = Wire(listens)
    event.port = wire.port
    with ExitStack() as stack:
        stack.callback(wire.close)
        air = stack.enter_context(Air())
        common: dict[str, Any] = {"reader": "serial:/dev/no-such-line", "sound": "off", "online_seconds": 1.0}
        settings = Settings(state_dir=tmp_path / "hub", hub=True, hub_listen=f"127.0.0.1:{listens}", **common)
        stack.enter_context(WorkingAgent(settings, event.hub, air))
        gate = stack.enter_context(WorkingAgent(Settings(state_dir=tmp_path / "0", **common), event.gates[0], air))
        wait_until(is_up(gate))
        wire.hold()
        platform.always[TAPS] = Fault(delay=50.0)
        began = time.monotonic()
        outcome = gate.agent.gate.tapped(Card(uid=event.cards[0].uid, kind="test", sun=None))
        assert time.monotonic() - began < 25.0  # 1.5 s, and a busy machine
        assert isinstance(outcome, DecidedHere)
        assert (outcome.decision.result, outcome.decision.via) == ("valid", None)
        assert outcome.why.count("did not answer within") == 2
        assert not gate.agent.hub.is_up
