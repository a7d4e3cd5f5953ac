"""Bodies of the customers' door: registration, log-in, codes, profile."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from chalicelib import clock
from chalicelib.schemas.wire import Day, In, Moment, Name, OneTimeCode, Out, Password, Phone, TokensOut
from chalicelib.vocabulary import AccountStatus, BloodType

# RFC 5321 bounds a path at 256 with its brackets; only mail itself can tell whether an address is one.
Email = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=254, pattern=r"^[^\s@]{1,64}@[^\s@.]+(\.[^\s@.]+)+$")
]
ChallengeId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_]+$")]
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
# S3 takes no larger upload with the form that is given.
_PHOTO_BYTES = 5 * 1024 * 1024


def _iban(value: str) -> str:
    """Return an IBAN as it is stored, if its check digits are right (ISO 13616: modulo 97 is 1)."""
    plain = value.replace(" ", "").upper()
    if not _IBAN.fullmatch(plain) or int("".join(str(int(c, 36)) for c in plain[4:] + plain[:4])) % 97 != 1:
        raise ValueError("must be an IBAN with right check digits, such as PK36SCBL0000001123456702")
    return plain


def _past(value: Day) -> Day:
    if value > clock.now().date():
        raise ValueError("must not lie in the future")
    return value


Iban = Annotated[str, StringConstraints(max_length=42), AfterValidator(_iban)]
Birthday = Annotated[Day, AfterValidator(_past)]


class RegisterIn(In):
    """Who wants to register; the password has at least ten characters."""

    mobile_number: Phone
    password: Password
    name: Name
    email: Email | None = None
    date_of_birth: Birthday | None = None


class LoginIn(In):
    """A customer's log-in."""

    mobile_number: Phone
    password: Password


class VerifyIn(In):
    """The code that was sent, and what for: the challenge, or the number where that is not at hand."""

    challenge_id: ChallengeId | None = None
    mobile_number: Phone | None = None
    otp: OneTimeCode

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if self.challenge_id is None and self.mobile_number is None:
            raise ValueError("needs challenge_id or mobile_number")
        return self


class ResendIn(In):
    """The challenge that wants a new code."""

    challenge_id: ChallengeId


class ForgotPasswordIn(In):
    """Whose password is forgotten."""

    mobile_number: Phone


class ResetPasswordIn(In):
    """The code that was sent to the number, and the new password of at least ten characters."""

    mobile_number: Phone
    otp: OneTimeCode
    new_password: Password


class ChangePasswordIn(In):
    """The old password, and the new one of at least ten characters."""

    old_password: Password
    new_password: Password


class ChallengeOut(Out):
    """What the code will be asked with; `expires_in` is in seconds. The same whether or not a code was sent."""

    otp_required: bool
    challenge_id: str
    expires_in: int


class ContactIn(In):
    """Whom to call."""

    name: Name
    mobile_number: Phone


class BankAccountIn(In):
    """Where the customer is paid: an IBAN (ISO 13616) and whose it is."""

    title: Name
    iban: Iban


class PhotoIn(In):
    """The photo that is to be uploaded: its type, and its size in bytes."""

    content_type: Literal["image/jpeg", "image/png", "image/webp"]
    size: Annotated[int, Field(ge=1, le=_PHOTO_BYTES)]


class ProfileIn(In):
    """What to change: null clears a field, one that is left out stays.

    `photo` asks for `photo_upload`, a form that the photo is posted with; its `key`, sent as `photo_key`, then
    makes the upload the customer's photo.
    """

    name: Annotated[Name, Field(description="Cannot be cleared.")] = ""
    email: Email | None = None
    date_of_birth: Birthday | None = None
    emergency_contact: ContactIn | None = None
    blood_type: BloodType | None = None
    bank_account: BankAccountIn | None = None
    photo: PhotoIn | None = None
    photo_key: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None


class ContactOut(Out):
    """Whom to call."""

    name: str
    mobile_number: str


class BankAccountOut(Out):
    """Where the customer is paid; the IBAN is masked."""

    title: str
    iban: str


class UploadOut(Out):
    """A form to post a photo with: `fields` first, then `file`."""

    url: str
    fields: dict[str, str]
    expires_at: Moment


class CustomerOut(Out):
    """A customer as they see themselves."""

    id: str
    mobile_number: str
    name: str
    email: str | None
    photo_url: str | None
    date_of_birth: str | None
    emergency_contact: ContactOut | None
    blood_type: BloodType | None
    labels: list[str]
    status: AccountStatus
    fee_paid: bool
    created_at: Moment


class MeOut(CustomerOut):
    """A customer's own account."""

    bank_account: BankAccountOut | None


class ProfileOut(MeOut):
    """A customer's own account as it is now; `photo_upload` is there where it was asked for."""

    photo_upload: UploadOut | None


class LoggedInOut(TokensOut):
    """The first tokens of a session, and whose it is."""

    customer: CustomerOut
