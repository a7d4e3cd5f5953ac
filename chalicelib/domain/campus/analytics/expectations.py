"""Who is expected at an event, as far as the totals need it: the people listed, else those that its rule names.

A rule names fewer and more people as students come and leave. An event is counted again at its end (recounts.py). Then
its number stays, and so does whether it expected those with a record: who registers, leaves or goes to the next year
later changes no rate of the past.
"""

from collections.abc import Mapping
from datetime import datetime

from chalicelib import clock
from chalicelib.domain.campus.analytics import counted_as
from chalicelib.domain.campus.analytics.counted_as import EventStanding, RecordStanding
from chalicelib.domain.campus.events import event_windows, expected_people, rosters
from chalicelib.domain.campus.people import student_counts
from chalicelib.table import keys, operations
from chalicelib.table.items import CampusEvent, CampusProfile


def names(event: CampusEvent, profile: CampusProfile | None, *, is_listed: bool) -> bool:
    """Return whether an event that expects anybody expects a person; `is_listed` is whether the roster has them."""
    if event.roster_size:
        return is_listed
    return fits(event.rule_of_expected, profile, until=event_windows.last_end(event))


def fits(rule: Mapping[str, str] | None, profile: CampusProfile | None, *, until: datetime | None) -> bool:
    """Return whether a rule names a person who had registered by a moment; no rule names nobody."""
    return rule is not None and profile is not None and student_counts.fits(rule, profile, until=until)


def number(event: CampusEvent) -> int | None:
    """Return how many people are expected; None where nothing says who is. Of an ended event by a rule, as counted."""
    if not is_settled(event):
        return rosters.expected_count(event)
    mark = operations.get(keys.campus_analytics.counted_event(event.event_id), consistent=False)
    return number_after(event, counted_as.event_standing(mark.counted_as if mark else None))


def number_after(event: CampusEvent, former: EventStanding | None, *, is_rebuilt: bool = False) -> int | None:
    """Return how many people are expected at an event that was counted as `former`; a rebuild keeps its number."""
    is_kept = former is not None and former.expected is not None and event_windows.expects(event)
    if former is not None and is_kept and (is_rebuilt or (is_settled(event) and former.is_final is not False)):
        return former.expected if is_by_rule_of(event, former) else _number_now(event)
    return _number_now(event)


def _number_now(event: CampusEvent) -> int | None:
    """Return how many people are expected as it is now; of a rule of an event that is over, as it named them then."""
    found, rule = rosters.expected_count(event), event.rule_of_expected
    if found is None or rule is None or not is_settled(event):
        return found
    return max(0, found + expected_people.more_than_now(rule, at=event_windows.last_end(event)))


def is_by_rule_of(event: CampusEvent, former: EventStanding | None) -> bool:
    """Return whether an event expects people by a rule, and was counted by that one."""
    if former is None or not is_by_rule(event):
        return False
    return not former.expects.get("listed") and former.expects.get("rule") == event.rule_of_expected


def is_settled(event: CampusEvent) -> bool:
    """Return whether an event expected people by a rule and is over."""
    return is_by_rule(event) and clock.now() > event_windows.last_end(event)


def stays_named(event: CampusEvent, former: RecordStanding) -> bool:
    """Return whether an event that is over expected the person of a record, or not, by the rule that it still has."""
    rule = event.rule_of_expected
    return rule is not None and is_settled(event) and former.named_by == counted_as.rule_name(**rule)


def is_by_rule(event: CampusEvent) -> bool:
    """Return whether an event has a rule of whom it expects, and no list."""
    return event.rule_of_expected is not None and not event.roster_size
