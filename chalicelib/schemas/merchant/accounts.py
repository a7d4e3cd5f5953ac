"""Bodies of the merchants' portal: log-in, settings, change of number."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from chalicelib.schemas.log_ins import ChallengeId
from chalicelib.schemas.platform_names import PublicName
from chalicelib.schemas.profiles import Email
from chalicelib.schemas.texts import LINES, ONE_LINE
from chalicelib.schemas.wire import ChangeIn, In, MoneyOut, OneTimeCode, Out, Password, Phone, TokensOut
from chalicelib.vocabulary.access import AccountStatus

_Address = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), LINES]
_City = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100), ONE_LINE]


class ShopOut(Out):
    """A merchant as they see themselves; `card_fee` is the price of a card."""

    id: str
    name: str
    mobile_number: str
    email: str | None
    address: str
    city: str
    status: AccountStatus
    card_fee: MoneyOut


class ShopLoggedInOut(TokensOut):
    """The first tokens of a session, and its owner."""

    merchant: ShopOut


class NotificationsOut(Out):
    """The channels of a merchant's notifications."""

    sms: bool
    email: bool


class ShopSettingsOut(Out):
    """A shop's settings; fewer cards in stock than `low_stock_threshold` trigger a notification, 0 turns it off."""

    name: str
    email: str | None
    address: str
    city: str
    notifications: NotificationsOut
    low_stock_threshold: int


class NotificationsIn(ChangeIn):
    """The channels to change; an omitted one keeps its value."""

    sms: Annotated[bool, Field(strict=True)] = False
    email: Annotated[bool, Field(strict=True)] = False

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("needs sms or email")
        return self


class ShopSettingsIn(ChangeIn):
    """The changes: null clears a field or goes back to its default, an omitted one keeps its value."""

    name: Annotated[PublicName, Field(description="Cannot be cleared.")] = ""
    email: Email | None = None
    address: _Address | None = None
    city: _City | None = None
    notifications: NotificationsIn | None = None
    low_stock_threshold: Annotated[int, Field(ge=0, le=100_000, strict=True)] | None = None


class ChangeMobileIn(In):
    """The new log-in number, and the password."""

    new_mobile: Phone
    password: Password


class VerifyMobileChangeIn(In):
    """The code that was sent to the new number."""

    challenge_id: ChallengeId
    otp: OneTimeCode
