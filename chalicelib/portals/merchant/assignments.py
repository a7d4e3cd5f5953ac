"""The merchants' portal: customers, and the cards assigned to them."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.merchants import assignments, customer_lookup
from chalicelib.domain.merchants.assignments import AssignmentWithCard
from chalicelib.domain.merchants.card_holds import AssignmentInput
from chalicelib.portals.http import refusals
from chalicelib.portals.http.auth import MERCHANT
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.portals.merchant.cards import card_out
from chalicelib.schemas.merchant import assignments as schema
from chalicelib.schemas.wire import MoneyOut

bp = Blueprint(__name__)
BASE = "/api/merchant"


def _held_out(held: AssignmentWithCard) -> schema.AssignmentOut:
    return schema.AssignmentOut(
        assignment_id=held.assignment.assignment_id,
        status=held.status,
        card=card_out(held.shop_card),
        fee=MoneyOut.read(held.fee),
        expires_at=held.assignment.expires_at,
    )


def _handed_over_out(held: AssignmentWithCard) -> schema.HandedOverOut:
    return schema.HandedOverOut(
        status=held.status,
        assignment_id=held.assignment.assignment_id,
        card=card_out(held.shop_card),
        fee=MoneyOut.read(held.fee),
        fee_to_return=MoneyOut.read(held.fee_to_return),
        note=held.note,
    )


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
def merchant_verify_customer(call: Call[None, None]) -> schema.RecipientOut:
    """Return whether a number belongs to a customer, and whether they have paid for a card."""
    return schema.RecipientOut.read(customer_lookup.look_up(call.principal.id, call.path["mobile"]))


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
def merchant_assign_card(call: Call[schema.AssignIn, None]) -> schema.AssignmentOut:
    """Hold a card for a customer for ten minutes, and send the customer its confirmation code."""
    body = call.body
    wanted = AssignmentInput(
        card=body.card, customer=body.customer, fee_collected=body.fee_collected, card_field=body.card_field
    )
    return _held_out(assignments.assign(call.principal.id, wanted, operation_id=call.operation_id))


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
def merchant_send_customer_otp(call: Call[schema.SendCodeIn, None]) -> schema.SentOut:
    """Send a customer a code, for an assignment or before it."""
    return schema.SentOut.read(assignments.send_code(call.principal.id, call.body.name))


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
def merchant_verify_customer_otp(call: Call[schema.VerifyCodeIn, None]) -> schema.HandedOverOut:
    """Assign a held card to its customer by the code."""
    body = call.body
    held = assignments.verify(
        call.principal.id, body.name, body.otp, address=call.address, operation_id=call.operation_id
    )
    return _handed_over_out(held)
