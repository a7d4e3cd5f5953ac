"""Bodies of Tix: reports."""

from datetime import date

from pydantic import Field

from chalicelib.schemas.wire import Out, RootOut


class StatsOut(Out):
    """The totals of all tickets."""

    total: int
    scanned: int
    not_scanned: int
    scan_rate: float = Field(description="The scanned share, in percent with one decimal.")


class DayOut(Out):
    """Generated and scanned tickets on one day of the organization's time zone."""

    date: date
    generated: int
    scanned: int


class WeekOut(Out):
    """Generated and scanned tickets in one week (ISO 8601)."""

    week: str = Field(examples=["2026-W47"])
    generated: int
    scanned: int


class MonthOut(Out):
    """Generated and scanned tickets in one month."""

    month: str = Field(examples=["2026-11"])
    generated: int
    scanned: int


class DaysOut(RootOut[list[DayOut]]):
    """The last thirty days, newest first."""


class WeeksOut(RootOut[list[WeekOut]]):
    """The last twelve weeks, newest first."""


class MonthsOut(RootOut[list[MonthOut]]):
    """The last twelve months, newest first."""
