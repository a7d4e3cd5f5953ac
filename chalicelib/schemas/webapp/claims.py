"""Bodies of the web app: money that is claimed by a link."""

from typing import Annotated

from pydantic import Field, StringConstraints

from chalicelib.schemas.wire import Id, In, Moment, MoneyOut, Out


class ClaimIn(In):
    """The token of the link, and the customer's own card that gets the money."""

    token: Annotated[str, StringConstraints(min_length=20, max_length=128, pattern=r"^[A-Za-z0-9_-]+$")] = Field(
        description="What stands behind `#` in the link that was sent."
    )
    card_id: Id


class ClaimOut(Out):
    """The money that was claimed, and the card that has it now."""

    claim_id: str
    card_id: str
    amount: MoneyOut
    claimed_at: Moment
