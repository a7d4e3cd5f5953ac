"""The staff's portal: NFC cards."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.card_office import card_states, replacements
from chalicelib.domain.card_office.card_states import CardAtDesk, CardChange
from chalicelib.portals.http.auth import MANAGERS, PEOPLE_READERS, SUPPORTERS
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.admin import cards as schema
from chalicelib.schemas.wire import MoneyOut

bp = Blueprint(__name__)
BASE = "/api/nfc-cards"
_CARD = f"{BASE}/{{card_id}}"
_OF_CARD = (
    Link("admin_card", {"card_id": "/id"}),
    Link("admin_change_card", {"card_id": "/id"}, {"version": "/version"}),
    Link("admin_replace_card", {"card_id": "/id"}),
)


def _card_out(found: CardAtDesk) -> schema.CardDetailsOut:
    return schema.CardDetailsOut(
        id=found.id,
        uid=found.uid,
        type=found.type,
        status=found.status,
        customer_id=found.customer_id,
        merchant_id=found.merchant_id,
        merchant_name=found.merchant_name,
        assigned_at=found.assigned_at,
        blocked_at=found.blocked_at,
        block_reason=found.block_reason,
        replaced_by=found.replaced_by,
        tickets=found.tickets,
        version=found.version,
        ledger=schema.LedgerSummaryOut(
            balance=MoneyOut.read(found.balance),
            entries=found.entries,
            newest=[schema.LedgerLineOut.read(line) for line in found.lines],
        ),
    )


@door(
    bp,
    Route(
        "POST",
        BASE,
        guard=MANAGERS,
        body=schema.CardIn,
        reply=schema.CardDetailsOut,
        status=201,
        idempotent=True,
        audited="card.create",
        refuses=(errors.AlreadyExists, errors.NotFound, errors.InvalidState),
        links=_OF_CARD,
    ),
)
def admin_create_card(call: Call[schema.CardIn, None]) -> schema.CardDetailsOut:
    """Create a card as stock of the platform, or of a shop."""
    body = call.body
    return _card_out(
        card_states.create(body.uid, body.type, merchant_id=body.merchant_id, operation_id=call.operation_id)
    )


@door(
    bp,
    Route("GET", _CARD, guard=PEOPLE_READERS, reply=schema.CardDetailsOut, refuses=(errors.NotFound,), links=_OF_CARD),
)
def admin_card(call: Call[None, None]) -> schema.CardDetailsOut:
    """Show a card with a summary of its ledger."""
    return _card_out(card_states.show(call.path["card_id"]))


@door(
    bp,
    Route(
        "PUT",
        _CARD,
        guard=SUPPORTERS,
        body=schema.CardChangeIn,
        reply=schema.CardDetailsOut,
        idempotent=True,
        audited="card.change",
        refuses=(errors.NotFound, errors.InvalidState, errors.Conflict),
        links=_OF_CARD,
    ),
)
def admin_change_card(call: Call[schema.CardChangeIn, None]) -> schema.CardDetailsOut:
    """Change a card's state; support may only block."""
    body = call.body
    wanted = CardChange(body.status, body.reason, body.version)
    return _card_out(card_states.change(call.path["card_id"], wanted, role=call.principal.claims.get("role")))


@door(
    bp,
    Route(
        "POST",
        f"{_CARD}/transfer",
        guard=MANAGERS,
        body=schema.ReplacementIn,
        reply=schema.ReplacementOut,
        idempotent=True,
        audited="card.replace",
        refuses=(errors.NotFound, errors.InvalidState),
        links=(Link("admin_card", {"card_id": "/to_card_id"}),),
    ),
)
def admin_replace_card(call: Call[schema.ReplacementIn, None]) -> schema.ReplacementOut:
    """Move balance, tickets and customer of a lost card to another card, at once and once."""
    moved = replacements.replace(call.path["card_id"], to=call.body.to_uid, reason=call.body.reason)
    return schema.ReplacementOut.read(moved)
