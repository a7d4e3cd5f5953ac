"""Bodies of the staff's portal: cancellations of events."""

from typing import Annotated

from pydantic import Field, StrictBool, StringConstraints

from chalicelib.schemas.organizer.events import Reason
from chalicelib.schemas.wire import Amount, In, Moment, MoneyOut, Out
from chalicelib.vocabulary.events import CancellationRefund, CancellationStatus

ConfirmCode = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[0-9]{6}$")]


class CancellationIn(In):
    """A preview (`dry_run`), which sends a code to the caller's mail, or the cancellation itself.

    A cancellation needs the `reason`, the code as `confirm_code`, and the total of the preview as `expected_total`.
    """

    dry_run: StrictBool
    reason: Reason | None = None
    refund: CancellationRefund = CancellationRefund.ALL
    notify: StrictBool = True
    confirm_code: ConfirmCode | None = None
    expected_total: Amount | None = None


class PaidWayOut(Out):
    """The tickets that were paid one way; `wallet` is a card's balance.

    `lacks` is what the provider's balance lacks to pay all of it back, null where the provider has no limit.
    """

    provider: str
    tickets: int
    amount: MoneyOut
    balance: MoneyOut | None
    lacks: MoneyOut | None


class PreviewOut(Out):
    """What a cancellation would do now; `issued` are tickets without an order."""

    tickets: int
    issued: int
    total: MoneyOut
    ways: list[PaidWayOut]


class TicketProblemOut(Out):
    """A ticket that waits or failed, and why."""

    ticket_id: str
    reason: str


class ProgressOut(Out):
    """How far a cancellation came. `paid` is the sum of `refunded` and `kept`, all three from the journal.

    `pending` is the part of `refunded` that is owed, and not paid back yet. `reasons` counts why
    tickets wait or failed.
    """

    total: int
    done: int
    waiting: int
    failed: int
    reasons: dict[str, Annotated[int, Field(ge=0)]]
    problems: list[TicketProblemOut]
    paid: MoneyOut
    refunded: MoneyOut
    kept: MoneyOut
    pending: MoneyOut


class CancellationOut(Out):
    """A preview, or a cancellation with its progress."""

    event_id: str
    status: CancellationStatus
    preview: PreviewOut | None
    refund: CancellationRefund | None
    notify: bool | None
    reason: str | None
    asked_by: str | None
    confirmed_by: str | None
    cancelled_at: Moment | None
    job_id: str | None
    progress: ProgressOut | None
