"""Bodies of Tix: the members of an organization."""

from chalicelib.schemas.wire import Moment, Out
from chalicelib.vocabulary.access import TixRole


class MemberOut(Out):
    """A user of the organization."""

    id: str
    email: str
    name: str
    role: TixRole
    email_verified: bool
    joined_at: Moment
