"""Which portal a path belongs to."""

from chalicelib.vocabulary.access import Portal

# What follows /api/ on each portal's paths; every other path there is the staff's.
_PORTALS = {portal.value: portal for portal in Portal} | {"v1": Portal.WEBAPP}
# A report may bring a photo, which only the API's function decodes.
INCIDENT_REPORT = "/api/usher/scan/report"
_PLATFORM = "platform"
_OF_GATES = (Portal.USHER, Portal.DEVICE)
_PLATFORM_PARTS = ("docs", "jobs", "live.js", "openapi.json", "realtime", "sessions")


def portal_of(path: str) -> str:
    """Return the portal whose page of the contract describes a path; `platform` where none does."""
    first = path.split("/")[2] if path.startswith("/api/") else None
    if first is None or first in _PLATFORM_PARTS:
        return _PLATFORM
    return _PORTALS.get(first, Portal.ADMIN).value


def is_of_gates(path: str) -> bool:
    """Whether a path belongs to the gates, whose routes do not share their capacity with others (D-SEC-61)."""
    return portal_of(path) in _OF_GATES and path.rstrip("/") != INCIDENT_REPORT
