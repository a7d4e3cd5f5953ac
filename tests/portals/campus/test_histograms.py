"""Histograms: they equal the lists in any order of the stream, in the event's time zone, each role's own.

`CAMPUS_RECORDS=20000` for the full size.
"""

import random
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chalicelib import clock
from chalicelib.domain.background.changes import change_of
from chalicelib.domain.campus.analytics import attendance_counts, seconds_bins
from chalicelib.table import operations
from chalicelib.table.items import Account, AttendanceRecord, Campus, CampusEvent
from chalicelib.vocabulary.campus import AttendanceStatus, CampusRole, EvidenceFlag, VerificationStatus
from tests.support import sweeps
from tests.support.attended import attend, correct
from tests.support.campus import campus_of, make_campus, make_campus_event, make_campus_user, token_of
from tests.support.client import call
from tests.support.factories import at
from tests.support.sizes import size_of
from tests.support.streams import StreamReader

pytestmark = [pytest.mark.usefixtures("moto_cloud"), pytest.mark.timeout(1500)]
NOW = at("2026-11-27T10:05:30Z")
RECORDS = size_of("CAMPUS_RECORDS", small=40, full=20_000)
DEPARTMENTS = ("Physics", "Chemistry")
DAYS = size_of("CAMPUS_DAYS", small=2, full=6)
WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
NAMES = ("attendance-hourly", "verification-time", "department-comparison", "weekly-pattern")


def show(caller: Account, name: str, **query: Any) -> Any:
    asked = "&".join(f"{key}={value}" for key, value in {"days": 7, **query}.items())
    answer = call("GET", f"/api/campus/analytics/histograms/{name}/?{asked}", token=token_of(caller))
    assert answer.status == 200, answer.text
    return answer.json


def bars(caller: Account, name: str, **query: Any) -> dict[str, int]:
    """The bars of a histogram that are not empty."""
    found = show(caller, name, **query)
    assert found["total_samples"] == sum(found["values"])
    return {label: value for label, value in zip(found["labels"], found["values"], strict=True) if value}


