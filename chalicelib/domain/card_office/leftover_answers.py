"""What staff do about leftover money: each of a few leftovers is paid back, or its customer gets a claim link."""

from collections.abc import Sequence

from msgspec import Struct

from chalicelib.domain.card_office import claims, pay_backs, undelivered
from chalicelib.domain.card_office.pay_backs import LeftoverAnswer
from chalicelib.errors import InvalidState, NotFound, Refusal, Unavailable
from chalicelib.identifiers import parse_uid, uid_of_card_id
from chalicelib.vocabulary.cards import LeftoverAction, LeftoverState


class LeftoverOutcome(Struct, frozen=True):
    """What became of one of the leftovers; a refused one says why."""

    id: str
    state: LeftoverState
    answer: LeftoverAnswer | None = None
    code: str | None = None
    message: str | None = None


def act(ids: Sequence[str], action: LeftoverAction, *, by: str, operation_id: str) -> list[LeftoverOutcome]:
    """Pay leftovers back or send claim links, each for itself; idempotent by operation.

    Raises the first refusal if all were refused, Unavailable.
    """
    outcomes, refused = [], list[Refusal]()
    for name in dict.fromkeys(ids):
        try:
            answer = _act(name, action, by=by, operation_id=f"{operation_id}.{name}")
        except Unavailable:
            raise
        except Refusal as refusal:
            refused.append(refusal)
            outcomes.append(LeftoverOutcome(name, LeftoverState.REFUSED, code=refusal.code, message=refusal.text))
        else:
            outcomes.append(LeftoverOutcome(name, answer.state, answer))
    if len(refused) == len(outcomes):
        raise refused[0]
    return outcomes


def _act(name: str, action: LeftoverAction, *, by: str, operation_id: str) -> LeftoverAnswer:
    if name.startswith("pay_"):
        if action is not LeftoverAction.PAY_BACK:
            raise InvalidState("A refund has no claim link. Pay it back.")
        return undelivered.refund_again(name, by=by, operation_id=operation_id)
    uid = uid_of_card_id(name) or parse_uid(name)
    if uid is None:
        raise NotFound("There is no such leftover.")
    if action is LeftoverAction.PAY_BACK:
        return pay_backs.pay_back(uid, by=by, operation_id=operation_id)
    return claims.make_link(uid, by=by, operation_id=operation_id)
