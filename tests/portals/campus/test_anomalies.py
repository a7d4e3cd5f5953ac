"""Anomalies: named rules, robust statistics with a stated cut, and sentences with the numbers."""

import random
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.campus.analytics import anomalies
from chalicelib.table.items import Account, Campus
from chalicelib.vocabulary.campus import AnomalyType, CampusRole, EvidenceFlag
from tests.support.attended import attend, correct, list_on_roster
from tests.support.campus import make_campus, make_campus_event, make_campus_user, token_of
from tests.support.client import call
from tests.support.factories import at
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
NOW = at("2026-11-27T10:05:30Z")


def find(admin: Account, campus: Campus, *, days: int = 7) -> Any:
    path = f"/api/campus/analytics/anomaly-detection/?days={days}&campus_id={campus.campus_id}"
    answer = call("GET", path, token=token_of(admin))
    assert answer.status == 200, answer.text
    return answer.json


def test_each_flag_of_several_records_is_one_anomaly_of_its_event_with_its_people() -> None:
    campus, stream = make_campus(), StreamReader()
    organizer, admin = (make_campus_user(campus, role=role) for role in (CampusRole.ORGANIZER, CampusRole.ADMIN))
    with clock.set_to(NOW):
        event = make_campus_event(campus, organizer)
        shared = [attend(event, f"usr_s{n}", flags={EvidenceFlag.SHARED_DEVICE: {"people": n}}) for n in (2, 3, 4)]
        attend(event, "usr_t", flags={EvidenceFlag.IMPOSSIBLE_TRAVEL: {"km_per_hour": 4000}})
        attend(event, "usr_o", flags={EvidenceFlag.OLD_QR: {"seconds": 50}})
        attend(event, "usr_d", flags={EvidenceFlag.FROZEN_POSITION: {}})
        stream.drain()
        found = find(admin, campus)
        assert [(each["type"], each["severity"]) for each in found["anomalies"]] == [
            ("impossible_travel", "medium"),
            ("shared_device", "medium"),
        ]
        travel, device = found["anomalies"]
        assert travel["evidence"] == {"records": 1, "submitted": 6, "share": 0.1667, "most_km_per_hour": 4000}
        assert travel["message"].startswith("1 of 6 records of one event came from another event faster")
        assert device["subjects"][0] == {"kind": "event", "id": event.event_id}
        assert {each["id"] for each in device["subjects"][1:]} == {"usr_s2", "usr_s3", "usr_s4"}
        assert found["flagged_examined"] == 5
        # Staff lift the flag, and a person is erased.
        correct(shared[0], flags={})
        correct(shared[1], erased_at=NOW)
        stream.drain()
        assert [each["type"] for each in find(admin, campus)["anomalies"]] == ["impossible_travel"]


@pytest.mark.parametrize(
    ("timezone", "submitted_at", "found_until"),
    [
        # A quarter past five in the afternoon; at seven the next day of UTC begins.
        ("America/New_York", "2026-11-27T22:15:00Z", "2026-11-28T04:59:00Z"),
        # A quarter to nine in the morning; at a quarter to six a day of UTC began.
        ("Asia/Kathmandu", "2026-11-27T03:00:00Z", "2026-11-27T18:14:00Z"),
        # Half past one in the night, of which it is the day before in UTC.
        ("Asia/Kathmandu", "2026-11-26T19:45:00Z", "2026-11-27T18:14:00Z"),
        # Between two and three for the second time, on a day of 25 hours.
        ("Europe/Berlin", "2026-10-25T01:30:00Z", "2026-10-25T22:59:00Z"),
    ],
)
def test_the_last_day_is_one_of_the_campus_from_its_midnight_to_the_next(
    timezone: str, submitted_at: str, found_until: str
) -> None:
    campus, stream = make_campus(timezone=timezone), StreamReader()
    organizer, admin = (make_campus_user(campus, role=role) for role in (CampusRole.ORGANIZER, CampusRole.ADMIN))
    with clock.set_to(at(submitted_at)):
        event = make_campus_event(campus, organizer)
        attend(event, "usr_t", flags={EvidenceFlag.IMPOSSIBLE_TRAVEL: {"km_per_hour": 4000}})
        stream.drain()
        assert find(admin, campus, days=1)["flagged_examined"] == 1
    with clock.set_to(at(found_until)):
        found = find(admin, campus, days=1)
        assert [each["type"] for each in found["anomalies"]] == ["impossible_travel"]
        assert (found["anomalies"][0]["evidence"]["submitted"], found["flagged_examined"]) == (1, 1)
    with clock.set_to(at(found_until) + timedelta(minutes=1)):
        assert find(admin, campus, days=1)["flagged_examined"] == 0
        assert find(admin, campus, days=2)["flagged_examined"] == 1


