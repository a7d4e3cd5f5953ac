"""The words of the log of staff's acts."""

from enum import StrEnum


class AuditResult(StrEnum):
    """How an act of staff ended: done, refused, or ended well without a change."""

    DONE = "done"
    REFUSED = "refused"
    UNCHANGED = "unchanged"


class Wholeness(StrEnum):
    """What a verification of the audit log found so far."""

    WHOLE = "whole"
    BROKEN = "broken"
    RUNNING = "running"
