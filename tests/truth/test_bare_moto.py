"""Why the races run on an exact engine: the same check catches moto, whose writes are not atomic under threads.

Elsewhere requests to moto take turns (`tests/support/moto_turns.py`).
"""

import sys
import threading
import time
import uuid
from collections.abc import Iterator

import pytest

from chalicelib.domain.gate import checkin
from chalicelib.domain.gate.readings import Caller, Reading
from tests.support import ground, moto_turns
from tests.truth.linearizability import Call, is_linearizable

pytestmark = pytest.mark.usefixtures("moto_cloud")

CALLERS = 32
MOST_TICKETS = 200
# The local runner's own: at Python's usual 5 ms, a whole check and write of moto's mostly fit into one turn.
SWITCH_SECONDS = 0.0005


@pytest.fixture(autouse=True)
def _short_turns() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    with moto_turns.none():
        yield
    sys.setswitchinterval(before)


def test_the_check_catches_double_admissions_on_bare_moto() -> None:
    event = ground.create_event()
    for one in ground.fill(event, tickets=MOST_TICKETS):
        history = race(event.event_id, one.ticket_id)
        if len({call.scan for call in history if call.admitted}) > 1:
            assert not is_linearizable(history)
            return
    raise AssertionError(f"moto admitted each of {MOST_TICKETS} tickets once; is it atomic now?")


def race(event_id: str, ticket_id: str) -> list[Call]:
    """Scan one ticket by many callers at once; return their answers."""
    history: list[Call] = []
    together = threading.Barrier(CALLERS)

    def scan(number: int) -> None:
        scan_id = f"scn_{uuid.uuid4().hex}"
        together.wait()
        began = time.monotonic()
        try:
            decision = checkin.scan(
                Caller(id=f"ush_{number}", event_id=event_id), Reading(scan_id, ticket_id=ticket_id)
            )
        except RuntimeError:
            return  # moto's own: its tables change while it walks through them
        history.append(Call(scan_id, began, time.monotonic(), admitted=decision.result == "valid"))

    threads = [threading.Thread(target=scan, args=(number,)) for number in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return history
