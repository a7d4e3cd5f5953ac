"""Time zones by their names."""

from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo


@lru_cache(maxsize=64)
def zone(name: str) -> tzinfo:
    """Return a time zone (IANA) by its name; UTC where there is none of this name, as every report must have one."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC


def local(moment: datetime, name: str) -> datetime:
    """Return a moment as the clocks of a time zone show it."""
    return moment.astimezone(zone(name))
