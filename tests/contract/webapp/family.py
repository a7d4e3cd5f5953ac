"""Requests of the customers' portal: dependents and favourites.

Each takes the ground (tests/contract/ground.py): `ground.customer` is the demo customer's account.
"""

from collections.abc import Callable
from typing import Any

from chalicelib.domain.customers import dependents, favorites
from chalicelib.domain.customers.dependents import DependentDetails
from chalicelib.identifiers import new_id
from chalicelib.schemas.examples import demo
from tests.contract.request import Request
from tests.support.factories import make_event

_BODY: dict[str, Any] = {
    "name": "Sara Khan",
    "relation": "daughter",
    "date_of_birth": "2016-04-09",
    "blood_type": "B+",
    "emergency_contact": {"name": "Bilal Khan", "mobile_number": "+923001000004"},
    "card_id": demo.CARD_UID,
}


def _with_room(ground: Any) -> None:
    for one in dependents.of(ground.customer.account_id)[3:]:
        dependents.remove(ground.customer.account_id, one.id)


def _listed(ground: Any) -> Request:
    _with_room(ground)
    return Request()


def _added(ground: Any) -> Request:
    _with_room(ground)
    return Request(_BODY)


def _one(ground: Any) -> str:
    _with_room(ground)
    return dependents.add(ground.customer.account_id, DependentDetails("Omar", "son"), operation_id=new_id("op")).id


def _liked(ground: Any) -> Request:
    """Ask for favourites, of which there are some."""
    while len(favorites.of(ground.customer.account_id, page_size=5, cursor=None).results) < 3:
        favorites.add(ground.customer.account_id, make_event().event_id)
    return Request()


REQUESTS: dict[str, Callable[[Any], Request]] = {
    "customer_dependents": _listed,
    "customer_add_dependent": _added,
    "customer_change_dependent": lambda ground: Request(_BODY, path={"dependent_id": _one(ground)}),
    "customer_remove_dependent": lambda ground: Request(path={"dependent_id": _one(ground)}),
    "customer_favorites": _liked,
    "customer_add_favorite": lambda _: Request({"event_id": demo.EVENT_ID}),
    "customer_remove_favorite": lambda _: Request(path={"event_id": demo.EVENT_ID}),
}
