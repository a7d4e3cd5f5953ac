"""The examples of the web app: family."""

from typing import Any

from chalicelib.schemas.examples.shared import CARD_ID, EVENT_ID, TICKET_ID, Example, page

_SAID: dict[str, Any] = {
    "name": "Sara Khan",
    "relation": "daughter",
    "date_of_birth": "2016-04-09",
    "blood_type": "B+",
    "emergency_contact": {"name": "Bilal Khan", "mobile_number": "+923001000004"},
    "card_id": CARD_ID,
}
_DEPENDENT = {"id": f"dpd_{TICKET_ID.partition('_')[2]}", **_SAID}
_FAVORITE: dict[str, Any] = {
    "event_id": EVENT_ID,
    "added_at": "2026-11-14T18:03:00.000Z",
    "event": {
        "id": EVENT_ID,
        "title": "Gatehouse Demo Night",
        "category": "music",
        "status": "published",
        "starts_at": "2026-11-21T15:00:00.000Z",
        "ends_at": "2026-11-21T21:00:00.000Z",
        "timezone": "Asia/Karachi",
        "venue": {
            "id": None,
            "name": "Alhamra Arts Centre",
            "city": "Lahore",
            "address": None,
            "latitude": None,
            "longitude": None,
        },
        "image_url": None,
        "price_from": {"amount": "1500.00", "currency": "PKR"},
    },
}

OPERATIONS: dict[str, Example] = {
    "customer_dependents": Example(None, page(_DEPENDENT, count=1)),
    "customer_add_dependent": Example(_SAID, _DEPENDENT),
    "customer_replace_dependent": Example(_SAID, _DEPENDENT),
    "customer_remove_dependent": Example(),
    "customer_favorites": Example(None, page(_FAVORITE)),
    "customer_add_favorite": Example({"event_id": EVENT_ID}, _FAVORITE),
    "customer_remove_favorite": Example(),
}
