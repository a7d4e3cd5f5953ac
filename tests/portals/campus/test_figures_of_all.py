"""The figures of all campuses: made each minute, equal to the campuses' own, also where a run is killed."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.campus.analytics import attendance_counts
from chalicelib.domain.campus.people import campus_names
from chalicelib.errors import Unavailable
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, AttendanceRecord, AttendanceTotals, Campus, CampusEvent, RecentAttendance
from chalicelib.vocabulary.campus import AttendanceStatus, CampusRole, VerificationStatus
from chalicelib.workers import schedules
from tests.support import meanwhile, sweeps
from tests.support.attended import attend, correct, list_on_roster
from tests.support.campus import make_campus, make_campus_event, make_campus_user, token_of
from tests.support.client import call
from tests.support.factories import at
from tests.support.numbered import work
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
NOW = at("2026-11-27T10:05:30Z")
BASE = "/api/campus/analytics"
VERSION = keys.campus_analytics.version_of_all()


class Office:
    """An admin, some campuses with an event each, and the stream."""

    def __init__(self, *, campuses: int = 2) -> None:
        self.stream = StreamReader()
        self.campuses = [make_campus(timezone=zone) for zone in ("Asia/Karachi", "Europe/Paris") * 3][:campuses]
        self.admin = make_campus_user(self.campuses[0], role=CampusRole.ADMIN)
        self.events = [self.event(campus) for campus in self.campuses]

    def event(self, campus: Campus, **changes: Any) -> CampusEvent:
        return make_campus_event(campus, make_campus_user(campus, role=CampusRole.ORGANIZER), **changes)

    def minute(self, moment: datetime = NOW) -> None:
        """Project what is new, and run the sweep of a minute."""
        with clock.set_to(moment):
            self.stream.drain()
            while work():
                self.stream.drain()
            sweeps.each_minute()

    def shows(self, path: str, campus: Campus | None = None) -> Any:
        asked = f"{BASE}/{path}/?days=7" + (f"&campus_id={campus.campus_id}" if campus else "")
        return _json("GET", asked, self.admin)

    def assert_is_the_sum(self) -> None:
        """Compare every view without a filter with the sum of what it shows of each campus."""
        for name in ("attendance-hourly", "verification-time", "department-comparison", "weekly-pattern"):
            parts = [_bars(self.shows(f"histograms/{name}", campus)) for campus in self.campuses]
            assert _bars(self.shows(f"histograms/{name}")) == sum(parts, Counter()), name
        days = [self._days(campus) for campus in self.campuses]
        assert self._days() == sum(days, Counter())
        departments = [self._departments(campus) for campus in self.campuses]
        assert self._departments() == sum(departments, Counter())

    def _days(self, campus: Campus | None = None) -> Counter[tuple[str, str]]:
        series = self.shows("attendance-trends", campus)["series"]
        return +Counter({(day["date"], name): day[name] or 0 for day in series for name in ("submitted", "expected")})

    def _departments(self, campus: Campus | None = None) -> Counter[tuple[str, str]]:
        names = ("events", "expected", "submitted", "verified", "pending", "flagged")
        rows = self.shows("department-summary", campus)["departments"]
        return +Counter({(row["department"], name): row[name] or 0 for row in rows for name in names})


def _json(method: str, path: str, caller: Account) -> Any:
    with clock.set_to(NOW):
        answer = call(method, path, token=token_of(caller))
    assert answer.status == 200, answer.text
    return answer.json


def _bars(shown: Any) -> Counter[str]:
    return +Counter(dict(zip(shown["labels"], shown["values"], strict=True)))


def _submitted(office: Office) -> int:
    return int(_json("GET", f"{BASE}/dashboard/", office.admin)["summary"]["total_attendees"])


def _named(office: Office) -> list[str]:
    return [each["first_name"] for each in _json("GET", f"{BASE}/dashboard/", office.admin)["recent_activity"]]


def _notes() -> list[dict[str, Any]]:
    return operations.query(keys.campus_analytics.MOVED, index="gsi2")


def _come(event: CampusEvent, number: int, **changes: Any) -> list[AttendanceRecord]:
    return [attend(event, f"usr_{event.event_id}_{n}", **changes) for n in range(number)]


@pytest.fixture
def office() -> Office:
    with clock.set_to(NOW):
        return Office()


def test_submissions_corrections_and_a_moved_event_are_in_the_figures_after_a_minute(office: Office) -> None:
    with clock.set_to(NOW):
        here, there = office.events
        records = [*_come(here, 3, department="Physics"), *_come(there, 2, department="Chemistry")]
        before = _submitted(office)
        office.minute()
        assert (before, _submitted(office)) == (0, 5)
        office.assert_is_the_sum()
        correct(records[0], status=AttendanceStatus.LATE, department="Botany", flags={"old_qr": {}})
        list_on_roster(there, make_campus_user(office.campuses[1]), make_campus_user(office.campuses[1]))
        late = office.event(office.campuses[0], starts_at=NOW - timedelta(days=2), ends_at=NOW - timedelta(days=1))
        _come(late, 1, submitted_at=NOW - timedelta(days=1))
        office.minute()
        office.assert_is_the_sum()
        # To the other campus, with its records.
        moves = [CampusEvent.campus_id.set(here.campus_id), CampusEvent.timezone.set(here.timezone)]
        operations.record(operations.change(there.place, moves))
        office.minute()
        office.assert_is_the_sum()
        assert _submitted(office) == 6
        operations.record(operations.change(there.place, [CampusEvent.deleted_at.set(NOW)]))
        office.minute()
        office.assert_is_the_sum()
        assert _json("GET", f"{BASE}/dashboard/", office.admin)["summary"]["total_events"] == 2


def test_a_submission_changes_no_row_of_all_campuses_and_an_idle_minute_changes_nothing(office: Office) -> None:
    partitions = [keys.campus_analytics.figures(keys.campus_analytics.ALL)]
    partitions.append(keys.campus_analytics.recents(keys.campus_analytics.ALL))

    def stored() -> list[Any]:
        return [operations.query(partition, consistent=True) for partition in partitions]

    office.minute()
    before = stored()
    with clock.set_to(NOW):
        _come(office.events[0], 3)
        office.stream.drain()
    assert stored() == before
    office.minute()
    made = stored()
    assert made != before
    # The notes go when the rows have been still for a while; until then a day is compared again.
    assert len(_notes()) == 2
    office.minute(NOW + timedelta(seconds=20))
    assert _notes() == []
    office.minute(NOW + timedelta(seconds=80))
    assert stored() == made


def test_what_moves_while_a_run_reads_is_in_the_next_one(office: Office) -> None:
    with clock.set_to(NOW):
        _come(office.events[0], 1)
        office.stream.drain()

    def more() -> None:
        with clock.set_to(NOW):
            _come(office.events[1], 2)
            office.stream.drain()

    # The rows are read by then; the time is such that the former note would go.
    with meanwhile.before("TransactWriteItems", more, matches=meanwhile.changing(VERSION)):
        office.minute(NOW + timedelta(seconds=20))
    assert _notes() != []
    office.minute(NOW + timedelta(seconds=80))
    assert _submitted(office) == 3
    office.assert_is_the_sum()


def test_an_older_sum_does_not_replace_a_newer_one(office: Office) -> None:
    with clock.set_to(NOW):
        _come(office.events[0], 1)
        office.stream.drain()

    # Of the same campus: the two sums are of one row.
    another = office.event(office.campuses[0])

    def overtake() -> None:
        with clock.set_to(NOW):
            _come(another, 3)
            office.stream.drain()
            sweeps.each_minute()

    def is_of_a_day(request: dict[str, Any]) -> bool:
        days, changed = keys.campus_analytics.days("2026-11-27", "2026-11-27"), meanwhile.changing(VERSION)(request)
        rows = [each["Update"]["Key"] for each in request["TransactItems"] if "Update" in each]
        of_all = keys.campus_analytics.figures(keys.campus_analytics.ALL)
        return changed and any(row["pk"]["S"] == of_all and days.first <= row["sk"]["S"] <= days.last for row in rows)

    # The first run has read one record, and the second writes four before it.
    with meanwhile.before("TransactWriteItems", overtake, matches=is_of_a_day):
        office.minute(NOW + timedelta(seconds=20))
    assert _submitted(office) == 4
    office.minute(NOW + timedelta(seconds=80))
    assert _submitted(office) == 4
    office.assert_is_the_sum()


@pytest.mark.by_day
def test_a_run_that_is_killed_between_its_transactions_is_repeated(office: Office) -> None:
    with clock.set_to(NOW):
        organizer = make_campus_user(office.campuses[0], role=CampusRole.ORGANIZER)
        # More rows than a transaction takes.
        events = [make_campus_event(office.campuses[0], organizer) for _ in range(110)]
        attendance_counts.count([], [event.event_id for event in (*office.events, *events)])
        office.stream.skip()
    sweeps.begin()
    with (
        meanwhile.before("TransactWriteItems", None, meanwhile.lost, matches=meanwhile.changing(VERSION)),
        pytest.raises(Unavailable),
        clock.set_to(NOW),
    ):
        schedules.sweep()
    assert _notes() != []
    office.minute()
    assert _json("GET", f"{BASE}/dashboard/", office.admin)["summary"]["total_events"] == 112
    dates = keys.campus_analytics.events_of_all("2026-11-27", "2026-11-27")
    assert len(operations.query(keys.campus_analytics.figures(keys.campus_analytics.ALL), dates)) == 112


def test_an_erased_person_is_named_no_longer_also_by_a_run_that_has_read_the_name(office: Office) -> None:
    student, other = (make_campus_user(office.campuses[0], first_name=name) for name in ("Zara", "Omar"))
    with clock.set_to(NOW):
        record = attend(office.events[0], student)
        office.minute()
        assert _named(office) == ["Zara"]
        attend(office.events[0], other)
        office.stream.drain()

    def erase() -> None:
        with clock.set_to(NOW):
            correct(record, erased_at=NOW)
            office.stream.drain()

    with meanwhile.before("TransactWriteItems", erase, matches=meanwhile.changing(VERSION)):
        office.minute()
    office.minute()
    assert _named(office) == ["Omar"]
    assert _submitted(office) == 2
    raws = operations.query(keys.campus_analytics.recents(keys.campus_analytics.ALL), consistent=True)
    assert [RecentAttendance.from_raw_data(raw).first_name for raw in raws] == ["Omar"]


@pytest.mark.by_day
def test_the_newest_ten_of_all_campuses_are_shown_as_they_are_now(office: Office) -> None:
    people = [
        [make_campus_user(campus, first_name=f"P{n}{place}") for n in range(8)]
        for place, campus in enumerate(office.campuses)
    ]
    with clock.set_to(NOW):
        records = [
            attend(office.events[place], student, submitted_at=NOW - timedelta(minutes=2 * number + place))
            for place, some in enumerate(people)
            for number, student in enumerate(some)
        ]
        office.minute()
        assert _named(office) == [f"P{n}{place}" for n in range(5) for place in range(2)]
        correct(records[0], verification_status=VerificationStatus.FLAGGED)
        office.minute()
    newest = _json("GET", f"{BASE}/dashboard/", office.admin)["recent_activity"][0]
    assert (newest["first_name"], newest["verification_status"]) == ("P00", "flagged")


def test_a_refresh_of_the_office_does_not_wait_for_the_minute(office: Office) -> None:
    with clock.set_to(NOW):
        _come(office.events[0], 2)
        office.stream.drain()
    refreshed = _json("POST", f"{BASE}/dashboard/refresh/", office.admin)
    assert refreshed["dashboard"]["summary"]["total_attendees"] == 2


def test_many_campuses_and_days_are_made_by_one_run_and_the_campus_of_a_day_need_not_be_listed() -> None:
    with clock.set_to(NOW):
        office = Office(campuses=5)
        for place, event in enumerate(office.events):
            for day in range(3):
                _come_once(event, day, submitted_at=NOW - timedelta(days=day, minutes=place))
        gone = office.campuses[-1]
        operations.record(operations.remove(keys.campus_people.campus(gone.campus_id)))
        campus_names.forget()
        office.minute()
        assert _submitted(office) == 15


def _come_once(event: CampusEvent, number: int, **changes: Any) -> None:
    attend(event, f"usr_{event.event_id}_{number}", **changes)


def test_rows_that_a_former_release_counted_are_replaced(office: Office) -> None:
    with clock.set_to(NOW):
        _come(office.events[0], 2)
        place = keys.campus_analytics.day(keys.campus_analytics.ALL, "2026-11-27", "Mars/Olympus")
        former = AttendanceTotals(*place, timezone="UTC")
        operations.put_raw([operations.put(former).arguments["Item"] | {"n": {"N": "7"}, "st_late": {"N": "7"}}])
        office.minute()
    assert _submitted(office) == 2
    office.assert_is_the_sum()
