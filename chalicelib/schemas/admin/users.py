"""Bodies of the staff's portal: users of every kind."""

from typing import Annotated, Any, Literal

from pydantic import Field

from chalicelib.schemas.platform_names import PublicName
from chalicelib.schemas.profiles import Email
from chalicelib.schemas.texts import Name
from chalicelib.schemas.wire import ChangeIn, Id, In, Moment, NewPassword, Out, Phone, Version
from chalicelib.vocabulary.access import AccountStatus, AdminRole, UserType, UsherRole

_Roles = Annotated[list[UsherRole], Field(min_length=1, max_length=len(UsherRole))]
# They are written in one transaction with their lock-outs.
_EventIds = Annotated[list[Id], Field(max_length=50)]


class UserIn(In):
    """A user to create.

    An organizer needs `contact_mobile`, a merchant `mobile_number`, an usher `username`, `password`, `roles` and
    `event_ids`, a member of staff `email` and `role`. Without `password` a link to set one is sent to the user.
    """

    type: UserType
    name: PublicName
    email: Email | None = None
    contact_mobile: Phone | None = Field(default=None, description="The log-in of an organizer.")
    mobile_number: Phone | None = Field(default=None, description="The log-in of a merchant.")
    username: Name | None = Field(default=None, description="The log-in of an usher.")
    password: NewPassword | None = None
    role: AdminRole | None = None
    roles: _Roles | None = None
    event_ids: _EventIds | None = None

    @property
    def number(self) -> str | None:
        """The log-in of an organizer or merchant."""
        return self.contact_mobile or self.mobile_number


class UserChangeIn(ChangeIn):
    """The changes of a user: an omitted field keeps its value; null clears `email`.

    `version` is the one that the caller has seen: another one is 409.
    """

    name: PublicName = ""
    email: Email | None = None
    role: AdminRole = Field(default=AdminRole.SUPPORT, description="Of a member of staff.")
    roles: _Roles = Field(default=[], description="Of an usher.")
    event_ids: _EventIds = Field(default=[], description="Of an usher: all events that they are assigned to.")
    status: AccountStatus = AccountStatus.ACTIVE
    password: Literal[True] | Annotated[str, Field(max_length=256)] = Field(
        default=True, description="Any value sends the user a link to set a password. The value itself is not used."
    )
    version: Version

    def changes(self) -> dict[str, Any]:
        """Return the fields that were sent, without the version; a password only as the wish for a link."""
        sent = self.model_dump(exclude_unset=True, exclude={"version", "password"})
        return sent | ({"password": True} if "password" in self.model_fields_set else {})


class UserAssignmentOut(Out):
    """An event that an usher is assigned to."""

    event_id: str
    title: str
    starts_at: Moment


class UserOut(Out):
    """A user as the staff sees them; what their kind does not have is null or empty."""

    id: str
    type: UserType
    name: str
    email: str | None
    mobile_number: str | None = Field(description="The log-in of an organizer or a merchant.")
    username: str | None = Field(description="The log-in of an usher.")
    role: AdminRole | None
    roles: list[UsherRole]
    event_ids: list[str]
    status: AccountStatus
    verified: bool = Field(description="Whether staff have checked an organizer or merchant.")
    verified_at: Moment | None
    second_factor: bool = Field(description="Whether log-ins need a second factor.")
    created_at: Moment
    version: int


class UsherUserOut(UserOut):
    """An usher with the events that they are assigned to."""

    assignments: list[UserAssignmentOut]
