"""Bodies of the web app: a customer's NFC cards."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints

from chalicelib.schemas.texts import LINES, ONE_LINE
from chalicelib.schemas.wire import Amount, BetweenIn, Filter, Id, In, Moment, MoneyOut, Out, PageIn, PageOut
from chalicelib.vocabulary.cards import CardDelivery, CardRequestStatus, CardStatus, EntryType

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), ONE_LINE]
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
    StringConstraints(strip_whitespace=True, min_length=1, max_length=1300),
    LINES,
    BeforeValidator(_in_lines, json_schema_input_type=str | AddressIn),
]


class CardRequestIn(In):
    """The delivery of a card: collected from a merchant, or sent to an address."""

    delivery: CardDelivery
    merchant_id: Id | None = Field(default=None, description="The shop to collect it from; any shop if left out.")
    address: Address | None = None


class CardRequestOut(Out):
    """A request for a card, and its fee."""

    id: str
    status: CardRequestStatus
    fee: MoneyOut


class MerchantOut(Out):
    """The shop that assigned the card."""

    id: str
    name: str | None


class AutoReloadOut(Out):
    """The automatic reload: its threshold and its amount."""

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


class OpenRequestOut(Out):
    """A request for a card that is open, or the last one if it was rejected less than 30 days ago."""

    id: str
    status: CardRequestStatus
    reason: str | None = Field(description="What staff wrote with their answer.")


class CardPage(PageOut[CardOut]):
    """A page of the customer's cards, and their open or rejected request for a card."""

    requests: list[OpenRequestOut]


class ReloadIn(In):
    """The amount of a reload, and the means of payment."""

    amount: Amount
    payment_token: PaymentToken | None = None


class AutoReloadIn(In):
    """The automatic reload; turning it off needs no other field and deletes the means of payment."""

    enabled: bool
    threshold: Amount | None = None
    amount: Amount | None = None
    payment_token: PaymentToken | None = None


class BlockIn(In):
    """The reason for blocking the card."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), LINES] = Field(
        examples=["lost"]
    )


class TransactionsIn(PageIn, BetweenIn):
    """A filter of the card's statement; a date is a day in UTC or a moment."""

    type: Filter[EntryType] | None = None


class TransactionOut(Out):
    """One line of a card's statement; `amount` is signed, `reference` is the id of its cause."""

    id: str
    type: EntryType
    amount: MoneyOut
    balance_after: MoneyOut
    reference: str | None
    created_at: Moment