def test_a_rate_far_from_the_median_is_found_and_the_ordinary_ones_are_not() -> None:
    campus, stream = make_campus(), StreamReader()
    organizer, admin = (make_campus_user(campus, role=role) for role in (CampusRole.ORGANIZER, CampusRole.ADMIN))
    students = [make_campus_user(campus) for _ in range(6)]
    with clock.set_to(NOW):
        events = []
        for came in (5, 6, 5, 5, 6, 0):
            begins = NOW - timedelta(hours=3)
            event = make_campus_event(campus, organizer, starts_at=begins, ends_at=begins + timedelta(hours=1))
            events.append(list_on_roster(event, *students))
            for student in students[:came]:
                attend(event, student)
        stream.drain()
        found = find(admin, campus)["anomalies"]
    assert [each["type"] for each in found] == ["rate_outlier"]
    assert found[0]["subjects"] == [{"kind": "event", "id": events[-1].event_id}]
    assert found[0]["evidence"]["rate"] == 0
    assert found[0]["evidence"]["cut"] == 3.5
    assert found[0]["evidence"]["compared"] == 6
    assert "far below the median of 83% over 6 events" in found[0]["message"]


def test_without_rosters_or_with_few_events_no_rate_is_compared() -> None:
    campus, stream = make_campus(), StreamReader()
    organizer, admin = (make_campus_user(campus, role=role) for role in (CampusRole.ORGANIZER, CampusRole.ADMIN))
    with clock.set_to(NOW):
        for came in (1, 1, 1, 1, 1, 9):
            begins = NOW - timedelta(hours=3)
            event = make_campus_event(campus, organizer, starts_at=begins, ends_at=begins + timedelta(hours=1))
            for number in range(came):
                attend(event, f"usr_{number}")
        stream.drain()
        found = find(admin, campus)
    assert (found["anomalies"], found["events_examined"]) == ([], 6)


def test_the_score_is_the_one_of_iglewicz_and_hoaglin() -> None:
    # Their worked example of 1993 as NIST's handbook defines the score: 0.6745 (x - median) / MAD.
    values = dict(zip("abcdefg", (2.1, 2.6, 2.4, 2.5, 2.3, 2.1, 9.0), strict=True))
    scores = anomalies.modified_z(values)
    assert scores["g"] == pytest.approx(0.6745 * (9.0 - 2.4) / 0.2)
    assert abs(scores["a"]) < anomalies.CUT
    # More than half are equal: the mean deviation replaces the MAD.
    scores = anomalies.modified_z(dict(zip("abcde", (1.0, 1.0, 1.0, 1.0, 0.0), strict=True)))
    assert scores["e"] == pytest.approx(-1.0 / (1.253314 * 0.2))
    assert set(anomalies.modified_z(dict.fromkeys("abcde", 0.9)).values()) == {0.0}


def test_of_ordinary_rates_few_are_outliers() -> None:
    dice = random.Random(5)  # noqa: S311  # a repeatable test
    found = total = 0
    for _ in range(200):
        rates = {str(n): min(1.0, max(0.0, dice.gauss(0.8, 0.08))) for n in range(30)}
        found += sum(abs(score) > anomalies.CUT for score in anomalies.modified_z(rates).values())
        total += len(rates)
    assert found / total < 0.01


def test_every_rule_has_a_name_of_the_contract() -> None:
    named = {rule.type for rule in anomalies.RULES.values()} | {AnomalyType.RATE_OUTLIER}
    assert named == set(AnomalyType)


@pytest.mark.by_day
def test_a_busy_campus_hides_no_flagged_record_of_another() -> None:
    quiet, busy, stream = make_campus(), make_campus(), StreamReader()
    organizer, admin = (make_campus_user(quiet, role=role) for role in (CampusRole.ORGANIZER, CampusRole.ADMIN))
    with clock.set_to(NOW - timedelta(days=1)):
        attend(make_campus_event(quiet, organizer), "usr_t", flags={EvidenceFlag.IMPOSSIBLE_TRAVEL: {}})
    with clock.set_to(NOW):
        event = make_campus_event(busy, organizer)
        for number in range(anomalies.MOST_FLAGGED):
            attend(event, f"usr_{number}", flags={EvidenceFlag.DUPLICATE_PHOTO: {}})
        stream.drain()
        found = find(admin, quiet)
        assert [each["type"] for each in found["anomalies"]] == ["impossible_travel"]
        assert found["flagged_examined"] == 1
        assert find(admin, busy)["flagged_examined"] == anomalies.MOST_FLAGGED
