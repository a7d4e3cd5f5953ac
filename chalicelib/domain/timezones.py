"""Time zones by IANA name."""

from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo


@lru_cache(maxsize=64)
def zone(name: str) -> tzinfo:
    """Return a time zone by IANA name; UTC if unknown, since every report needs one."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC


def local(moment: datetime, name: str) -> datetime:
    """Return a time converted to a time zone."""
    return moment.astimezone(zone(name))
