"""Bodies of the customers' door: a customer's NFC cards."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints

from chalicelib.schemas.wire import Amount, BetweenIn, Filter, Id, In, Moment, MoneyOut, Out, PageIn
from chalicelib.vocabulary import CardDelivery, CardRequestStatus, CardStatus, EntryType

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
PaymentToken = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]


class AddressIn(In):
    """An address in parts."""

    line1: Line
    line2: Line | None = None
    city: Line
    region: Line | None = None
    postal_code: Line | None = None
    country: Line | None = None


def _in_lines(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return "\n".join(part for part in AddressIn.model_validate(value).model_dump().values() if part)


Address = Annotated[
    str,
    BeforeValidator(_in_lines, json_schema_input_type=str | AddressIn),
    StringConstraints(strip_whitespace=True, min_length=1, max_length=1300),
]


class CardRequestIn(In):
    """How the card should reach its holder: fetched at a merchant's, or sent to an address."""

    delivery: CardDelivery
    merchant_id: Id | None = None
    address: Address | None = None


class CardRequestOut(Out):
    """A wish for a card, and what the card costs."""

    id: str
    status: CardRequestStatus
    fee: MoneyOut


class MerchantOut(Out):
    """The shop that handed the card out."""

    id: str
    name: str | None


class AutoReloadOut(Out):
    """When the card is topped up by itself, and by how much."""

    enabled: bool
    threshold: MoneyOut
    amount: MoneyOut


class CardOut(Out):
    """A card as its holder sees it."""

    id: str
    uid: str
    status: CardStatus
    balance: MoneyOut
    merchant: MerchantOut | None
    assigned_at: Moment | None
    auto_reload: AutoReloadOut | None


class ReloadIn(In):
    """How much to put on the card, and with what."""

    amount: Amount
    payment_token: PaymentToken | None = None


class AutoReloadIn(In):
    """When to top the card up; without `enabled` nothing else is asked for, and the means of payment is forgotten."""

    enabled: bool
    threshold: Amount | None = None
    amount: Amount | None = None
    payment_token: PaymentToken | None = None


class BlockIn(In):
    """Why the card is to be refused from now on."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)] = Field(
        examples=["lost"]
    )


class TransactionsIn(PageIn, BetweenIn):
    """Which lines of the card's ledger to show; dates are days in UTC or moments."""

    type: Filter[EntryType] | None = None


class TransactionOut(Out):
    """One line of a card's ledger; `amount` is signed, `reference` names what it was for."""

    id: str
    type: EntryType
    amount: MoneyOut
    balance_after: MoneyOut
    reference: str | None
    created_at: Moment
