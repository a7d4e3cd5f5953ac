"""The staff's portal: NFC cards."""

from typing import Any

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.card_office import bulk_cards, card_states, replacements
from chalicelib.domain.card_office.bulk_cards import BulkInput
from chalicelib.domain.card_office.card_states import CardAtDesk, CardChange
from chalicelib.domain.lists.cards import CARDS
from chalicelib.identifiers import created_at
from chalicelib.portals.http.auth import MANAGERS, PEOPLE_READERS, SUPPORTERS
from chalicelib.portals.http.door import door
from chalicelib.portals.http.list_doors import list_door
from chalicelib.portals.http.list_pages import list_page, list_query
from chalicelib.portals.http.route import Call, FormBody, Link, Route
from chalicelib.schemas.admin import cards as schema
from chalicelib.schemas.admin.lists import ListIn
from chalicelib.schemas.platform import BackgroundJobOut
from chalicelib.schemas.wire import MoneyOut, PageOut

bp = Blueprint(__name__)
BASE = "/api/nfc-cards"
# Ten thousand UIDs in JSON or CSV, with room for names in other columns.
_LIST_LIMIT = 1024 * 1024
_CARD = f"{BASE}/{{card_id}}"
_OF_CARD = (
    Link("admin_card", {"card_id": "/id"}),
    Link("admin_change_card", {"card_id": "/id"}, {"version": "/version"}),
    Link("admin_replace_card", {"card_id": "/id"}),
)


def _listed_out(card: Any) -> schema.CardOut:
    return schema.CardOut(
        id=card.card_id,
        uid=card.uid,
        type=card.type,
        status=card.status,
        customer_id=card.customer_id,
        merchant_id=card.merchant_id,
        created_at=created_at(card.card_id),
        assigned_at=card.assigned_at,
        blocked_at=card.blocked_at,
        version=card.version or 0,
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
        created_at=created_at(found.id),
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


@list_door(
    bp,
    CARDS,
    Route(
        "GET",
        BASE,
        guard=PEOPLE_READERS,
        query=list_query(CARDS),
        reply=PageOut[schema.CardOut],
        links=(Link("admin_card", {"card_id": "/results/0/id"}), Link("admin_cards", {"cursor": "/next"})),
    ),
)
def admin_cards(call: Call[None, ListIn]) -> PageOut[schema.CardOut]:
    """List cards, newest first; search finds the beginning of a UID."""
    return PageOut.of(list_page(CARDS, call), _listed_out)


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
    Route(
        "POST",
        f"{BASE}/bulk",
        guard=MANAGERS,
        body=schema.BulkIn,
        reply=schema.BulkOut,
        status=202,
        limit=_LIST_LIMIT,
        form=FormBody(_LIST_LIMIT, files=("csv",)),
        idempotent=True,
        audited="card.bulk",
        refuses=(errors.NotFound, errors.InvalidState),
        links=(Link("admin_bulk_cards_progress", {"job_id": "/job_id"}),),
    ),
)
def admin_bulk_cards(call: Call[schema.BulkIn, None]) -> schema.BulkOut:
    """Create, hand to a shop, activate or block up to 10,000 cards, in the background."""
    body = call.body
    wanted = BulkInput(
        body.action,
        cards=body.cards,
        csv=call.files.get("csv", body.csv),
        merchant_id=body.merchant_id,
        reason=body.reason,
    )
    return schema.BulkOut.read(bulk_cards.begin(wanted, by=call.principal.id, operation_id=call.operation_id))


@door(
    bp,
    Route(
        "GET",
        f"{BASE}/bulk",
        guard=PEOPLE_READERS,
        query=schema.BulkQuery,
        reply=BackgroundJobOut,
        refuses=(errors.NotFound,),
    ),
)
def admin_bulk_cards_progress(call: Call[None, schema.BulkQuery]) -> BackgroundJobOut:
    """Show how far bulk work on cards came, with the errors of its rows."""
    return BackgroundJobOut.read(bulk_cards.progress(call.query.job_id, starter_id=call.principal.id))


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
