"""The words of background work and of what it produces: jobs, exports and reports."""

from enum import StrEnum


class Granularity(StrEnum):
    """The periods of a report."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class JobStatus(StrEnum):
    """The state of a background job."""

    OPEN = "open"
    COMPLETE = "complete"
    FAILED = "failed"


class ExportFormat(StrEnum):
    """The kind of file that an export is."""

    CSV = "csv"
    XLSX = "xlsx"
