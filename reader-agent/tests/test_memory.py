"""A gate runs for a season: what it remembers of taps has an end."""

import io
from collections import deque
from collections.abc import Mapping, Set
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from hub_double import EVENT, Party
from platform_double import Platform
from rich.console import Console
from test_hub_link import Passed

from reader_agent.clock import Clock
from reader_agent.delivery import Delivery
from reader_agent.display import Display
from reader_agent.gate import Gate
from reader_agent.hub.client import HubPlace
from reader_agent.hub.link import HubLink
from reader_agent.hub.tls import Member
from reader_agent.identity import Identity
from reader_agent.outbox import Outbox
from reader_agent.outcomes import Decided
from reader_agent.pace import Pace
from reader_agent.readers.debounce import Debounce
from reader_agent.server import Server
from reader_agent.standing import Standing
from reader_agent.tap import Tap
from reader_agent.wire import Decision

NOW = datetime(2026, 11, 28, 20, 0, tzinfo=UTC)


def held(root: object) -> int:
    """Count what an object of the agent holds: the members of each collection that is reached from it."""
    seen: set[int] = set()
    waiting: list[Any] = [root]
    count = 0
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(each, str | bytes | int | float | datetime | Path):
            continue
        seen.add(id(each))
        if isinstance(each, Mapping):
            count += len(each)
            waiting += [*each.keys(), *each.values()]
        elif isinstance(each, list | tuple | Set | deque):
            count += len(each)
            waiting += each
        elif type(each).__module__.startswith("reader_agent"):
            waiting.append(getattr(each, "__dict__", {}))
    return count


def tap(number: int) -> Tap:
    return Tap(scan_id=f"scn_{number}", scanned_at=NOW, boot_id="b", monotonic_ns=number, uid=f"04{number:012X}")


def test_a_day_of_taps_that_the_gate_decides_leaves_no_more_than_its_last_ones(tmp_path: Path) -> None:
    party = Party(tmp_path)
    gate, now = party.local_gate(party.hub_id), [0.0]
    debounce = Debounce(1.0, lambda: now[0])
    member = Member(EVENT, party.gates[0], party.keys[party.gates[0]])
    # A hub that was named and never answers.
    link = HubLink(
        gate,
        member=member,
        find=lambda: (HubPlace("127.0.0.1:9", party.hub_id), party.peers),
        passages=lambda: (),
        log=structlog.get_logger(),
    )
    counts = []
    for number in range(3_000):
        if number == 2_200:
            counts.append([held(each) for each in (gate, link, debounce)])
        now[0] += 2.0
        assert debounce.visit(tap(number).uid or "").value == "new"
        gate.decide(tap(number), read_at=now[0])
        link.tell(Passed(f"scn_{number}", number))
    counts.append([held(each) for each in (gate, link, debounce)])
    # Each tap of the 800 in between would be ten members or more.
    assert all(abs(later - earlier) < 800 for earlier, later in zip(*counts, strict=True)), counts


def test_kept_taps_that_were_admitted_or_rejected_late_are_forgotten(
    platform: Platform, state: Path, identity: Identity
) -> None:
    with (
        Outbox(identity.outbox_path(state)) as outbox,
        Server(platform.url, clock=Clock(), identity=identity) as server,
    ):
        gate: Gate
        delivery = Delivery(
            outbox,
            server,
            pace=Pace(),
            log=structlog.get_logger(),
            on_late=lambda entry, outcome: gate.decided_late(entry.tap, outcome),
            standing=Standing(on_alarm=lambda _message: None, on_all_clear=lambda: None),
        )
        display = Display(Console(file=io.StringIO()))
        gate = Gate(delivery, display, clock=Clock(), log=structlog.get_logger())
        counts = []
        for number in range(1_400):
            if number == 1_100:
                counts.append(held(gate))
            gate.decided_late(tap(number), Decided(Decision(scan_id=f"scn_{number}", result="valid")))
        counts.append(held(gate))
        assert counts[1] - counts[0] < 300, counts
        # Who taps again soon is still known.
        first = {"scanned_at": (NOW + timedelta(seconds=1)).isoformat(), "gate": "Gate 1", "by": "reader"}
        platform.tickets[tap(1_399).uid or ""] = first
        again = Decided(Decision.model_validate({"scan_id": "x", "result": "already_scanned", "first_scan": first}))
        assert gate._is_own_kept_tap(tap(1_399), again)
