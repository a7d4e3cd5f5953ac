"""Bodies of the staff's portal: the check-in log of all events."""

from typing import Annotated, Literal, Self

from pydantic import Field

from chalicelib.schemas.admin.exports import Format
from chalicelib.schemas.texts import Sought
from chalicelib.schemas.usher.log import LogEntryOut, LoggedScan
from chalicelib.schemas.usher.scans import CardName
from chalicelib.schemas.wire import BetweenIn, Filter, Id, PageIn
from chalicelib.vocabulary.gate import ScanResult, ScanSource
from chalicelib.vocabulary.work import ExportFormat

_YesOrNo = Filter[Literal["true", "false"]]


class _CheckinFiltersIn(BetweenIn):
    """The filters of the log; a date is a day in UTC or a moment."""

    event_id: Id | None = None
    card_id: CardName | None = None
    username: Sought | None = None
    result: Filter[ScanResult] | None = None
    attendee: Sought | None = Field(default=None, description="What a word of the attendee's name begins with.")
    search: Sought | None = Field(default=None, description="As `attendee`.")
    source: Filter[ScanSource] | None = None
    conflict: _YesOrNo | None = Field(default=None, description="Whether the scan contradicts another one.")
    resolved: _YesOrNo | None = Field(default=None, description="Of conflicts: whether the staff closed it.")
    ordering: Filter[Literal["-received_at", "-scanned_at"]] | None = Field(
        default=None,
        description=(
            "The log has one order, event by event: what was received last is first. `-scanned_at` is the same order; "
            "scans that a gate sent late stand where they came in."
        ),
    )

    def named(self) -> str | None:
        """Return the words that the attendee's name must have."""
        return " ".join(filter(None, (self.attendee, self.search))) or None


class CheckinLogIn(_CheckinFiltersIn, PageIn):
    """A page of the log; without an event it goes from event to event, so a page may be short."""


class CheckinExportIn(_CheckinFiltersIn):
    """What to export, and as which kind of file."""

    format: Annotated[Format, Field(description="The kind of file.")] = ExportFormat.CSV


class CheckinEntryOut(LogEntryOut):
    """One entry of the check-in log; `resolved` is null where there is no conflict."""

    resolved: bool | None = Field(description="Whether the staff closed the conflict.")

    @classmethod
    def from_entry(cls, entry: LoggedScan) -> Self:
        """Return an entry of the log: a scan, with the name of its attendee."""
        shown = LogEntryOut.from_entry(entry)
        scan = entry.scan
        return cls(**dict(shown), resolved=None if scan.conflict is None else scan.resolution is not None)
