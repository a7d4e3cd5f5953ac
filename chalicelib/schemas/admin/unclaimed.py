"""Bodies of the staff's portal: leftover money."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from chalicelib import clock
from chalicelib.schemas.wire import Id, In, Moment, MoneyOut, Out
from chalicelib.vocabulary.cards import LeftoverAction, LeftoverKind, LeftoverState

_Ids = Annotated[list[Id], Field(min_length=1, max_length=20)]


def _is_undelivered(kind: Any) -> bool:
    return str(kind).lower().replace(" ", "_") == LeftoverKind.UNDELIVERED_REFUND


class UnclaimedIn(In):
    """How old a leftover is at least, in days since the last movement.

    Refunds that could not be delivered are owed at once: a list of them alone has no least age unless one is named.
    """

    age: Literal["30", "90", "365"] = "30"

    @model_validator(mode="before")
    @classmethod
    def _of_age(cls, sent: Any) -> Any:
        if not isinstance(sent, dict) or ("age" not in sent and _is_undelivered(sent.get("kind"))):
            return sent
        if sent.get("since_to") is None and sent.get("age", "30") in ("30", "90", "365"):
            day = clock.now().date() - timedelta(days=int(sent.get("age", "30")))
            return {**sent, "since_to": day.isoformat()}
        return sent


class LeftoverOut(Out):
    """Leftover money and its age; `card_id` or `payment_id` says where it is."""

    id: str
    kind: LeftoverKind
    card_id: str | None
    payment_id: str | None
    customer_id: str | None
    amount: MoneyOut
    since: Moment
    age_days: int
    asked_by: str | None = Field(description="The member of staff who asked first, above the threshold.")
    asked_for: LeftoverAction | None


class UnclaimedActIn(In):
    """The leftovers by their ids, at most 20, and what to do about each."""

    ids: _Ids | None = None
    card_ids: _Ids | None = None
    action: LeftoverAction

    @model_validator(mode="after")
    def _named_once(self) -> "UnclaimedActIn":
        if (self.ids is None) == (self.card_ids is None):
            raise ValueError("name the leftovers by one of ids and card_ids")
        return self

    def named(self) -> list[str]:
        """Return the ids of the leftovers."""
        return [*(self.ids or ()), *(self.card_ids or ())]


class OutcomeOut(Out):
    """What became of one leftover: what moves, what stays, or why not."""

    id: str
    state: LeftoverState
    amount: MoneyOut | None
    rest: MoneyOut | None
    code: str | None
    message: str | None


class OutcomesOut(Out):
    """What became of each leftover."""

    results: list[OutcomeOut]
