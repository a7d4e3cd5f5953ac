"""Days in filters are days of the campus: of lists of records and appeals, of reports, and of the histograms alike."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from chalicelib import clock
from chalicelib.domain import timezones
from chalicelib.domain.campus.events import campus_days
from chalicelib.table.items import Account, CampusEvent
from chalicelib.vocabulary.campus import CampusRole
from tests.support import sweeps
from tests.support.attended import attend
from tests.support.campus import make_campus, make_campus_event, make_campus_user, token_of
from tests.support.client import call
from tests.support.factories import at
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
# Half past eight in the morning of the 27th in Auckland (UTC+13), on which it is still the 26th in UTC.
MORNING = at("2026-11-26T19:30:00Z")
DAYS = {
    "date_from=2026-11-27&date_to=2026-11-27": 1,
    "date_from=2026-11-26&date_to=2026-11-26": 0,
    "date_from=2026-11-28": 0,
    "date_to=2026-11-26": 0,
    "date_from=2026-11-26T19:30:00Z&date_to=2026-11-26T19:30:00Z": 1,
    "date_from=2026-11-27T00:00:00Z": 0,
}


def number(caller: Account, path: str) -> int:
    answer = call("GET", f"/api/campus/{path}", token=token_of(caller))
    assert answer.status == 200, answer.text
    return answer.json["totals"]["records"] if "totals" in answer.json else len(answer.json["results"])


@pytest.mark.parametrize("role", [CampusRole.ORGANIZER, CampusRole.SUPERVISOR, CampusRole.STUDENT])
def test_a_day_is_a_day_of_the_campus_in_each_list_and_report(role: CampusRole) -> None:
    campus, stream = make_campus(timezone="Pacific/Auckland"), StreamReader()
    people = {each: make_campus_user(campus, role=each) for each in CampusRole}
    student, caller = people[CampusRole.STUDENT], people[role]
    with clock.set_to(MORNING):
        event = make_campus_event(campus, people[CampusRole.ORGANIZER])
        record = attend(event, student)
        body = {"statement": "I was in time."}
        path = f"/api/campus/attendance/{record.attendance_id}/appeal/"
        assert call("POST", path, body, token=token_of(student)).status == 201
        stream.drain()
    with clock.set_to(MORNING + timedelta(hours=20)):
        lists = ["attendance/?", f"attendance/?event={event.event_id}&"]
        if role is not CampusRole.STUDENT:
            lists += ["appeals/?", f"events/{event.event_id}/attendance/?", "reports/attendance/?"]
        for path in lists:
            found = {days: number(caller, f"{path}{days}") for days in DAYS}
            assert found == DAYS, path
        if role is CampusRole.ORGANIZER:
            today = call("GET", "/api/campus/analytics/dashboard/?days=2", token=token_of(caller)).json
            assert (today["date_range"]["start"], today["summary"]["submissions"]) == ("2026-11-27", 1)


def test_of_an_event_elsewhere_the_days_are_those_of_the_event() -> None:
    there, here = make_campus(timezone="Pacific/Auckland"), make_campus(timezone="America/New_York")
    admin, stream = make_campus_user(here, role=CampusRole.ADMIN), StreamReader()
    with clock.set_to(MORNING):
        event: CampusEvent = make_campus_event(there, make_campus_user(there, role=CampusRole.ORGANIZER))
        attend(event, make_campus_user(there))
        stream.drain()
    later: datetime = MORNING + timedelta(hours=20)
    with clock.set_to(later):
        for path in (f"attendance/?event={event.event_id}", f"reports/attendance/?event={event.event_id}"):
            found = {days: number(admin, f"{path}&{days}") for days in DAYS}
            assert found == DAYS, path
        assert number(admin, "attendance/?event=cev_unknown&date_from=2026-11-27") == 0


# Days on which a clock is set: back at midnight (23:00 comes twice), at one (00:00 does), forward at 23:00 and at
# midnight (the hour is missing), and none of these.
CHANGES = {
    "America/Santiago": date(2026, 4, 4),
    "Asia/Beirut": date(2026, 10, 24),
    "Africa/Cairo": date(2026, 10, 29),
    "America/Havana": date(2026, 11, 1),
    "America/Nuuk": date(2026, 3, 28),
    "America/Asuncion": date(2024, 10, 6),
    "Australia/Lord_Howe": date(2026, 4, 5),
    "Pacific/Kiritimati": date(2026, 1, 1),
    "Pacific/Pago_Pago": date(2026, 1, 1),
}


@pytest.mark.parametrize("name", CHANGES)
def test_each_moment_belongs_to_one_day_also_where_clocks_are_set(name: str) -> None:
    zone = timezones.zone(name)
    days = [CHANGES[name] + timedelta(days=number) for number in (-1, 0, 1)]
    ends = [[campus_days.moment(day, end, zone) for end in (time.min, campus_days.END_OF_DAY)] for day in days]
    begins = datetime.combine(CHANGES[name], time.min, UTC) - timedelta(hours=14)
    for quarter in range(4 * 52):
        moment = begins + timedelta(minutes=15 * quarter)
        here = moment.astimezone(zone).date()
        found = [
            day for day, (first, last) in zip(days, ends, strict=True) if first and last and first <= moment <= last
        ]
        assert found == [day for day in days if day == here], moment


def test_the_second_hour_before_midnight_is_of_its_day_in_lists_and_of_its_events() -> None:
    campus = make_campus(timezone="America/Santiago")
    organizer, stream = make_campus_user(campus, role=CampusRole.ORGANIZER), StreamReader()
    # 23:30 for the second time: at midnight of the 4th of April the clock went back to 23:00.
    with clock.set_to(at("2026-04-05T03:30:00Z")):
        event = make_campus_event(campus, organizer, starts_at=clock.now(), ends_at=clock.now() + timedelta(minutes=20))
        attend(event, make_campus_user(campus))
        stream.drain()
        for day, expected in (("2026-04-04", 1), ("2026-04-05", 0)):
            for path in ("attendance", "reports/attendance", "events"):
                assert number(organizer, f"{path}/?date_from={day}&date_to={day}") == expected, (path, day)


def test_the_moving_average_of_all_campuses_has_each_day_of_each_time_zone() -> None:
    # It is the 6th of April in Pago Pago, where the newest record is, and the 8th in Kiritimati.
    now, stream = at("2026-04-07T10:30:00Z"), StreamReader()
    behind, ahead = (make_campus(timezone=zone) for zone in ("Pacific/Pago_Pago", "Pacific/Kiritimati"))
    admin = make_campus_user(behind, role=CampusRole.ADMIN)
    with clock.set_to(now):
        sweeps.begin()
        for campus, days_ago in ((behind, (0,)), (ahead, (7, 8, 9))):
            organizer, begins = make_campus_user(campus, role=CampusRole.ORGANIZER), now - timedelta(days=days_ago[0])
            event = make_campus_event(campus, organizer, starts_at=begins)
            for number in days_ago:
                attend(event, make_campus_user(campus), submitted_at=now - timedelta(days=number))
        stream.drain()
        sweeps.each_minute()
        (today,) = call("GET", "/api/campus/analytics/attendance-trends/?days=1", token=token_of(admin)).json["series"]
    # One record of the 6th, and those of the 1st of April and the 31st of March, not that of the 30th.
    assert (today["date"], today["submitted"], today["moving_average"]) == ("2026-04-06", 1, 0.43)
