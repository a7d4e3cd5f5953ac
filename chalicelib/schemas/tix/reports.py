"""Bodies of the door of Tix: reports."""

from datetime import date

from pydantic import Field, RootModel

from chalicelib.schemas.wire import Out


class StatsOut(Out):
    """All tickets that there are."""

    total: int
    scanned: int
    not_scanned: int
    scan_rate: float = Field(description="The share that was scanned, in percent with one decimal.")


class DayOut(Out):
    """What was generated and scanned on one day of the organization's time zone."""

    date: date
    generated: int
    scanned: int


class WeekOut(Out):
    """What was generated and scanned in one week (ISO 8601)."""

    week: str = Field(examples=["2026-W47"])
    generated: int
    scanned: int


class MonthOut(Out):
    """What was generated and scanned in one month."""

    month: str = Field(examples=["2026-11"])
    generated: int
    scanned: int


class DaysOut(RootModel[list[DayOut]]):
    """The last thirty days, the newest first."""


class WeeksOut(RootModel[list[WeekOut]]):
    """The last twelve weeks, the newest first."""


class MonthsOut(RootModel[list[MonthOut]]):
    """The last twelve months, the newest first."""
