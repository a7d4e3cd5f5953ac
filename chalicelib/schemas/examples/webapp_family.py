"""The examples of the web app: family."""

from typing import Any

from chalicelib.schemas.examples.shared import CARD_ID, TICKET_ID, Example, page

_SAID: dict[str, Any] = {
    "name": "Sara Khan",
    "relation": "daughter",
    "date_of_birth": "2016-04-09",
    "blood_type": "B+",
    "emergency_contact": {"name": "Bilal Khan", "mobile_number": "+923001000004"},
    "card_id": CARD_ID,
}
_DEPENDENT = {"id": f"dpd_{TICKET_ID.partition('_')[2]}", **_SAID}

OPERATIONS: dict[str, Example] = {
    "customer_dependents": Example(None, page(_DEPENDENT, count=1)),
    "customer_add_dependent": Example(_SAID, _DEPENDENT),
    "customer_replace_dependent": Example(_SAID, _DEPENDENT),
    "customer_remove_dependent": Example(),
}
