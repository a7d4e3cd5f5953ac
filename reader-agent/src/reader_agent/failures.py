"""The tree of the agent's errors.

AgentError
├── NotEnrolled            no identity in the state folder
├── BadSetup               a setting or a file that must be corrected
├── ReaderUnavailable      the card reader cannot be opened
└── ServerError
    ├── TryLater           no answer, or none of the platform's: the tap stays in the outbox
    ├── Rejected           the platform rejects this request
    └── LockedOut          the platform refuses the device's credentials: repeated, it is an alarm
"""


class AgentError(Exception):
    """An error that the operator reads as one sentence."""


class NotEnrolled(AgentError):
    """There is no identity yet."""


class BadSetup(AgentError):
    """A setting or a file that must be corrected."""


class ReaderUnavailable(AgentError):
    """The card reader cannot be opened."""


class ServerError(AgentError):
    """The server did not give the expected answer."""


class TryLater(ServerError):
    """No answer, or one that says "later".

    `retry_after` is the platform's Retry-After in seconds. `is_reached`: the request may have reached a server, so
    its content may be the cause.
    """

    def __init__(self, message: str, *, retry_after: float | None = None, is_reached: bool = True) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.is_reached = is_reached


class Rejected(ServerError):
    """The platform rejects this request."""

    def __init__(self, message: str, *, status: int, code: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class LockedOut(ServerError):
    """The device's credentials are refused: it was revoked, or never was this server's."""

    def __init__(self, message: str, *, status: int = 401) -> None:
        super().__init__(message)
        self.status = status
