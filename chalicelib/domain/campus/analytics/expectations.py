"""Who is expected at an event, as far as the totals need it: the people listed, else those that its rule names."""

from collections.abc import Mapping

from chalicelib import folding
from chalicelib.table.items import CampusEvent, CampusProfile


def expected_at(event: CampusEvent) -> int | None:
    """Return how many people are expected; None without a roster."""
    return event.roster_size or None


def is_expected(event: CampusEvent, profile: CampusProfile | None, *, is_listed: bool) -> bool:
    """Return whether a person is expected."""
    if event.roster_size:
        return is_listed
    return fits(event.rule_of_expected, profile)


def fits(rule: Mapping[str, str] | None, profile: CampusProfile | None) -> bool:
    """Return whether a rule names a person; no rule names nobody."""
    if rule is None or profile is None:
        return False
    return all(folding.typed(getattr(profile, name) or "") == folding.typed(wanted) for name, wanted in rule.items())
