"""Bodies of the web app: registration, log-in, codes, profile."""

from datetime import date
from typing import Annotated, Self

from pydantic import Field, model_validator

from chalicelib.schemas.log_ins import ChallengeId
from chalicelib.schemas.platform_names import PublicName
from chalicelib.schemas.profiles import (
    WRITTEN_AS_JSON,
    BankAccountIn,
    BankAccountOut,
    Email,
    PictureSize,
    PictureType,
    UploadKey,
    UploadOut,
)
from chalicelib.schemas.texts import Name
from chalicelib.schemas.wire import (
    AnyPhone,
    Birthday,
    ChangeIn,
    In,
    Moment,
    NewPassword,
    OneTimeCode,
    Out,
    Password,
    Phone,
    ResetCode,
    TokensOut,
)
from chalicelib.vocabulary.access import AccountStatus
from chalicelib.vocabulary.customers import BloodType, Language


class RegisterIn(In):
    """A registration."""

    mobile_number: Phone
    password: NewPassword
    name: PublicName
    email: Email | None = None
    date_of_birth: Birthday | None = None


class VerifyRegistrationIn(In):
    """The code that was sent, with its challenge, or with the number and the password of the registration."""

    challenge_id: ChallengeId | None = None
    mobile_number: Phone | None = None
    password: Password | None = None
    otp: OneTimeCode

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if self.challenge_id is None and (self.mobile_number is None or self.password is None):
            raise ValueError("needs challenge_id, or mobile_number and password")
        return self


class ResendIn(In):
    """The challenge that needs a new code."""

    challenge_id: ChallengeId


class ForgotPasswordIn(In):
    """The number of the account with the forgotten password."""

    mobile_number: Phone


class ResetPasswordIn(In):
    """The code that was sent to the number, and the new password.

    With the `challenge_id` of the request for the code, nobody's wrong codes by number refuse it.
    """

    challenge_id: ChallengeId | None = None
    mobile_number: Phone
    otp: ResetCode
    new_password: NewPassword


class ContactIn(In):
    """An emergency contact."""

    name: Name
    mobile_number: AnyPhone


class PhotoIn(In):
    """The photo to upload: its type, and its size in bytes."""

    content_type: PictureType
    size: PictureSize


class NotificationsIn(ChangeIn):
    """The channels of notices to change; an omitted one keeps its value, and null goes back to the default."""

    sms: Annotated[bool | None, Field(strict=True)] = None
    email: Annotated[bool | None, Field(strict=True)] = None


class ProfileIn(ChangeIn):
    """The changes: null clears a field, an omitted one keeps its value. A form clears nothing.

    `photo` requests `photo_upload`, a form that uploads the photo; its `key`, sent as `photo_key`, then
    makes the upload the customer's photo. Sent as multipart/form-data, `photo` is the picture itself, and each object
    is written as JSON.
    """

    name: Annotated[PublicName, Field(description="Cannot be cleared.")] = ""
    email: Email | None = None
    date_of_birth: Birthday | None = None
    emergency_contact: Annotated[ContactIn | None, WRITTEN_AS_JSON] = None
    blood_type: BloodType | None = None
    bank_account: Annotated[BankAccountIn | None, WRITTEN_AS_JSON] = None
    notifications: Annotated[
        NotificationsIn | None,
        WRITTEN_AS_JSON,
        Field(description="By default mail where there is an address, else SMS."),
    ] = None
    language: Language | None = None
    photo: PhotoIn | None = None
    photo_key: UploadKey | None = None


class ContactOut(Out):
    """An emergency contact."""

    name: str
    mobile_number: str


class CustomerOut(Out):
    """A customer as they see themselves."""

    id: str
    mobile_number: str
    name: str
    email: str | None
    photo_url: str | None
    date_of_birth: date | None
    emergency_contact: ContactOut | None
    blood_type: BloodType | None
    labels: list[str]
    status: AccountStatus
    fee_paid: bool
    created_at: Moment


class NotificationsOut(Out):
    """The channels by which a customer receives notices, chosen or by default."""

    sms: bool
    email: bool


class MeOut(CustomerOut):
    """A customer's own account."""

    bank_account: BankAccountOut | None
    notifications: NotificationsOut
    language: Language


class ProfileOut(MeOut):
    """A customer's own account after the change; `photo_upload` is set if it was requested."""

    photo_upload: UploadOut | None


class LoggedInOut(TokensOut):
    """The first tokens of a session, and its owner."""

    customer: CustomerOut
