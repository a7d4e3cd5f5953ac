"""The staff's desk for cancellations: a preview, or the cancellation itself, and what is shown of either."""

from datetime import datetime

from msgspec import Struct

from chalicelib.domain.cancellations import cancellations, previews
from chalicelib.domain.cancellations.cancellations import CancellationOrder, ShownCancellation
from chalicelib.domain.cancellations.previews import Preview
from chalicelib.domain.cancellations.runs import RefundProgress
from chalicelib.domain.money import AmountInput
from chalicelib.errors import ValidationFailed
from chalicelib.vocabulary.events import CancellationRefund, CancellationStatus


class CancellationWish(Struct, frozen=True):
    """What a member of staff sends; a preview needs none of the optional fields."""

    dry_run: bool
    reason: str | None
    refund: CancellationRefund
    notify: bool
    confirm_code: str | None
    expected_total: AmountInput | None


class CancellationView(Struct, frozen=True):
    """A preview, or a cancellation with its progress."""

    event_id: str
    status: CancellationStatus = CancellationStatus.PREVIEW
    preview: Preview | None = None
    refund: CancellationRefund | None = None
    notify: bool | None = None
    reason: str | None = None
    asked_by: str | None = None
    confirmed_by: str | None = None
    cancelled_at: datetime | None = None
    job_id: str | None = None
    progress: RefundProgress | None = None


def handle(event_id: str, wish: CancellationWish, *, by: str, address: str, operation_id: str) -> CancellationView:
    """Preview a cancellation, or cancel; raises what these do, and ValidationFailed for a missing field."""
    if wish.dry_run:
        cancellations.require_unpaid(event_id, wish.refund)
        return CancellationView(event_id, preview=previews.show(event_id, by=by), refund=wish.refund)
    reason, code, total = wish.reason, wish.confirm_code, wish.expected_total
    if reason is None or code is None or total is None:
        missing = (("reason", reason), ("confirm_code", code), ("expected_total", total))
        details = [{"field": name, "message": "is needed to cancel"} for name, value in missing if value is None]
        raise ValidationFailed(details=details)
    asked = CancellationOrder(reason, wish.refund, wish.notify, code, total)
    return _view(cancellations.cancel(event_id, asked, by=by, address=address, operation_id=operation_id))


def show(event_id: str) -> CancellationView:
    """Return an event's cancellation with its progress. Raises NotFound."""
    return _view(cancellations.get(event_id))


def _view(shown: ShownCancellation) -> CancellationView:
    known = shown.cancellation
    return CancellationView(
        event_id=known.event_id,
        status=known.status,
        refund=known.refund,
        notify=known.notify,
        reason=known.reason,
        asked_by=known.asked_by,
        confirmed_by=known.confirmed_by,
        cancelled_at=known.cancelled_at,
        job_id=known.job_id,
        progress=shown.progress,
    )
