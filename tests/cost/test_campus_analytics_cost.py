"""What figures of attendance cost: the same for an event with many records as for one with few.

`CAMPUS_FIGURES=100000` for the full size. Requests include the query of the guard.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from chalicelib import clock
from chalicelib.domain.campus.analytics import attendance_counts, figures_of_all
from chalicelib.domain.campus.analytics.attendance_counts import CountedSubject
from chalicelib.table.items import Account
from chalicelib.vocabulary.campus import CampusRole
from infra.local.meter import Meter
from tests.support import engines
from tests.support.attended import attend
from tests.support.caches import forget_caches
from tests.support.campus import make_campus, make_campus_event, make_campus_user, token_of
from tests.support.client import call
from tests.support.sizes import size_of
from tests.support.streams import StreamReader

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("cost"), pytest.mark.timeout(1500)]

SMALL, LARGE = 10, size_of("CAMPUS_FIGURES", small=100, full=2_000)
Usage = tuple[float, float]
_HISTOGRAMS = ("attendance-hourly", "verification-time", "department-comparison", "weekly-pattern")


@pytest.fixture(scope="module")
def usage() -> Iterator[dict[int, dict[str, Usage]]]:
    """Requests and read units of each view, by how many records its one event has."""
    meter = Meter().attach()
    try:
        with engines.cloud():
            forget_caches()
            found = {size: _usage(meter, size) for size in (SMALL, LARGE)}
            yield found
    finally:
        meter.detach()
        forget_caches()


def _usage(meter: Meter, size: int) -> dict[str, Usage]:
    campus, stream = make_campus(), StreamReader()
    people = {role: make_campus_user(campus, role=role) for role in CampusRole}
    event = make_campus_event(campus, people[CampusRole.ORGANIZER])
    now = clock.now()
    stream.skip()
    attendance_counts.count([], [event.event_id])
    records = [
        attend(event, f"usr_{number}" if number else people[CampusRole.STUDENT], submitted_at=now, seconds=number % 10)
        for number in range(size)
    ]
    attendance_counts.count([CountedSubject(each.event_id, each.attendance_id, each.user_id) for each in records])
    # Events of another campus, which expect others on the same day.
    there, rule = make_campus(), {"department": "Botany"}
    others = [make_campus_event(there, people[CampusRole.ADMIN], expected=rule) for _ in records]
    attendance_counts.count([], [each.event_id for each in others])
    figures_of_all.make()
    pages: dict[str, tuple[Account, str]] = {
        "event": (people[CampusRole.ORGANIZER], f"events/{event.event_id}/analytics/"),
        "live": (people[CampusRole.ORGANIZER], f"analytics/realtime/{event.event_id}/"),
        **{
            name: (people[CampusRole.ADMIN], f"analytics/{name}/?campus_id={campus.campus_id}")
            for name in ("attendance-trends", "department-summary", "anomaly-detection")
        },
        **{f"dashboard of {role}": (person, "analytics/dashboard/") for role, person in people.items()},
        **{
            f"{name} of {role}": (people[role], f"analytics/histograms/{name}/?campus_id={campus.campus_id}")
            for name in _HISTOGRAMS
            for role in (CampusRole.ADMIN, CampusRole.ORGANIZER)
        },
    }
    return {name: _used(meter, *page) for name, page in pages.items()}


def _used(meter: Meter, caller: Account, path: str) -> Usage:
    token = token_of(caller)
    forget_caches()
    with clock.set_to(clock.now() + timedelta(seconds=1)):
        return _measured(meter, lambda: call("GET", f"/api/campus/{path}", token=token).status)


def _measured(meter: Meter, act: Callable[[], int]) -> Usage:
    """Return the requests and the read units of a request that succeeds."""
    meter.reset()
    with meter.request("page"):
        assert act() == 200
    report = meter.report()["requests"]["page"]
    return report["dynamodb_requests"], report["read_units"]


def test_a_view_costs_the_same_however_many_records_there_are(usage: dict[int, dict[str, Usage]]) -> None:
    assert {name: used[0] for name, used in usage[LARGE].items()} == {
        name: used[0] for name, used in usage[SMALL].items()
    }
    for name, (_, read_units) in usage[LARGE].items():
        assert read_units <= usage[SMALL][name][1] + 0.5, name


def test_a_view_makes_few_requests_with_the_guards_own(usage: dict[int, dict[str, Usage]]) -> None:
    requests = {name: used[0] for name, used in usage[LARGE].items()}
    # Anomalies read the flagged records and the newest events beside the figures.
    more = {"anomaly-detection": 4}
    assert {name: count for name, count in requests.items() if count > more.get(name, 3)} == {}
