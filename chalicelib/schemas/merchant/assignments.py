"""Bodies of the merchants' portal: customers, and the cards assigned to them."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from chalicelib import scanned_text
from chalicelib.schemas.merchant.cards import CardOut
from chalicelib.schemas.wire import Id, In, Moment, MoneyOut, OneTimeCode, Out, Phone, Scanned
from chalicelib.vocabulary.cards import AssignmentStatus

CardName = Annotated[str, StringConstraints(min_length=1, max_length=64), Scanned(scanned_text.card_name)]


class PersonOut(Out):
    """A customer as a shop sees them."""

    id: str
    name: str
    photo_url: str | None
    active_cards: int


class RecipientOut(Out):
    """Whether a number belongs to a customer, and whether they have paid for a card before."""

    registered: bool
    fee_paid: bool
    customer: PersonOut | None


class AssignIn(In):
    """A card and its customer; `fee_collected` confirms that the customer has paid the fee, if one is due."""

    mobile_number: Phone | None = None
    customer_id: Id | None = None
    card_uid: CardName | None = None
    card_id: CardName | None = None
    fee_collected: bool = False

    @model_validator(mode="after")
    def _names_both(self) -> Self:
        if (self.mobile_number is None) == (self.customer_id is None):
            raise ValueError("name the customer by one of mobile_number and customer_id")
        if (self.card_uid is None) == (self.card_id is None):
            raise ValueError("name the card by one of card_uid and card_id")
        return self

    @property
    def customer(self) -> str:
        """The customer's id or number."""
        return self.customer_id or str(self.mobile_number)

    @property
    def card(self) -> str:
        """The card's id or UID."""
        return self.card_id or str(self.card_uid)

    @property
    def card_field(self) -> str:
        """The field that names the card."""
        return "card_uid" if self.card_id is None else "card_id"


class AssignmentOut(Out):
    """A card that is held for a customer until `expires_at`, and its fee."""

    assignment_id: str
    status: AssignmentStatus
    card: CardOut
    fee: MoneyOut
    expires_at: Moment


class _AssignmentNamed(In):
    """An assignment, by its id or by the customer's number."""

    assignment_id: Id | None = None
    mobile_number: Phone | None = None

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if (self.assignment_id is None) == (self.mobile_number is None):
            raise ValueError("send one of assignment_id and mobile_number")
        return self

    @property
    def name(self) -> str:
        """The assignment's id or the customer's number."""
        return self.assignment_id or str(self.mobile_number)


class SendCodeIn(_AssignmentNamed):
    """The assignment that needs a new code, or the number of the customer of the next one."""


class SentOut(Out):
    """A sent code; `expires_in` is its lifetime in seconds, `expires_at` the end of the hold.

    Without an assignment the code is for the shop's next one for this number, which must begin before `expires_at`.
    """

    otp_required: bool = True
    assignment_id: str | None
    expires_in: int
    expires_at: Moment


class VerifyCodeIn(_AssignmentNamed):
    """The code that was sent to the customer; a number selects the shop's open assignment for its owner."""

    otp: OneTimeCode


class HandedOverOut(Out):
    """An assigned card, and the fee that was booked.

    `fee_to_return` was collected and is not due: the customer has paid another shop meanwhile. `note` says so.
    """

    status: AssignmentStatus = Field(examples=["active"])
    assignment_id: str
    card: CardOut
    fee: MoneyOut
    fee_to_return: MoneyOut
    note: str | None = Field(description="What to do about `fee_to_return`.")
