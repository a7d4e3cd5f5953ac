"""The tree of the agent's errors.

AgentError
├── NotEnrolled            no identity in the state folder
├── BadSetup               a setting or a file that must be corrected
├── ReaderUnavailable      the card reader cannot be opened
└── ServerError
    ├── TryLater           no answer, or one that says "later": the tap stays in the outbox
    ├── Rejected           the server rejects this request for good: it becomes a dead letter
    └── LockedOut          the device's credentials are refused: stop and alarm
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
    """No answer, or one that says "later"; `retry_after` is the server's Retry-After, in seconds."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Rejected(ServerError):
    """The server rejects this request for good."""

    def __init__(self, message: str, *, status: int, code: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class LockedOut(ServerError):
    """The device's credentials are refused: it was revoked, or never was this server's."""

    def __init__(self, message: str, *, status: int = 401) -> None:
        super().__init__(message)
        self.status = status