def test_the_bars_equal_the_records_after_corrections_erasures_and_a_stream_that_repeats_and_reorders() -> None:
    dice = random.Random(20261127)  # noqa: S311  # a repeatable test
    campus, stream = make_campus(timezone="Asia/Karachi"), StreamReader()
    organizer = make_campus_user(campus, role=CampusRole.ORGANIZER)
    with clock.set_to(NOW):
        events = [make_campus_event(campus, organizer) for _ in range(2)]
        stream.skip()
        records = [_random(dice, dice.choice(events), number) for number in range(RECORDS)]
        for record in dice.sample(records, RECORDS // 3):
            correct(record, **_correction(dice))
        _deliver(dice, stream.read())
        _assert_equal(organizer, events, records)
        # Corrected and erased after they were counted, some twice before the stream has the first.
        for record in dice.choices(records, k=RECORDS // 3):
            correct(record, **_correction(dice))
        _deliver(dice, stream.read())
        _assert_equal(organizer, events, records)


def _random(dice: random.Random, event: CampusEvent, number: int) -> AttendanceRecord:
    return attend(
        event,
        f"usr_{number}",
        submitted_at=NOW - timedelta(minutes=dice.randrange(DAYS * 24 * 60)),
        seconds=dice.choice([None, dice.randrange(700), dice.randrange(60)]),
        department=dice.choice(DEPARTMENTS),
        status=dice.choice(list(AttendanceStatus)),
        **_checked(dice),
    )


def _checked(dice: random.Random) -> dict[str, Any]:
    flags = dice.sample(list(EvidenceFlag), dice.randrange(3))
    return {
        "verification_status": dice.choice(list(VerificationStatus)),
        "flags": {str(flag): {"seconds": dice.randrange(100)} for flag in flags},
    }


def _correction(dice: random.Random) -> dict[str, Any]:
    kinds: list[dict[str, Any]] = [{"status": dice.choice(list(AttendanceStatus))}, _checked(dice), {"erased_at": NOW}]
    return dice.choices(kinds, weights=(4, 4, 1))[0]


def _deliver(dice: random.Random, records: Sequence[dict[str, Any]]) -> None:
    """Deliver records in batches, some of them twice, cut, or after later ones."""
    batches = [list(records[start : start + 40]) for start in range(0, len(records), 40)]
    batches += [dice.choice(batches)[: dice.randrange(1, 40)] for _ in range(len(batches) // 2)]
    dice.shuffle(batches)
    for batch in batches:
        attendance_counts.follow([change_of(record) for record in batch])


def _assert_equal(organizer: Account, events: Sequence[CampusEvent], records: Sequence[AttendanceRecord]) -> None:
    found = operations.get_many(record.place for record in records)
    stored = [found[record.place] for record in records]
    local = [record.submitted_at.astimezone(ZoneInfo("Asia/Karachi")) for record in stored]
    assert bars(organizer, "attendance-hourly") == Counter(f"{moment.hour:02}:00" for moment in local)
    assert bars(organizer, "weekly-pattern") == Counter(WEEKDAYS[moment.weekday()] for moment in local)
    assert bars(organizer, "department-comparison") == Counter(record.department for record in stored)
    binned = Counter(_label(record.seconds) for record in stored if record.seconds is not None)
    assert bars(organizer, "verification-time") == binned
    _assert_all_campuses_are_the_sum(organizer, records)
    for event in events:
        mine = [record for record in stored if record.event_id == event.event_id]
        shown = call("GET", f"/api/campus/events/{event.event_id}/analytics/", token=token_of(organizer)).json
        assert shown["submitted"] == len(mine)
        assert _positive(shown["by_status"]) == Counter(record.status for record in mine)
        assert _positive(shown["by_verification"]) == Counter(record.verification_status for record in mine)
        assert shown["flags"] == Counter(flag for record in mine for flag in record.flags)
        assert sum(row["count"] for row in shown["by_minute"]) <= len(mine)


def _assert_all_campuses_are_the_sum(organizer: Account, records: Sequence[AttendanceRecord]) -> None:
    """Compare what the office sees without a filter, once the minute is over: no other campus has records here."""
    sweeps.each_minute()
    admin = make_campus_user(campus_of(records[0].campus_id), role=CampusRole.ADMIN)
    assert {name: bars(admin, name) for name in NAMES} == {name: bars(organizer, name) for name in NAMES}


def _positive(counts: dict[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}


def _label(seconds: float) -> str:
    edges = (0, 5, 10, 20, 30, 60, 120, 180, 300, 600)
    low = max(edge for edge in edges if edge <= seconds)
    place = edges.index(low)
    return f"{low}-{edges[place + 1]} s" if place + 1 < len(edges) else f"{low} s and more"


@pytest.mark.parametrize(
    ("zone", "moment", "hour", "weekday"),
    [
        # The same second of Thursday in UTC.
        ("Asia/Karachi", "2026-11-26T19:30:00Z", "00:00", "Friday"),
        ("America/Los_Angeles", "2026-11-26T19:30:00Z", "11:00", "Thursday"),
        ("Pacific/Kiritimati", "2026-11-26T19:30:00Z", "09:00", "Friday"),
        ("Asia/Kathmandu", "2026-11-26T18:14:59Z", "23:00", "Thursday"),
        # The hour that Berlin has twice on 25 October, and the one after the gap of 29 March.
        ("Europe/Berlin", "2026-10-25T00:30:00Z", "02:00", "Sunday"),
        ("Europe/Berlin", "2026-10-25T01:30:00Z", "02:00", "Sunday"),
        ("Europe/Berlin", "2026-03-29T01:00:00Z", "03:00", "Sunday"),
    ],
)
def test_an_hour_and_a_day_are_those_of_the_events_time_zone(zone: str, moment: str, hour: str, weekday: str) -> None:
    campus, stream = make_campus(timezone=zone), StreamReader()
    organizer = make_campus_user(campus, role=CampusRole.ORGANIZER)
    with clock.set_to(at(moment)):
        attend(make_campus_event(campus, organizer), make_campus_user(campus))
        stream.drain()
    with clock.set_to(at(moment) + timedelta(hours=1)):
        found = show(organizer, "attendance-hourly")
        assert bars(organizer, "attendance-hourly") == {hour: 1}
        assert bars(organizer, "weekly-pattern") == {weekday: 1}
    assert found["peak_hour"] == hour
    assert (found["bins"], len(found["labels"])) == (list(range(24)), 24)


def test_the_last_day_ends_at_midnight_of_the_campus() -> None:
    campus, stream = make_campus(timezone="Asia/Karachi"), StreamReader()
    organizer = make_campus_user(campus, role=CampusRole.ORGANIZER)
    midnight = at("2026-11-26T19:00:00Z")
    for moment in (midnight - timedelta(seconds=1), midnight):
        with clock.set_to(moment):
            attend(make_campus_event(campus, organizer), make_campus_user(campus))
            stream.drain()
    with clock.set_to(midnight):
        assert bars(organizer, "attendance-hourly", days=1) == {"00:00": 1}
        assert bars(organizer, "attendance-hourly", days=2) == {"23:00": 1, "00:00": 1}
        dates = show(organizer, "attendance-hourly", days=1, campus_id=campus.campus_id)["metadata"]["date_range"]
    assert dates == {"start": "2026-11-27", "end": "2026-11-27"}


def test_each_role_sees_its_own_and_a_campus_is_named_by_id_or_name() -> None:
    here, there, stream = make_campus(), make_campus(), StreamReader()
    with clock.set_to(NOW):
        teacher, student = _one_record(here), make_campus_user(here)
        _one_record(there)
        attend(make_campus_event(here, teacher), student, department="Chemistry")
        stream.drain()
        sweeps.each_minute()
        name = "department-comparison"
        assert bars(student, name) == {"Chemistry": 1}
        assert bars(teacher, name) == {"Chemistry": 1, "Physics": 1}
        assert bars(make_campus_user(here, role=CampusRole.SUPERVISOR), name) == {"Chemistry": 1, "Physics": 1}
        admin = make_campus_user(here, role=CampusRole.ADMIN)
        assert bars(admin, name, campus_id=there.campus_id) == {"Physics": 1}
        assert (
            show(admin, name, campus_id=there.name.replace(" ", "%20"))["metadata"]["campus_filter"] == there.campus_id
        )
        assert bars(admin, name)["Physics"] >= 2
        # A filter that contradicts what one may see finds nothing.
        for caller in (student, teacher, make_campus_user(here, role=CampusRole.SUPERVISOR)):
            assert bars(caller, name, campus_id=there.campus_id) == {}
            assert bars(caller, name, campus_id=here.campus_id) == bars(caller, name)
        answer = call("GET", f"/api/campus/analytics/histograms/{name}/?campus_id=nowhere", token=token_of(admin))
    assert (answer.status, answer.json["details"][0]["field"]) == (400, "campus_id")


def _one_record(campus: Campus) -> Account:
    teacher = make_campus_user(campus, role=CampusRole.ORGANIZER)
    attend(make_campus_event(campus, teacher), make_campus_user(campus))
    return teacher


@pytest.mark.parametrize("name", NAMES)
def test_nobody_without_records_sees_any(name: str) -> None:
    found = show(make_campus_user(make_campus()), name)
    assert found["histogram_type"] == name.replace("-", "_")
    assert (found["total_samples"], found["peak_hour"], sum(found["values"])) == (0, None, 0)


def test_the_median_is_that_of_the_seconds_within_its_bins_width() -> None:
    dice = random.Random(7)  # noqa: S311  # a repeatable test
    for _ in range(50):
        seconds = sorted(dice.randrange(650) for _ in range(dice.randrange(1, 60)))
        counts = Counter(seconds_bins.fine_bin_of(each) for each in seconds)
        exact, found = seconds[(len(seconds) - 1) // 2], seconds_bins.median(counts)
        assert found is not None
        assert 0 <= exact - found < (1 if exact < 60 else 5 if exact < 300 else 10 if exact < 610 else 50)
    assert seconds_bins.median({}) is None
