"""The examples of the web app: family."""

from typing import Any

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import CARD_ID, ULID, Example, page

_SAID: dict[str, Any] = {
    "name": "Sara Khan",
    "relation": "daughter",
    "date_of_birth": "2016-04-09",
    "blood_type": "B+",
    "emergency_contact": {"name": demo.RELATIVE_NAME, "mobile_number": demo.RELATIVE_NUMBER},
    "card_id": demo.CARD_UID,
}
_DEPENDENT = {"id": f"dpd_{ULID}", **_SAID, "card_id": CARD_ID}
_FAVORITE: dict[str, Any] = {
    "event_id": demo.EVENT_ID,
    "added_at": "2026-11-14T18:03:00.000Z",
    "event": {
        "id": demo.EVENT_ID,
        "title": demo.EVENT_TITLE,
        "category": demo.EVENT_CATEGORY,
        "status": "published",
        "starts_at": "2026-11-21T15:00:00.000Z",
        "ends_at": "2026-11-21T21:00:00.000Z",
        "timezone": demo.TIMEZONE,
        "venue": {
            "id": None,
            "name": demo.EVENT_VENUE.name,
            "city": demo.EVENT_VENUE.city,
            "address": None,
            "latitude": None,
            "longitude": None,
        },
        "image_url": None,
        "price_from": demo.money(demo.CHILD.price),
    },
}

OPERATIONS: dict[str, Example] = {
    "customer_dependents": Example(None, page(_DEPENDENT, count=1)),
    "customer_add_dependent": Example(_SAID, _DEPENDENT),
    "customer_change_dependent": Example(_SAID, _DEPENDENT),
    "customer_remove_dependent": Example(),
    "customer_favorites": Example(None, page(_FAVORITE)),
    "customer_add_favorite": Example({"event_id": demo.EVENT_ID}, _FAVORITE),
    "customer_remove_favorite": Example(),
}
