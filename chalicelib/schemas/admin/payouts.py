"""Bodies of the staff's portal: settlements and payouts."""

from datetime import date
from typing import Literal

from pydantic import Field

from chalicelib.schemas.organizer.payouts import AmountsOut, PayoutEventOut, PayoutLineOut
from chalicelib.schemas.wire import Day, Filter, Id, In, Moment, MoneyOut, Out
from chalicelib.vocabulary.payouts import PayoutAction, PayoutStatus, PayoutWait
from chalicelib.vocabulary.work import ExportFormat, JobStatus


class FormatIn(In):
    """How a list is answered."""

    format: Filter[Literal["json", "csv", "xlsx"]] = Field(
        "json", description="`csv` lists every line of one event, `xlsx` is a file of the list."
    )

    @property
    def file_format(self) -> ExportFormat | None:
        """The kind of file of the list that is asked for; None for a page, and for the lines of an event."""
        return ExportFormat.XLSX if self.format == "xlsx" else None


class SettlementIn(In):
    """The event whose books to close."""

    event_id: Id


class SettlementOut(AmountsOut):
    """The closed books of an event."""

    taken_back: MoneyOut = Field(description="What its payout was reduced by, for other events of the organizer.")
    id: str
    event_id: str
    organizer_id: str
    payout_id: str | None
    closed_at: Moment
    closed_by: str
    reversed_at: Moment | None = Field(
        description="When its event was cancelled with refunds, so that its organizer gets nothing of it; else null."
    )


class FileJobOut(Out):
    """The job that writes a file; `GET /api/jobs/{job_id}/` shows its progress and the link."""

    job_id: str
    status: JobStatus


class PayoutIn(In):
    """The settlement to pay out; its earlier payout was cancelled."""

    settlement_id: Id
    scheduled_for: Day | None = None


class PayoutActionIn(In):
    """What to do with the payout."""

    action: PayoutAction


class StaffPayoutOut(AmountsOut):
    """A payout as staff see it."""

    taken_back: MoneyOut
    organizer_owes: MoneyOut
    id: str
    settlement_id: str
    event: PayoutEventOut
    organizer_id: str
    status: PayoutStatus
    lines: list[PayoutLineOut]
    scheduled_for: date
    paid_at: Moment | None
    reference: str | None
    invoice_number: str
    created_at: Moment
    asked_by: str | None
    needs_second: bool
    approved_by: str | None
    approved_at: Moment | None
    held_by: str | None
    waits_for: PayoutWait | None
    provider: str | None
    attempt: int = Field(description="How often the provider was asked; each attempt follows one that failed.")
    failure_reason: str | None
