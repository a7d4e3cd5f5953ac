"""The customers' door: dependents and favourites."""

from dataclasses import asdict
from typing import Any

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.customers import dependents, favorites
from chalicelib.domain.customers.customers import EmergencyContact
from chalicelib.domain.customers.dependents import DependentDetails, OwnDependent
from chalicelib.domain.paging import Page
from chalicelib.portals.http.auth import CUSTOMER
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.webapp import family as schema
from chalicelib.schemas.wire import PageIn, PageOut

bp = Blueprint(__name__)
BASE = "/api/v1"


def _details(body: schema.DependentIn) -> DependentDetails:
    said = {name: getattr(body, name) for name in schema.DependentIn.model_fields}
    contact = body.emergency_contact
    return DependentDetails(
        **{**said, "emergency_contact": EmergencyContact(contact.name, contact.mobile_number) if contact else None}
    )


def _out(dependent: OwnDependent) -> dict[str, Any]:
    return {"id": dependent.id, **asdict(dependent.details)}


@door(
    bp,
    Route(
        "GET",
        f"{BASE}/users/dependents",
        guard=CUSTOMER,
        reply=PageOut[schema.DependentOut],
        links=(
            Link("customer_replace_dependent", {"dependent_id": "/results/0/id"}),
            Link("customer_remove_dependent", {"dependent_id": "/results/0/id"}),
        ),
    ),
)
def customer_dependents(call: Call[None, None]) -> Any:
    """List the customer's dependents."""
    found = dependents.of(call.principal.id)
    return Page(results=[_out(one) for one in found], count=len(found))


@door(
    bp,
    Route(
        "POST",
        f"{BASE}/users/dependents",
        guard=CUSTOMER,
        body=schema.DependentIn,
        reply=schema.DependentOut,
        status=201,
        idempotent=True,
        refuses=(errors.Conflict, errors.NotFound),
    ),
)
def customer_add_dependent(call: Call[schema.DependentIn, None]) -> Any:
    """Add a dependent; a customer has ten at most."""
    return _out(dependents.add(call.principal.id, _details(call.body), operation_id=call.operation_id))


@door(
    bp,
    Route(
        "PUT",
        f"{BASE}/users/dependents/{{dependent_id}}",
        guard=CUSTOMER,
        body=schema.DependentIn,
        reply=schema.DependentOut,
        refuses=(errors.NotFound,),
    ),
)
def customer_replace_dependent(call: Call[schema.DependentIn, None]) -> Any:
    """Replace what is said of a dependent."""
    return _out(dependents.replace(call.principal.id, call.path["dependent_id"], _details(call.body)))


@door(
    bp,
    Route(
        "DELETE", f"{BASE}/users/dependents/{{dependent_id}}", guard=CUSTOMER, status=204, refuses=(errors.NotFound,)
    ),
)
def customer_remove_dependent(call: Call[None, None]) -> Any:
    """Remove a dependent; tickets bought for them stay."""
    dependents.remove(call.principal.id, call.path["dependent_id"])


@door(
    bp,
    Route(
        "GET",
        f"{BASE}/users/favorites",
        guard=CUSTOMER,
        query=PageIn,
        reply=PageOut[schema.FavoriteOut],
        links=(
            Link("public_event", {"event_id": "/results/0/event_id"}),
            Link("customer_remove_favorite", {"event_id": "/results/0/event_id"}),
        ),
    ),
)
def customer_favorites(call: Call[None, PageIn]) -> Any:
    """List the events that the customer likes, the newest event first."""
    return favorites.of(call.principal.id, page_size=call.query.page_size, cursor=call.query.cursor)


@door(
    bp,
    Route(
        "POST",
        f"{BASE}/users/favorites",
        guard=CUSTOMER,
        body=schema.FavoriteIn,
        reply=schema.FavoriteOut,
        status=201,
        refuses=(errors.NotFound,),
    ),
)
def customer_add_favorite(call: Call[schema.FavoriteIn, None]) -> Any:
    """Add an event to the favourites; adding it again changes nothing."""
    return favorites.add(call.principal.id, call.body.event_id)


@door(bp, Route("DELETE", f"{BASE}/users/favorites/{{event_id}}", guard=CUSTOMER, status=204))
def customer_remove_favorite(call: Call[None, None]) -> Any:
    """Take an event out of the favourites."""
    favorites.remove(call.principal.id, call.path["event_id"])
