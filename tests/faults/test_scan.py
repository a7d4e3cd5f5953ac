"""A scan whose every request may fail: nothing is admitted twice, nothing lost, and a repeat gets one answer."""

import pytest

from chalicelib.domain.access import lock_outs
from chalicelib.domain.gate import checkin
from chalicelib.domain.gate.answers import ScanDecision
from chalicelib.errors import Unavailable
from chalicelib.table import operations
from chalicelib.table.items import Event
from tests.faults import dying, scenarios
from tests.faults.recount import assert_log_and_totals_are_true, items_of
from tests.faults.scenarios import Scenario
from tests.support.caches import forget_caches
from tests.support.children import exit_code
from tests.support.streams import StreamReader
from tests.support.wire import IN_PROCESS, Fault, befall, befallings, requests_of, wire

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("test_scan")]


def scan_requests(scenario: Scenario) -> int:
    """Return how many requests a scan of this kind sends, the event's own included."""
    lock_outs.forget()
    return requests_of(lambda: checkin.scan(scenario.caller, scenario.reading))


def scan_until_answered(scenario: Scenario) -> ScanDecision:
    """Send the scan again, as a scanner without an answer does, and a third time to check that the answer is stable."""
    answer = checkin.scan(scenario.caller, scenario.reading)
    assert checkin.scan(scenario.caller, scenario.reading) == answer
    return answer


@pytest.mark.parametrize("kind", scenarios.ALL)
def test_whichever_request_fails_the_scan_is_decided_and_logged_once(
    kind: str, event: Event, stream: StreamReader
) -> None:
    make = scenarios.ALL[kind]
    befallen = []
    for place, fault in befallings(scan_requests(make(event.event_id)), IN_PROCESS):
        scenario = make(event.event_id)
        lock_outs.forget()
        befall(lambda: checkin.scan(scenario.caller, scenario.reading), place, fault)  # noqa: B023  # done before the next
        befallen.append((place, fault, scenario, scan_until_answered(scenario)))

    stream.drain()
    scans = items_of(event.event_id, "scan")
    for place, fault, scenario, answer in befallen:
        assert answer.result == scenario.result, (place, fault, answer)
        logged = [scan for scan in scans if scan["scan_id"] == scenario.reading.scan_id]
        assert [scan["log_id"] for scan in logged] == [answer.log_id], (place, fault)
        assert logged[0]["result"] == scenario.result
    assert_log_and_totals_are_true(event.event_id)


@pytest.mark.parametrize("kind", ["by_card", "contested", "leaving"])
def test_the_sdks_own_retry_after_a_lost_answer_changes_nothing(kind: str, event: Event, stream: StreamReader) -> None:
    make = scenarios.ALL[kind]
    for place in range(scan_requests(make(event.event_id))):
        scenario = make(event.event_id)
        lock_outs.forget()
        operations.client.cache_clear()
        with wire(retries=True) as wired:
            wired.faults[place] = Fault.ANSWER_LOST
            assert checkin.scan(scenario.caller, scenario.reading).result == scenario.result, place
        assert scan_until_answered(scenario).result == scenario.result
    stream.drain()
    assert_log_and_totals_are_true(event.event_id)


def test_a_throttled_table_is_told_as_unavailable_and_a_retry_is_decided(event: Event, stream: StreamReader) -> None:
    scenario = scenarios.by_card(event.event_id)
    operations.client.cache_clear()
    with wire(retries=True) as wired:
        wired.faults = dict.fromkeys(range(8), Fault.THROTTLED)
        with pytest.raises(Unavailable) as refused:
            checkin.scan(scenario.caller, scenario.reading)
    assert refused.value.retry_after == 1
    assert scan_until_answered(scenario).result == "valid"
    stream.drain()
    assert_log_and_totals_are_true(event.event_id)


@pytest.mark.parametrize("fault", [Fault.KILLED_BEFORE, Fault.KILLED_AFTER])
@pytest.mark.parametrize("kind", ["by_code", "by_secure_card", "contested"])
def test_a_process_killed_around_any_write_leaves_nothing_half_done(
    kind: str, fault: Fault, event: Event, stream: StreamReader
) -> None:
    make = scenarios.ALL[kind]
    last = scan_requests(make(event.event_id)) - 1
    scenario = make(event.event_id)
    assert exit_code(dying.scan, scenario.caller, scenario.reading, last, fault) == 137
    forget_caches()  # another process takes over
    assert scan_until_answered(scenario).result == "valid"
    stream.drain()
    assert [
        scan["result"] for scan in items_of(event.event_id, "scan") if scan["scan_id"] == scenario.reading.scan_id
    ] == ["valid"]
    assert_log_and_totals_are_true(event.event_id)
