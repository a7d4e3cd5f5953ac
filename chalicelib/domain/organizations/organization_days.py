"""On which day of an organization something happened, so that its reports never change what they once counted.

A moment's day is that of the time zone that was in force then. A new time zone comes into force a little after it was
chosen, so that whoever counts what happens from then on has heard of it.
"""

from datetime import date, datetime, timedelta
from typing import Any

from chalicelib import clock
from chalicelib.domain import timezones
from chalicelib.table.items import Organization

_NOTICE = timedelta(seconds=60)


def day_of(organization: Organization, moment: datetime) -> date:
    """Return the day of a moment where an organization is."""
    return timezones.local(moment, _zone_at(organization, moment)).date()


def _zone_at(organization: Organization, moment: datetime) -> str:
    text = clock.to_text(moment)
    earlier: list[dict[str, str]] = organization.zones
    return next((zone["name"] for zone in earlier if text < zone["until"]), organization.timezone)


def zones_after(organization: Organization, now: datetime) -> list[dict[str, Any]]:
    """Return the zones that were in force before, of an organization that chooses another one now."""
    in_force = {"name": _zone_at(organization, now), "until": clock.to_text(now + _NOTICE)}
    # Another choice within the notice replaces the one that was not in force yet.
    return [*(zone for zone in organization.zones if zone["until"] <= clock.to_text(now)), in_force]
