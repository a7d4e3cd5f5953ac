"""Names of time zones, as the platform accepts them from outside."""

import re
from functools import lru_cache
from zoneinfo import ZoneInfo

# "UTC", or an area and a place (IANA: "Theory and pragmatics of the tz code and data"). It leaves out abbreviations and
# the names that only one machine knows, such as "localtime".
NAME = r"^(UTC|[A-Z][A-Za-z_]+(/[A-Za-z0-9_+-]+){1,2})$"
MOST_CHARACTERS = 64
UNKNOWN = "must be the name of a time zone (IANA), such as Asia/Karachi"


@lru_cache(maxsize=256)
def is_known(name: str) -> bool:
    """Whether a name is an IANA time zone that this platform has the rules of."""
    if len(name) > MOST_CHARACTERS or re.fullmatch(NAME, name) is None:
        return False
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
