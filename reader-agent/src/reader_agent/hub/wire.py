"""What the hub and the others say to each other: JSON over mutual TLS, without names and without numbers of tickets.

`POST /taps` asks the hub to decide; `POST /passages` reports what a gate decided without it; `GET /state` returns the
passages after a number of the hub's journal.
"""

from datetime import datetime
from typing import Annotated, Literal, Protocol, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from reader_agent.admission import Presence
from reader_agent.clock import read_time
from reader_agent.snapshot import Excerpt
from reader_agent.wire import MOST_TAPS, FirstScan, Shown, Sun

# Who was away for long catches up in some pages.
MOST_PASSAGES = 500
LONGEST_WAIT_SECONDS = 10

Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,100}$")]
# Of a ticket, as the snapshot has it.
Fingerprint = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{12}$")]


def _of_the_calendar(text: str) -> str:
    """Return the text of a moment. Raises ValueError where there is none, such as the 30th of February."""
    read_time(text)
    return text


Time = Annotated[
    str,
    StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$"),
    AfterValidator(_of_the_calendar),
]


class _Body(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Passage(_Body):
    """A person who went in or out at a gate: what the other gates need to know of it."""

    scan_id: Id
    device_id: Id
    gate: Shown | None = None
    ticket: Fingerprint
    presence: Presence
    at: Time


class OwnPassage(Protocol):
    """A passage at a gate of its own, as its outbox has it."""

    @property
    def scan_id(self) -> str:
        """The tap's id."""

    @property
    def ticket(self) -> int:
        """The ticket's fingerprint."""

    @property
    def presence(self) -> Presence:
        """Where its holder is since."""

    @property
    def at(self) -> datetime:
        """When it was."""


class HubTap(_Body):
    """One tap that the hub is asked to decide: the record's fields, without the device's clocks."""

    scan_id: Id
    uid: Annotated[str, StringConstraints(pattern=r"^([0-9A-Fa-f]{2}){1,20}$")] | None = None
    qr: Annotated[str, StringConstraints(min_length=1, max_length=2048)] | None = None
    kind: Literal["scan", "leave", "return"] = "scan"
    direction: Literal["entry", "exit"] | None = None
    sun: Sun | None = None
    # What the gate's snapshot says of it: the hub's may be older.
    known: Excerpt | None = None

    @model_validator(mode="after")
    def _one_credential(self) -> Self:
        if (self.uid is None) == (self.qr is None):
            raise ValueError("a tap has one of uid and qr")
        return self


class HubTaps(_Body):
    """The body of `POST /taps`."""

    event_id: Id
    taps: Annotated[list[HubTap], Field(min_length=1, max_length=MOST_TAPS)]


class HubDecision(_Body):
    """The hub's answer to one tap; `passage` is there where it let somebody pass.

    Without a `result` the hub cannot decide this tap, and `why` says the cause: the gate decides alone.
    """

    scan_id: Id
    result: Literal["valid", "invalid", "already_scanned", "not_found"] | None = None
    reason: Shown | None = None
    ticket: Fingerprint | None = None
    first_scan: FirstScan | None = None
    remaining: int | None = None
    repeat: bool = False
    decided_at: Time | None = None
    # Of the snapshot that the hub decided by.
    cursor: Annotated[str, Field(max_length=500)] | None = None
    passage: Passage | None = None
    # What makes the decision worth less than usual; or the cause of none.
    why: Shown | None = None


class HubDecisions(_Body):
    """The answer to `POST /taps`, in the order of the taps."""

    hub: Id
    results: Annotated[list[HubDecision], Field(max_length=MOST_TAPS)]


class HubPassages(_Body):
    """The body of `POST /passages`."""

    event_id: Id
    passages: Annotated[list[Passage], Field(min_length=1, max_length=MOST_PASSAGES)]


class HubNoted(_Body):
    """The answer to `POST /passages`: how many of them the hub did not know, and the journal that has them now."""

    hub: Id
    journal: Id
    noted: int


class HubState(_Body):
    """The answer to `GET /state`: the passages after a number, and the number of the last of them.

    `journal` names the hub's journal: with another one, a reader begins at 0 again.
    """

    hub: Id
    journal: Id
    sequence: Annotated[int, Field(ge=0)]
    passages: Annotated[list[Passage], Field(max_length=MOST_PASSAGES)]
