"""Time zones by IANA name."""

from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from chalicelib import time_zones
from chalicelib.errors import ValidationFailed

_MOMENT = timedelta(microseconds=1)


def require_known(name: str) -> str:
    """Return a time zone's name from outside. Raises ValidationFailed for one without rules here."""
    if not time_zones.is_known(name):
        raise ValidationFailed(details=[{"field": "timezone", "message": time_zones.UNKNOWN}])
    return name


@lru_cache(maxsize=64)
def zone(name: str) -> tzinfo:
    """Return a time zone by IANA name; UTC if its rules are gone, since every report needs one."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC


def local(moment: datetime, name: str) -> datetime:
    """Return a time converted to a time zone."""
    return moment.astimezone(zone(name))


def in_words(moment: datetime, name: str) -> str:
    """Return a time as a sentence names it, in a time zone: `23:44 on 27 November 2026 (Asia/Karachi)`."""
    there = local(moment, name)
    return f"{there:%H:%M} on {there.day} {there:%B %Y} ({name})"


def days(starts_at: datetime, ends_at: datetime, name: str) -> tuple[date, date]:
    """Return the first and the last day of what takes place in a time zone; an end at midnight is of the day before."""
    return local(starts_at, name).date(), local(max(starts_at, ends_at - _MOMENT), name).date()
