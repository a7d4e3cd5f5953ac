"""One worked example per operation: the request's body and the answer's.

The packages mirror the portals, and every module names its examples in `OPERATIONS`. They are read when the OpenAPI
document is built. Tests check each against its schema, and fail for an operation without one. All of them describe
one evening: Ayesha Khan's card at Gate 1.
"""

import pkgutil
from collections.abc import Iterator
from functools import lru_cache
from importlib import import_module

from chalicelib.schemas.examples.shared import CARD_UID, DEVICE_ID, EVENT_ID, LOG_ID, TICKET_ID, Example

_ULID = TICKET_ID.partition("_")[2]

# Values for path variables, in whichever path they occur.
PATH_VALUES = {
    "event_id": EVENT_ID,
    "card_id": CARD_UID,
    "log_id": LOG_ID,
    "device_id": DEVICE_ID,
    "ticket_id": TICKET_ID,
    "job_id": f"job_{_ULID}",
    "dependent_id": f"dpd_{_ULID}",
    "payment_id": f"pay_{_ULID}",
    "payout_id": f"pto_{_ULID}",
    "mobile": "+923001000003",
}


@lru_cache(maxsize=1)
def operations() -> dict[str, Example]:
    """Return the examples by operation id."""
    return dict(_all())


def _all() -> Iterator[tuple[str, Example]]:
    for module in pkgutil.walk_packages(__path__, f"{__name__}."):
        yield from getattr(import_module(module.name), "OPERATIONS", {}).items()
