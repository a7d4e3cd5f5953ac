"""Bodies of the door of Tix: registration and log-in."""

from typing import Annotated

from pydantic import AliasChoices, Field, StringConstraints

from chalicelib.schemas.profiles import Email
from chalicelib.schemas.wire import In, Name, Out, Password
from chalicelib.vocabulary import TixRole

InviteCode = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class RegisterIn(In):
    """Who registers: with an invite code they join its organization, without one they found one of their own.

    An organization that is given no name is called after who founds it.
    """

    email: Email
    password: Password
    name: Name
    organization: Name | None = None
    invite_code: InviteCode | None = None


class LoginIn(In):
    """A user's address and password."""

    email: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=254)]
    password: Password


class UserOut(Out):
    """A user of Tix; named as its clients read it."""

    id: str
    email: str
    name: str
    role: TixRole
    organizationId: str = Field(validation_alias=AliasChoices("organizationId", "organization_id"))  # noqa: N815  # the wire's own name


class LoggedInOut(Out):
    """A token, good for twelve hours or until its log-out, and whose it is."""

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

    organization: OwnOrganizationOut
