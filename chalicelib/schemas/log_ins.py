"""Bodies of log-ins by number and code, shared by several portals."""

from typing import Annotated, Self

from pydantic import StringConstraints, model_validator

from chalicelib.schemas.wire import In, NewPassword, OneTimeCode, Out, Password, Phone

ChallengeId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_]+$")]


class MobileLoginIn(In):
    """A log-in by number and password."""

    mobile_number: Phone
    password: Password


class ContactLoginIn(In):
    """An organizer's log-in by the contact's number and the password."""

    contact_mobile: Phone
    password: Password


class VerifyIn(In):
    """The code that was sent, with its challenge, or with the number if the challenge is not known."""

    challenge_id: ChallengeId | None = None
    mobile_number: Phone | None = None
    otp: OneTimeCode

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if self.challenge_id is None and self.mobile_number is None:
            raise ValueError("needs challenge_id or mobile_number")
        return self


class ContactVerifyIn(In):
    """The code that was sent, with its challenge, or with the contact's number if the challenge is not known."""

    challenge_id: ChallengeId | None = None
    contact_mobile: Phone | None = None
    otp: OneTimeCode

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if self.challenge_id is None and self.contact_mobile is None:
            raise ValueError("needs challenge_id or contact_mobile")
        return self


class PasswordChangeIn(In):
    """The old password, and the new one."""

    old_password: Password
    new_password: NewPassword


class ChallengeOut(Out):
    """The challenge of a code; `expires_in` is in seconds. It is the same whether or not a code was sent."""

    otp_required: bool
    challenge_id: str
    expires_in: int
