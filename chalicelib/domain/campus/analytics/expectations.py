"""Who is expected at an event, as far as the totals need it: the people listed, else those that its rule names."""

from collections.abc import Mapping

from chalicelib.domain.campus.people import student_counts
from chalicelib.table.items import CampusEvent, CampusProfile


def is_expected(event: CampusEvent, profile: CampusProfile | None, *, is_listed: bool) -> bool:
    """Return whether a person is expected; `is_listed` is whether the roster has them."""
    return is_listed if event.roster_size else fits(event.rule_of_expected, profile)


def fits(rule: Mapping[str, str] | None, profile: CampusProfile | None) -> bool:
    """Return whether a rule names a person; no rule names nobody."""
    return rule is not None and profile is not None and student_counts.fits(rule, profile)
