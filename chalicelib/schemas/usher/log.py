"""Bodies of the ushers' portal: the check-in log."""

from datetime import datetime
from typing import Annotated, Literal, Protocol, Self

from pydantic import Field

from chalicelib.schemas.texts import Sought
from chalicelib.schemas.usher.scans import CardName
from chalicelib.schemas.wire import BetweenIn, Cursor, Filter, Id, In, Moment, Out, PageSize
from chalicelib.vocabulary.gate import ConflictKind, Correction, Direction, Reason, ScanKind, ScanResult, ScanSource


class _Scan(Protocol):
    """The scan of an entry."""

    @property
    def log_id(self) -> str: ...

    @property
    def scan_id(self) -> str: ...

    @property
    def event_id(self) -> str: ...

    @property
    def card_uid(self) -> str | None: ...

    @property
    def ticket_id(self) -> str | None: ...

    @property
    def result(self) -> ScanResult: ...

    @property
    def reason(self) -> Reason | None: ...

    @property
    def direction(self) -> Direction: ...

    @property
    def scan_kind(self) -> ScanKind | None: ...

    @property
    def repeat(self) -> bool | None: ...

    @property
    def delta(self) -> int | None: ...

    @property
    def gate(self) -> str | None: ...

    @property
    def principal_id(self) -> str: ...

    @property
    def principal_name(self) -> str | None: ...

    @property
    def source(self) -> ScanSource: ...

    @property
    def conflict(self) -> str | None: ...

    @property
    def resolution(self) -> str | None: ...

    @property
    def error(self) -> str | None: ...

    @property
    def correction(self) -> Correction | None: ...

    @property
    def seq(self) -> int | None: ...

    @property
    def via(self) -> str | None: ...

    @property
    def scanned_at(self) -> datetime: ...

    @property
    def decided_at(self) -> datetime: ...


class LoggedScan(Protocol):
    """An entry of the log, as the domain returns it."""

    @property
    def scan(self) -> _Scan:
        """The scan itself."""

    @property
    def attendee_name(self) -> str | None:
        """The name on the ticket."""

    @property
    def tier(self) -> str | None:
        """The tier on the ticket."""


class UsherShownOut(Out):
    """The usher who scanned."""

    id: str
    username: str | None


class LogEntryOut(Out):
    """One entry of the check-in log."""

    id: str
    scan_id: str
    event_id: str
    card_id: str | None
    ticket_id: str | None
    attendee_name: str | None
    tier: str | None
    result: ScanResult
    reason: Reason | None
    direction: Direction
    kind: ScanKind
    repeat: bool
    delta: int | None = Field(description="How many people a count added, below zero those who left.")
    gate: str | None
    usher: UsherShownOut | None
    device_id: str | None
    source: ScanSource
    conflict: ConflictKind | None
    error: str | None = Field(description="The code of a record that was rejected; it counts nobody.")
    correction: Correction | None = Field(description="How the time of an offline record was corrected.")
    seq: int | None
    via: str | None
    scanned_at: Moment
    received_at: Moment

    @classmethod
    def from_entry(cls, entry: LoggedScan) -> Self:
        """Return an entry of the log: a scan, with the name of its attendee."""
        scan = entry.scan
        by_device = scan.principal_id.startswith("dev_")
        usher = UsherShownOut(id=scan.principal_id, username=scan.principal_name)
        return cls(
            id=scan.log_id,
            scan_id=scan.scan_id,
            event_id=scan.event_id,
            card_id=scan.card_uid,
            ticket_id=scan.ticket_id,
            attendee_name=entry.attendee_name,
            tier=entry.tier,
            result=scan.result,
            reason=scan.reason,
            direction=scan.direction,
            kind=scan.scan_kind or ScanKind.SCAN,
            repeat=bool(scan.repeat),
            delta=scan.delta,
            gate=scan.gate,
            usher=None if by_device else usher,
            device_id=scan.principal_id if by_device else None,
            source=scan.source,
            conflict=scan.conflict,
            error=scan.error,
            correction=scan.correction,
            seq=scan.seq,
            via=scan.via,
            scanned_at=scan.scanned_at,
            received_at=scan.decided_at,
        )


class LogsIn(In):
    """A page of the log: by number (10 a page), or by cursor."""

    page: Annotated[int, Field(ge=1, le=10_000)] | None = None
    page_size: PageSize = 10
    cursor: Cursor | None = None
    format: Filter[Literal["json", "csv"]] = Field(
        "json", description="`csv` lists all entries that fit, not a page of them: the newest 10,000 at most."
    )


class LogSearchIn(LogsIn, BetweenIn):
    """A search of the log; a date is a day in UTC or a moment."""

    card_id: CardName | None = None
    username: Sought | None = None
    result: Filter[ScanResult] | None = None
    attendee: Sought | None = Field(default=None, description="What a word of the attendee's name begins with.")
    event_id: Id | None = None

    def narrows(self) -> bool:
        """Whether it asks for a part of the log."""
        asked = (self.card_id, self.username, self.result, self.attendee, self.date_from, self.date_to)
        return any(one is not None for one in asked)
