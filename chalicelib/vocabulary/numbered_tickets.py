"""The words of an organization's numbered tickets and of their print runs."""

from enum import StrEnum


class TicketFilter(StrEnum):
    """A filter of an organization's numbered tickets."""

    SCANNED = "scanned"
    NOT_SCANNED = "not-scanned"


class BatchStatus(StrEnum):
    """The state of a seller's batch of numbered tickets."""

    OPEN = "open"
    SETTLED = "settled"


class PrintFormat(StrEnum):
    """The output of a print run: sheets with codes, or a list."""

    PDF = "pdf"
    CSV = "csv"
