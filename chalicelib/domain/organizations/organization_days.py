"""Maps a time to a day of an organization, so that past reports never change.

A time is assigned to a day by the time zone in effect at that time. A new time zone takes effect `_NOTICE` after it
was chosen, so that all workers have read it by then.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from chalicelib import clock
from chalicelib.domain import timezones
from chalicelib.table.items import Organization

_NOTICE = timedelta(seconds=60)


def day_of(organization: Organization, moment: datetime) -> date:
    """Return the day of a time in an organization's time zone."""
    return timezones.local(moment, _zone_at(organization, moment)).date()


def next_day(organization: Organization, moment: datetime) -> datetime:
    """Return when the day after that of `moment` begins."""
    here = timezones.local(moment, _zone_at(organization, moment))
    midnight = (here + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight.astimezone(UTC)


def _zone_at(organization: Organization, moment: datetime) -> str:
    text = clock.to_text(moment)
    earlier: list[dict[str, str]] = organization.zones
    return next((zone["name"] for zone in earlier if text < zone["until"]), organization.timezone)


def zones_after(organization: Organization, now: datetime) -> list[dict[str, Any]]:
    """Return the former zones of an organization that changes its zone now, as `{name, until}`."""
    in_force = {"name": _zone_at(organization, now), "until": clock.to_text(now + _NOTICE)}
    # Another change within the notice replaces the one that was not in effect yet.
    return [*(zone for zone in organization.zones if zone["until"] <= clock.to_text(now)), in_force]
