"""Bodies of the ushers' portal: log-in."""

from chalicelib.schemas.texts import Name
from chalicelib.schemas.usher.events import EventOut
from chalicelib.schemas.wire import Id, In, InstallationId, Out, Password, TokensOut
from chalicelib.vocabulary.access import UsherRole


class LoginIn(In):
    """An usher's log-in at one event; `installation_id` makes the phone a device of the event."""

    event_id: Id
    username: Name
    password: Password
    installation_id: InstallationId | None = None


class UsherOut(Out):
    """The usher."""

    id: str
    username: str
    name: str
    roles: list[UsherRole]


class LoginOut(TokensOut):
    """Tokens, with their usher and event."""

    usher: UsherOut
    event: EventOut
