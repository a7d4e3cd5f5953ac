"""The web app: dependents and favourites."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.customers import dependents, favorites
from chalicelib.domain.customers.customers import EmergencyContact
from chalicelib.domain.customers.dependents import DependentDetails, OwnDependent
from chalicelib.portals.http.auth import CUSTOMER
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.webapp import family as schema
from chalicelib.schemas.webapp.accounts import ContactOut
from chalicelib.schemas.wire import PageIn, PageOut

bp = Blueprint(__name__)
BASE = "/api/v1"


def _details(body: schema.DependentIn) -> DependentDetails:
    contact = body.emergency_contact
    return DependentDetails(
        name=body.name,
        relation=body.relation,
        date_of_birth=body.date_of_birth,
        blood_type=body.blood_type,
        emergency_contact=EmergencyContact(contact.name, contact.mobile_number) if contact else None,
        card_id=body.card_id,
    )


def _dependent_out(dependent: OwnDependent) -> schema.DependentOut:
    details = dependent.details
    contact = details.emergency_contact
    return schema.DependentOut(
        id=dependent.id,
        name=details.name,
        relation=details.relation,
        date_of_birth=details.date_of_birth,
        blood_type=details.blood_type,
        emergency_contact=ContactOut.read(contact) if contact else None,
        card_id=details.card_id,
    )


@door(
    bp,
    Route(
        "GET",
        f"{BASE}/users/dependents",
        guard=CUSTOMER,
        query=PageIn,
        reply=PageOut[schema.DependentOut],
        links=(
            Link("customer_dependents", {"cursor": "/next"}),
            Link("customer_change_dependent", {"dependent_id": "/results/0/id"}),
            Link("customer_remove_dependent", {"dependent_id": "/results/0/id"}),
        ),
    ),
)
def customer_dependents(call: Call[None, PageIn]) -> PageOut[schema.DependentOut]:
    """List the customer's dependents."""
    page = dependents.page(call.principal.id, page_size=call.query.page_size, cursor=call.query.cursor)
    return PageOut.of(page, _dependent_out)


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
        links=(
            Link("customer_change_dependent", {"dependent_id": "/id"}),
            Link("customer_remove_dependent", {"dependent_id": "/id"}),
        ),
    ),
)
def customer_add_dependent(call: Call[schema.DependentIn, None]) -> schema.DependentOut:
    """Add a dependent; a customer has at most ten."""
    return _dependent_out(dependents.add(call.principal.id, _details(call.body), operation_id=call.operation_id))


@door(
    bp,
    Route(
        "PUT",
        f"{BASE}/users/dependents/{{dependent_id}}",
        guard=CUSTOMER,
        body=schema.DependentChangeIn,
        reply=schema.DependentOut,
        refuses=(errors.NotFound,),
    ),
)
def customer_change_dependent(call: Call[schema.DependentChangeIn, None]) -> schema.DependentOut:
    """Change the details of a dependent."""
    changes = call.body.model_dump(mode="json", exclude_unset=True)
    return _dependent_out(dependents.change(call.principal.id, call.path["dependent_id"], changes))


@door(
    bp,
    Route(
        "DELETE", f"{BASE}/users/dependents/{{dependent_id}}", guard=CUSTOMER, status=204, refuses=(errors.NotFound,)
    ),
)
def customer_remove_dependent(call: Call[None, None]) -> None:
    """Remove a dependent; their tickets remain."""
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
def customer_favorites(call: Call[None, PageIn]) -> PageOut[schema.FavoriteOut]:
    """List the customer's favourite events, the latest event first."""
    page = favorites.of(call.principal.id, page_size=call.query.page_size, cursor=call.query.cursor)
    return PageOut.of(page, schema.FavoriteOut.read)


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
def customer_add_favorite(call: Call[schema.FavoriteIn, None]) -> schema.FavoriteOut:
    """Add an event to the favourites; adding it again changes nothing."""
    return schema.FavoriteOut.read(favorites.add(call.principal.id, call.body.event_id))


@door(bp, Route("DELETE", f"{BASE}/users/favorites/{{event_id}}", guard=CUSTOMER, status=204))
def customer_remove_favorite(call: Call[None, None]) -> None:
    """Remove an event from the favourites."""
    favorites.remove(call.principal.id, call.path["event_id"])
