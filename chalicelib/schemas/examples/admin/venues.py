"""The examples of the staff's portal: venues."""

from typing import Any

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import ULID, Example, page

_VENUE: dict[str, Any] = {
    "id": demo.KNOWN_VENUE_ID,
    "name": demo.KNOWN_VENUE.name,
    "address": None,
    "city": demo.KNOWN_VENUE.city,
    "country": None,
    "latitude": None,
    "longitude": None,
    "capacity": None,
    "gates": [],
    "events": 1,
    "created_at": "2026-11-20T16:00:00.000Z",
    "version": 0,
}
_HALL = {
    "name": "Alhamra Hall 2",
    "address": "68 Shahrah-e-Quaid-e-Azam",
    "city": "Lahore",
    "country": "Pakistan",
    "latitude": "31.5546",
    "longitude": "74.3331",
    "capacity": 450,
    "gates": ["Main gate", "Garden gate"],
}
_ADDED = {**_HALL, "id": f"ven_{ULID}", "events": 0, "created_at": "2026-11-20T16:00:00.000Z", "version": 0}

OPERATIONS: dict[str, Example] = {
    "admin_venues": Example(answer=page(_VENUE)),
    "admin_create_venue": Example(_HALL, _ADDED),
    "admin_venue": Example(answer=_VENUE),
    "admin_change_venue": Example({"capacity": 5000, "version": 0}, {**_VENUE, "capacity": 5000, "version": 1}),
    "admin_delete_venue": Example(),
}
