"""Bugs of attendance figures: corrections that stay, hours of another zone, made-up rates, people counted twice."""

from tests.mutants.seeded.mutant import Mutant

_COUNTED_AS = "chalicelib/domain/campus/analytics/counted_as.py"
_COUNTS = "chalicelib/domain/campus/analytics/attendance_counts.py"
_FIGURES = "chalicelib/domain/campus/analytics/figures.py"
_OF_ALL = "chalicelib/domain/campus/analytics/figures_of_all.py"
_CHANNELS = "chalicelib/domain/live/channels.py"
_TESTS = "tests/portals/campus"

MUTANTS = (
    Mutant(
        name="campus-correction-not-moved",
        bug="a corrected record is counted with its new status and still with its old one",
        file=_COUNTED_AS,
        before="    for standing, by in ((former, -1), (present, +1)):\n",
        after="    for standing, by in ((present, +1),):\n",
        tests=(f"{_TESTS}/test_event_figures.py",),
    ),
    Mutant(
        name="campus-histogram-in-utc",
        bug="hours and days of the histograms are in UTC, not in the event's time zone",
        file=_COUNTED_AS,
        before="    here = local(record.submitted_at, event.timezone)\n",
        after='    here = local(record.submitted_at, "UTC")\n',
        tests=(f"{_TESTS}/test_histograms.py::test_an_hour_and_a_day_are_those_of_the_events_time_zone",),
    ),
    Mutant(
        name="campus-rate-without-roster",
        bug="an event without a roster has a rate",
        file=_FIGURES,
        before='    due = 0 if expected is None else expected - numbers["z"]\n',
        after='    due = (numbers["n"] if expected is None else expected) - numbers["z"]\n',
        tests=(f"{_TESTS}/test_dashboards.py::test_admins_see_all_campuses_and_no_rate_without_a_roster",),
    ),
    Mutant(
        name="campus-counted-without-condition",
        bug="two workers with the same record count it twice",
        file=_COUNTS,
        before="        return operations.put(mark(*self.place, counted_as=self.present.text), as_read)\n",
        after="        return operations.put(mark(*self.place, counted_as=self.present.text))\n",
        tests=("tests/truth/test_campus_counts.py",),
    ),
    Mutant(
        name="campus-older-sum-written",
        bug="an older sum over the campuses replaces a newer one",
        file=_OF_ALL,
        before="        raising = operations.change(_VERSION, raised, as_read)\n",
        after="        raising = operations.change(_VERSION, raised)\n",
        tests=(f"{_TESTS}/test_figures_of_all.py",),
    ),
    Mutant(
        name="campus-note-removed-as-moved",
        bug="what moves while the sum is made is not in it, and is not noted any more",
        file=_OF_ALL,
        before="change(row.place, actions, AttendanceTotals.moved == row.moved)",
        after="change(row.place, actions)",
        tests=(f"{_TESTS}/test_figures_of_all.py",),
    ),
    Mutant(
        name="campus-channel-open-to-colleagues",
        bug="any staff of the campus portal hears the attendance of any event",
        file=_CHANNELS,
        before="        campus_events.require_staff_of(event_id, principal, fresh=True)\n",
        after="        campus_events.get(event_id)\n",
        tests=(f"{_TESTS}/test_campus_live.py::test_nobody_else_gets_a_ticket_or_may_subscribe",),
    ),
    Mutant(
        name="campus-dashboard-after-log-out",
        bug="the dashboard, whose guard reads the profile beside the lock-outs, passes over these",
        file="chalicelib/domain/access/lock_outs.py",
        before="    _require_issued_later(principal, _applying(found.values(), principal.session_id), names)\n",
        after="",
        tests=(f"{_TESTS}/test_dashboards.py",),
    ),
)
