"""Bodies of Tix: registration and log-in."""

from typing import Annotated, Self

from pydantic import AliasChoices, Field, StringConstraints, model_validator

from chalicelib import scanned_text
from chalicelib.schemas.platform_names import PublicName, imitates_platform
from chalicelib.schemas.profiles import Email
from chalicelib.schemas.texts import Name
from chalicelib.schemas.wire import In, NewPassword, OneTimeCode, Out, Password, ResetCode, Scanned
from chalicelib.vocabulary.access import TixRole

InviteCode = Annotated[str, StringConstraints(min_length=1, max_length=100), Scanned(scanned_text.invite_code)]


class RegisterIn(In):
    """A registration: with an invite code it joins an organization, without one it founds one.

    An organization without a name gets the name of its founder.
    """

    email: Email
    password: NewPassword
    name: Name
    organization: PublicName | None = None
    invite_code: InviteCode | None = None

    @model_validator(mode="after")
    def _does_not_name_the_platform(self) -> Self:
        if self.organization is None and self.invite_code is None and imitates_platform(self.name):
            raise ValueError("needs an `organization`, since `name` reads as a name of the platform")
        return self


class LoginIn(In):
    """A user's email address and password."""

    email: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=254)]
    password: Password


class VerifyEmailIn(In):
    """The caller's own email address, and the code that was mailed to it."""

    email: Email
    code: OneTimeCode = Field(description="The code that was sent to the address.")


class ForgotPasswordIn(In):
    """The email address of the account with the forgotten password."""

    email: Email


class ResetPasswordIn(In):
    """The code that was mailed, and the new password."""

    email: Email
    code: ResetCode = Field(description="The code that was sent to the address.")
    new_password: NewPassword


class UserOut(Out):
    """A user of Tix."""

    id: str
    email: str
    name: str
    role: TixRole
    organizationId: str = Field(validation_alias=AliasChoices("organizationId", "organization_id"))  # noqa: N815  # the wire's own name


class LoggedInOut(Out):
    """A token, valid for twelve hours or until log-out, and its user."""

    token: str
    user: UserOut


class OwnOrganizationOut(Out):
    """The organization that a user belongs to."""

    id: str
    name: str
    timezone: str
    ticket_prefix: str
    logo_url: str | None


class MeOut(UserOut):
    """The caller's own account, and their organization."""

    email_verified: bool
    organization: OwnOrganizationOut
