"""One worked example per operation: the request's body and the answer's.

The packages mirror the portals, and every module names its examples in `OPERATIONS`. They are read when the OpenAPI
document is built. Tests check each against its schema, and fail for an operation without one. All of them show
the demo data, and a test sends each of them to it.
"""

import pkgutil
from collections.abc import Iterator
from functools import lru_cache
from importlib import import_module

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import DEVICE_ID, LOG_ID, SESSION_ID, ULID, USHER_ID, Example

# Values for path variables, in whichever path they occur.
PATH_VALUES = {
    "event_id": demo.EVENT_ID,
    "card_id": demo.CARD_UID,
    "log_id": LOG_ID,
    "device_id": DEVICE_ID,
    "ticket_id": demo.HOLDER.ticket_id,
    "job_id": f"job_{ULID}",
    "batch_id": f"bat_{ULID}",
    "dependent_id": f"dpd_{ULID}",
    "booking_id": f"ord_{ULID}",
    "payment_id": f"pay_{ULID}",
    "payout_id": f"pto_{ULID}",
    "expense_id": f"exp_{ULID}",
    "session_id": SESSION_ID,
    "user_id": f"usr_{ULID}",
    "dispute_id": f"dsp_{ULID}",
    "incident_id": f"inc_{ULID}",
    "request_id": f"rfd_{ULID}",
    "attendance_id": f"att_{ULID}",
    "report_id": f"rep_{ULID}",
    "venue_id": demo.KNOWN_VENUE_ID,
    "customer_id": f"cus_{ULID}",
    "mobile": demo.CUSTOMER_NUMBER,
}

# Where a portal's variable of that name is another kind of id.
_PATH_VALUES_OF_PORTALS = {
    ("admin", "user_id"): USHER_ID,
    ("campus", "event_id"): demo.CAMPUS_EVENT_ID,
    ("campus", "user_id"): demo.STUDENT_ID,
}


def path_values(portal: str) -> dict[str, str]:
    """Return the examples of path variables by name, as a portal reads them."""
    return PATH_VALUES | {name: value for (of, name), value in _PATH_VALUES_OF_PORTALS.items() if of == portal}


@lru_cache(maxsize=1)
def operations() -> dict[str, Example]:
    """Return the examples by operation id."""
    return dict(_all())


def _all() -> Iterator[tuple[str, Example]]:
    for module in pkgutil.walk_packages(__path__, f"{__name__}."):
        yield from getattr(import_module(module.name), "OPERATIONS", {}).items()
