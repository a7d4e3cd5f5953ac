"""Counting attendance from several workers at the same moment, on an exact engine: each record counts once."""

import random
from collections import Counter
from collections.abc import Iterator

import pytest

from chalicelib.domain.campus.analytics import attendance_counts, event_figures, figures
from chalicelib.domain.campus.analytics.attendance_counts import CountedSubject
from chalicelib.table import keys
from chalicelib.vocabulary.campus import AttendanceStatus, CampusRole
from tests.support import engines
from tests.support.at_once import at_once
from tests.support.attended import attend, correct
from tests.support.caches import forget_caches
from tests.support.campus import make_campus, make_campus_event, make_campus_user
from tests.support.numbered import patiently
from tests.support.sizes import size_of

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("engines")]
RECORDS, WORKERS = size_of("CAMPUS_COUNTED", small=12, full=200), 32


@pytest.fixture(scope="module", autouse=True)
def cloud() -> Iterator[None]:
    with engines.cloud():
        forget_caches()
        yield
    forget_caches()


def test_32_workers_with_the_same_records_count_each_once_and_corrections_move() -> None:
    dice = random.Random(11)  # noqa: S311  # a repeatable test
    campus = make_campus()
    organizer = make_campus_user(campus, role=CampusRole.ORGANIZER)
    event = make_campus_event(campus, organizer)
    records = [attend(event, f"usr_{number}") for number in range(RECORDS)]

    def count() -> None:
        some = dice.sample(records, dice.randrange(1, RECORDS + 1))
        subjects = [CountedSubject(each.event_id, each.attendance_id, each.user_id) for each in some]
        patiently(lambda: attendance_counts.count(subjects, [event.event_id]))

    def correct_and_count() -> None:
        correct(dice.choice(records), status=dice.choice(list(AttendanceStatus)))
        count()

    assert at_once([count, correct_and_count] * (WORKERS // 2)) == {"done": WORKERS}
    # What the stream delivers last.
    attendance_counts.count([CountedSubject(each.event_id, each.attendance_id, each.user_id) for each in records])
    stored = Counter(correct(each, note="as it is").status for each in records)
    shown = event_figures.of_event(event)
    assert shown.submitted == RECORDS
    assert {status: count for status, count in shown.by_status.items() if count} == stored
    found = figures.read(keys.campus_analytics.of_organizer(organizer.account_id), 2, consistent=True)
    assert (found.sums["n"], found.sums["ev"]) == (RECORDS, 1)
    assert sum(row.count for row in shown.by_minute) == RECORDS
