"""Days, weeks and months of the platform's totals, in UTC; weeks and their years are those of ISO 8601."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from chalicelib import clock
from chalicelib.table import keys
from chalicelib.vocabulary.work import Granularity

KINDS = {
    Granularity.DAY: keys.platform.DAY,
    Granularity.WEEK: keys.platform.WEEK,
    Granularity.MONTH: keys.platform.MONTH,
}
# How many periods a report shows, the present one included.
SHOWN = {Granularity.DAY: 30, Granularity.WEEK: 26, Granularity.MONTH: 24}


def name(granularity: Granularity, day: date) -> str:
    """Return the name of the period that a day is in, such as 2026-11-27, 2026-W48 or 2026-11."""
    if granularity is Granularity.DAY:
        return day.isoformat()
    if granularity is Granularity.MONTH:
        return day.isoformat()[:7]
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


def of(moment: datetime) -> Iterator[tuple[str, str]]:
    """Yield the kind and the name of each period that a moment (UTC) is in."""
    for granularity, kind in KINDS.items():
        yield kind, name(granularity, moment.date())


def shown(granularity: Granularity) -> list[str]:
    """Return the names of the periods that a report shows, the oldest first."""
    day = clock.now().date()
    names: list[str] = []
    while len(names) < SHOWN[granularity]:
        names.append(name(granularity, day))
        if granularity is Granularity.MONTH:
            day = day.replace(day=1) - timedelta(days=1)
        else:
            day -= timedelta(days=7 if granularity is Granularity.WEEK else 1)
    return names[::-1]
