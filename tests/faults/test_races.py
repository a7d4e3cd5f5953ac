"""Concurrent scans while the table fails: each ticket is admitted once, and the histories are linearizable."""

import random
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable

import pytest

from chalicelib.domain.gate import checkin
from chalicelib.domain.gate.answers import ScanDecision
from chalicelib.domain.gate.readings import Caller, Reading
from chalicelib.domain.tickets import tickets
from chalicelib.errors import Unavailable
from chalicelib.table import operations
from chalicelib.table.items import Event, Ticket
from tests.faults import scenarios
from tests.faults.recount import assert_log_and_totals_are_true, items_of
from tests.support.sizes import size_of
from tests.support.streams import StreamReader
from tests.support.wire import IN_PROCESS, Fault, some, wire
from tests.truth.linearizability import Call, is_linearizable

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("test_races"), pytest.mark.timeout(900)]

TICKETS = size_of("FAULT_TICKETS", small=5, full=8)
CALLERS = 8
ONE_IN = 4
PATIENCE = 40
BEFALLING = (None, *some(*IN_PROCESS))

Show = Callable[[str], Reading]
History = list[tuple[Call, ScanDecision]]


def ways_to_show(ticket: Ticket) -> list[Show]:
    """Return how a ticket may be held to a reader, each as a reading to be given its scan id."""
    uid, code = scenarios.card_for(ticket), tickets.code(ticket)
    return [
        lambda scan_id: Reading(scan_id, ticket_id=ticket.ticket_id),
        lambda scan_id: Reading(scan_id, code=code),
        lambda scan_id: Reading(scan_id, uid=uid),
    ]


def scan_until_answered(caller: Caller, reading: Reading) -> ScanDecision:
    for _ in range(PATIENCE):
        try:
            return checkin.scan(caller, reading)
        except Unavailable:
            continue
    raise AssertionError(f"{PATIENCE} tries brought no answer")


def race(event_id: str, shown: list[list[Show]]) -> list[History]:
    """Scan each ticket by all callers at once, and repeat each scan; return a history per ticket."""
    histories: list[History] = [[] for _ in shown]
    faults: list[BaseException] = []
    together = threading.Barrier(CALLERS)

    def work(number: int) -> None:
        caller = Caller(id=f"ush_{number}", event_id=event_id, name=f"usher {number}")
        try:
            for history, ways in zip(histories, shown, strict=True):
                reading = ways[number % len(ways)](f"scn_{uuid.uuid4().hex}")
                together.wait(60)
                for _ in range(2):
                    began = time.monotonic()
                    answer = scan_until_answered(caller, reading)
                    call = Call(caller.name or "", began, time.monotonic(), answer.result == "valid", named(answer))
                    history.append((call, answer))
        except BaseException as fault:  # noqa: BLE001  # reported to the test, which runs in another thread
            faults.append(fault)
            together.abort()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    return histories


def named(answer: ScanDecision) -> str | None:
    """Return the admitted caller in a refusal. Each caller scans a ticket once, so the name identifies the scan."""
    return answer.first_scan.by if answer.first_scan else None


@pytest.mark.parametrize("fault", BEFALLING)
def test_a_crowd_admits_each_ticket_once_whatever_befalls_its_requests(
    fault: Fault | None, event: Event, stream: StreamReader
) -> None:
    shown = [ways_to_show(scenarios.issue(event.event_id)) for _ in range(TICKETS)]
    dice, guard = random.Random(f"{fault}"), threading.Lock()  # noqa: S311  # faults, no secrets

    def choose() -> Fault | None:
        with guard:
            return fault if dice.randrange(ONE_IN) == 0 else None

    operations.client.cache_clear()
    with wire(retries=False) as wired:
        wired.choose = choose
        histories = race(event.event_id, shown)

    for history in histories:
        calls = [call for call, _ in history]
        assert len({call.scan for call in calls if call.admitted}) == 1
        assert all(call.admitted or call.winner is not None for call in calls)
        assert is_linearizable(calls), calls
        answers = defaultdict(set)
        for call, answer in history:
            answers[call.scan].add(repr(answer))
        assert all(len(same) == 1 for same in answers.values())
    stream.drain()
    assert len(items_of(event.event_id, "scan")) == TICKETS * CALLERS
    assert_log_and_totals_are_true(event.event_id)
