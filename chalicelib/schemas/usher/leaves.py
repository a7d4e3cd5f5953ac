"""Bodies of the ushers' portal: leaves from an event with re-entry."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, Protocol, Self

from pydantic import Field, StringConstraints

from chalicelib.schemas.texts import LINES
from chalicelib.schemas.usher.log import UsherShownOut
from chalicelib.schemas.usher.scans import CardName, ShownIn
from chalicelib.schemas.wire import Filter, Id, Moment, Out, PageIn
from chalicelib.vocabulary.gate import LeaveStatus, ScanKind

LeaveReason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), LINES]


class LeaveIn(ShownIn):
    """A leave or a return: by a card, a QR code or a ticket id, exactly one of them."""

    action: Literal[ScanKind.LEAVE, ScanKind.RETURN]
    reason: LeaveReason | None = Field(default=None, description="Why the attendee leaves.")


class LeaveChoice(StrEnum):
    """Which leaves are asked for."""

    OPEN = LeaveStatus.OPEN.value
    RETURNED = LeaveStatus.RETURNED.value
    ALL = "all"

    def status(self) -> LeaveStatus | None:
        """Return the status that is asked for, or None for all."""
        return None if self is LeaveChoice.ALL else LeaveStatus(self)


class LeavesIn(PageIn):
    """A page of the leaves; `open` are those whose bearer is out now."""

    status: Filter[LeaveChoice] = LeaveChoice.ALL
    card_id: CardName | None = None
    ticket_id: Id | None = None


class _Leave(Protocol):
    """The stored leave."""

    @property
    def log_id(self) -> str: ...

    @property
    def event_id(self) -> str: ...

    @property
    def ticket_id(self) -> str: ...

    @property
    def reason(self) -> str | None: ...

    @property
    def left_at(self) -> datetime: ...

    @property
    def left_gate(self) -> str | None: ...

    @property
    def left_by(self) -> str: ...

    @property
    def left_by_name(self) -> str | None: ...

    @property
    def returned_at(self) -> datetime | None: ...

    @property
    def returned_gate(self) -> str | None: ...

    @property
    def returned_by(self) -> str | None: ...

    @property
    def returned_by_name(self) -> str | None: ...

    @property
    def return_log_id(self) -> str | None: ...


class ListedLeave(Protocol):
    """A leave, as the domain returns it."""

    @property
    def leave(self) -> _Leave:
        """The leave itself."""

    @property
    def status(self) -> LeaveStatus:
        """Whether the bearer is out."""

    @property
    def attendee_name(self) -> str | None:
        """The name on the ticket."""

    @property
    def tier(self) -> str | None:
        """The tier on the ticket."""


class LeavePassageOut(Out):
    """A passage out or back in: its log entry, and by whom it was let through; a device has no `usher`."""

    log_id: str
    at: Moment
    gate: str | None
    usher: UsherShownOut | None
    device_id: str | None


class LeaveOut(Out):
    """A leave; `returned` is null while the attendee is out."""

    id: str
    event_id: str
    ticket_id: str
    attendee_name: str | None
    tier: str | None
    status: LeaveStatus
    reason: str | None
    left: LeavePassageOut
    returned: LeavePassageOut | None

    @classmethod
    def from_leave(cls, shown: ListedLeave) -> Self:
        """Return a leave with the name of its attendee."""
        leave = shown.leave
        returned = None
        if leave.returned_at is not None and leave.returned_by is not None:
            by = (leave.returned_by, leave.returned_by_name)
            returned = _passage(leave.return_log_id or leave.log_id, leave.returned_at, leave.returned_gate, by)
        return cls(
            id=leave.log_id,
            event_id=leave.event_id,
            ticket_id=leave.ticket_id,
            attendee_name=shown.attendee_name,
            tier=shown.tier,
            status=shown.status,
            reason=leave.reason,
            left=_passage(leave.log_id, leave.left_at, leave.left_gate, (leave.left_by, leave.left_by_name)),
            returned=returned,
        )


def _passage(log_id: str, at: datetime, gate: str | None, by: tuple[str, str | None]) -> LeavePassageOut:
    caller_id, name = by
    by_device = caller_id.startswith("dev_")
    return LeavePassageOut(
        log_id=log_id,
        at=at,
        gate=gate,
        usher=None if by_device else UsherShownOut(id=caller_id, username=name),
        device_id=caller_id if by_device else None,
    )
