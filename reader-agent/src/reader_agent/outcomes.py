"""What a gate learns about a tap: the server's decision, or why there is none yet."""

from dataclasses import dataclass

from reader_agent import local_gate
from reader_agent.snapshot.names import Name
from reader_agent.wire import Decision


@dataclass(frozen=True)
class Decided:
    """The server answered."""

    decision: Decision


@dataclass(frozen=True)
class DecidedHere:
    """This gate decided by its snapshot, since the server gave no answer; `why` says how that was.

    `name` is who has the ticket, where this device may show it.
    """

    decision: local_gate.Decision
    why: str
    name: Name | None = None


@dataclass(frozen=True)
class Kept:
    """The tap is stored in the outbox and will be sent. It is no admission yet."""

    why: str


@dataclass(frozen=True)
class Refused:
    """The server rejected the tap: it stays in the outbox and is retried slowly."""

    why: str
    # Whether the answer was about this tap; else it may be about the address, a firewall or a deployment.
    is_about_tap: bool = True


Outcome = Decided | DecidedHere | Kept | Refused
