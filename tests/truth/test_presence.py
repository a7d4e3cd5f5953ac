"""Races at a gate on an exact engine: a leave, a return, and a family's card that is read many times at once."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from chalicelib.domain.gate import checkin, leaves
from chalicelib.domain.gate.answers import ScanDecision
from chalicelib.domain.gate.leaves import LeaveFilters
from chalicelib.domain.gate.readings import Caller, Reading
from chalicelib.domain.tickets import tickets
from chalicelib.errors import Unavailable
from chalicelib.table.items import Event, Ticket
from chalicelib.vocabulary.gate import LeaveStatus, Presence, ScanKind
from tests.support import engines
from tests.support.caches import forget_caches
from tests.support.factories import make_card, make_event, make_ticket, scan_id
from tests.support.later import later
from tests.support.sizes import size_of

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("truth"), pytest.mark.timeout(900)]

CALLERS = 32
ROUNDS = size_of("PRESENCE_ROUNDS", small=1, full=20)
_TRIES = 40


@pytest.fixture(scope="module", autouse=True)
def exact_cloud() -> Iterator[None]:
    with engines.cloud():
        forget_caches()
        yield
    forget_caches()


def gate(event: Event, number: int) -> Caller:
    return Caller(id=f"ush_{number}", event_id=event.event_id, name=f"usher {number}", gate="Gate 1")


def patiently(caller: Caller, reading: Reading) -> ScanDecision:
    """Scan until there is an answer, as an app does."""
    for _ in range(_TRIES):
        try:
            return checkin.scan(caller, reading)
        except Unavailable:
            continue
    raise AssertionError(f"{_TRIES} tries brought no answer")


def at_once(scans: Sequence[Callable[[], ScanDecision]]) -> list[ScanDecision]:
    together = Barrier(len(scans))

    def work(scan: Callable[[], ScanDecision]) -> ScanDecision:
        together.wait(60)
        return scan()

    with ThreadPoolExecutor(len(scans)) as threads:
        return list(threads.map(work, scans))


def race(event: Event, ticket: Ticket, kind: ScanKind) -> list[ScanDecision]:
    """Let each caller pass the ticket out, or back in, at the same moment."""
    return at_once(
        [
            lambda number=number: patiently(  # type: ignore[misc]  # a default binds the loop's number
                gate(event, number), Reading(scan_id(), ticket_id=ticket.ticket_id, kind=kind)
            )
            for number in range(CALLERS)
        ]
    )


@pytest.mark.parametrize("_round", range(ROUNDS))
def test_of_many_leaves_and_returns_at_once_one_passes_each_time(_round: int) -> None:
    event = make_event(re_entry_allowed=True)
    ticket = make_ticket(event)
    checkin.scan(gate(event, 0), Reading(scan_id(), ticket_id=ticket.ticket_id))

    for _ in range(2):
        out = race(event, ticket, ScanKind.LEAVE)
        assert tickets.get(ticket.ticket_id).presence == Presence.OUTSIDE
        back = race(event, ticket, ScanKind.RETURN)
        assert tickets.get(ticket.ticket_id).presence == Presence.INSIDE
        for answers in (out, back):
            assert Counter((answer.result, answer.reason) for answer in answers) == {
                ("valid", None): 1,
                ("invalid", "on_exit_not_inside"): CALLERS - 1,
            }

    listed = leaves.page(event.event_id, LeaveFilters(), caller_id="ush_0", page_size=20, cursor=None).results
    assert [shown.status for shown in listed] == [LeaveStatus.RETURNED] * 2


@pytest.mark.parametrize("_round", range(ROUNDS))
def test_a_leave_that_is_sent_many_times_at_once_leaves_once_with_one_answer(_round: int) -> None:
    event = make_event(re_entry_allowed=True)
    ticket = make_ticket(event)
    usher = gate(event, 0)
    checkin.scan(usher, Reading(scan_id(), ticket_id=ticket.ticket_id))
    leave = Reading(scan_id(), ticket_id=ticket.ticket_id, kind=ScanKind.LEAVE)

    answers = at_once([lambda: patiently(usher, leave)] * CALLERS)

    assert len(set(map(repr, answers))) == 1
    assert answers[0].result == "valid"


@pytest.mark.parametrize("re_entry_allowed", [False, True])
def test_of_many_readings_of_a_familys_card_by_one_caller_one_admits_and_the_others_repeat_it(
    re_entry_allowed: bool,
) -> None:
    event = make_event(re_entry_allowed=re_entry_allowed)
    family = [make_ticket(event) for _ in range(4)]
    card, reader = make_card(*family), gate(event, 0)

    for count in range(3):
        with later(count):
            answers = at_once([lambda: patiently(reader, Reading(scan_id(), uid=card.uid))] * CALLERS)
        assert Counter((answer.result, answer.repeat) for answer in answers) == {
            ("valid", False): 1,
            ("valid", True): CALLERS - 1,
        }
        assert {answer.ticket and answer.ticket.id for answer in answers} == {family[count].ticket_id}
        admitted = [ticket.ticket_id for ticket in family if tickets.get(ticket.ticket_id).admission is not None]
        assert admitted == [ticket.ticket_id for ticket in family[: count + 1]]
