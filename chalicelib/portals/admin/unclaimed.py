"""The staff's portal: leftover money."""

from typing import Any

from chalice import Blueprint

from chalicelib import clock, errors
from chalicelib.domain.card_office import leftover_answers
from chalicelib.domain.card_office.leftover_answers import LeftoverOutcome
from chalicelib.domain.lists.leftovers import LEFTOVERS
from chalicelib.domain.money import Money
from chalicelib.portals.http.auth import MANAGERS, READERS
from chalicelib.portals.http.door import door
from chalicelib.portals.http.list_doors import list_door
from chalicelib.portals.http.list_pages import list_page, list_query
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.admin import unclaimed as schema
from chalicelib.schemas.admin.lists import ListIn
from chalicelib.schemas.wire import MoneyOut, PageOut

bp = Blueprint(__name__)
_BASE = "/api/finances/unclaimed"


class UnclaimedListIn(schema.UnclaimedIn, list_query(LEFTOVERS)):  # type: ignore[misc]  # made from the declaration
    """A page of leftover money, by default of 30 days and older, the oldest first.

    With `kind=undelivered_refund` alone it has those of today too.
    """


_QUERY: type[ListIn] = UnclaimedListIn


def _leftover_out(left: Any) -> schema.LeftoverOut:
    return schema.LeftoverOut(
        id=left.leftover_id,
        kind=left.leftover_kind,
        card_id=left.card_id,
        payment_id=left.payment_id,
        customer_id=left.customer_id,
        amount=MoneyOut.read(Money(left.amount, left.currency)),
        since=left.since,
        age_days=(clock.now() - left.since).days,
        asked_by=left.asked_by,
        asked_for=left.asked_for,
    )


def _outcome_out(outcome: LeftoverOutcome) -> schema.OutcomeOut:
    answer = outcome.answer
    return schema.OutcomeOut(
        id=outcome.id,
        state=outcome.state,
        amount=MoneyOut.read(answer.amount) if answer else None,
        rest=MoneyOut.read(answer.rest) if answer else None,
        code=outcome.code,
        message=outcome.message,
    )


@list_door(
    bp,
    LEFTOVERS,
    Route(
        "GET",
        _BASE,
        guard=READERS,
        query=_QUERY,
        reply=PageOut[schema.LeftoverOut],
        links=(Link("admin_unclaimed", {"cursor": "/next"}),),
    ),
)
def admin_unclaimed(call: Call[None, ListIn]) -> PageOut[schema.LeftoverOut]:
    """List leftover money by age: on cards out of use, on cards that nobody uses, of refunds that failed."""
    return PageOut.of(list_page(LEFTOVERS, call), _leftover_out)


@door(
    bp,
    Route(
        "POST",
        _BASE,
        guard=MANAGERS,
        body=schema.UnclaimedActIn,
        reply=schema.OutcomesOut,
        idempotent=True,
        audited="leftover.return",
        refuses=(errors.NotFound, errors.InvalidState, errors.SecondPersonNeeded),
    ),
)
def admin_return_unclaimed(call: Call[schema.UnclaimedActIn, None]) -> schema.OutcomesOut:
    """Pay leftover money back the way it came, or send its customer a link that claims it."""
    body = call.body
    outcomes = leftover_answers.act(body.named(), body.action, by=call.principal.id, operation_id=call.operation_id)
    return schema.OutcomesOut(results=[*map(_outcome_out, outcomes)])
