"""The merchants' door: customers, and the cards that are handed to them."""

from typing import Any

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.merchants import assignments, customer_lookup
from chalicelib.domain.merchants.assignments import AssignmentInput, AssignmentWithCard
from chalicelib.portals.http import refusals
from chalicelib.portals.http.auth import MERCHANT
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.portals.merchant.cards import card_out
from chalicelib.schemas.merchant import assignments as schema

bp = Blueprint(__name__)
BASE = "/api/merchant"


def _handing_out(handing: AssignmentWithCard) -> dict[str, Any]:
    return {
        "assignment_id": handing.assignment.assignment_id,
        "status": handing.status,
        "card": card_out(handing.card),
        "fee": handing.fee,
        "expires_at": handing.assignment.expires_at,
    }


@door(
    bp,
    Route(
        "GET",
        f"{BASE}/verify-customer/{{mobile}}",
        guard=MERCHANT,
        reply=schema.RecipientOut,
        refuses=(errors.ValidationFailed, errors.RateLimited),
        links=(Link("merchant_assign_card", body={"customer_id": "/customer/id"}),),
    ),
)
def merchant_verify_customer(call: Call[None, None]) -> Any:
    """Tell whether a number is a customer's, and whether they have paid for a card."""
    return customer_lookup.look_up(call.principal.id, schema.number_in(call.path["mobile"]))


@door(
    bp,
    Route(
        "POST",
        f"{BASE}/assign-card",
        guard=MERCHANT,
        body=schema.AssignIn,
        reply=schema.AssignmentOut,
        status=201,
        idempotent=True,
        refuses=(errors.NotFound, errors.Conflict, errors.RateLimited),
        links=(
            Link("merchant_send_customer_otp", body={"assignment_id": "/assignment_id"}),
            Link("merchant_verify_customer_otp", body={"assignment_id": "/assignment_id"}),
        ),
    ),
)
def merchant_assign_card(call: Call[schema.AssignIn, None]) -> Any:
    """Hold a card for a customer for ten minutes, and send them the code that makes it theirs."""
    body = call.body
    wanted = AssignmentInput(card=body.card, customer=body.customer, fee_collected=body.fee_collected)
    return _handing_out(assignments.assign(call.principal.id, wanted, operation_id=call.operation_id))


@door(
    bp,
    Route(
        "POST",
        f"{BASE}/send-customer-otp",
        guard=MERCHANT,
        body=schema.SendCodeIn,
        reply=schema.SentOut,
        refuses=(errors.NotFound, errors.InvalidState, errors.RateLimited),
    ),
)
def merchant_send_customer_otp(call: Call[schema.SendCodeIn, None]) -> Any:
    """Send the customer of an assignment a new code."""
    return assignments.send_again(call.principal.id, call.body.name)


@door(
    bp,
    Route(
        "POST",
        f"{BASE}/verify-customer-otp",
        guard=MERCHANT,
        body=schema.VerifyCodeIn,
        reply=schema.HandedOverOut,
        idempotent=True,
        refuses=(*refusals.CODE, errors.NotFound, errors.InvalidState),
    ),
)
def merchant_verify_customer_otp(call: Call[schema.VerifyCodeIn, None]) -> Any:
    """Make a held card its customer's by the code that they were sent."""
    body = call.body
    handing = assignments.verify(
        call.principal.id, body.assignment_id, body.otp, address=call.address, operation_id=call.operation_id
    )
    return _handing_out(handing)
