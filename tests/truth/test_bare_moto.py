"""Why the races run on an exact engine: the same check catches moto, whose writes are not atomic under threads."""

import threading
import time
import uuid

import pytest

from bench import ground
from chalicelib.domain import checkin
from chalicelib.domain.readings import Caller, Reading
from tests.truth.linearizability import Call, is_linearizable

pytestmark = pytest.mark.usefixtures("moto_cloud")

CALLERS = 32
MOST_TICKETS = 500


def test_the_check_catches_double_admissions_on_bare_moto() -> None:
    event = ground.create_event()
    tickets = ground.fill(event, tickets=MOST_TICKETS)
    caught = next(
        (n for n, one in enumerate(tickets) if not is_linearizable(race(event.event_id, one.ticket_id))), None
    )
    assert caught is not None, f"moto admitted each of {MOST_TICKETS} tickets once; is it atomic now?"


def race(event_id: str, ticket_id: str) -> list[Call]:
    """Let many callers scan one ticket at once; return what they saw."""
    history: list[Call] = []
    together = threading.Barrier(CALLERS)

    def scan(number: int) -> None:
        scan_id = f"scn_{uuid.uuid4().hex}"
        together.wait()
        began = time.monotonic()
        decision = checkin.scan(Caller(id=f"ush_{number}", event_id=event_id), Reading(scan_id, ticket_id=ticket_id))
        history.append(Call(scan_id, began, time.monotonic(), admitted=decision.result == "valid"))

    threads = [threading.Thread(target=scan, args=(number,)) for number in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return history
