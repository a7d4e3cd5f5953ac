"""Who is expected at an event, as far as the totals need it."""

from chalicelib.table.items import AttendanceRecord, CampusEvent


def expected_at(event: CampusEvent) -> int | None:
    """Return how many people are expected; None without a roster."""
    return event.roster_size or None


def is_expected_by_rule(event: CampusEvent, record: AttendanceRecord) -> bool:
    """Return whether the event's rule expects the person of a record, as the record knows them."""
    rule = event.rule_of_expected
    return rule is not None and all(getattr(record, name) == value for name, value in rule.items())
