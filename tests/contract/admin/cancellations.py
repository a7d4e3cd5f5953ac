"""Requests of the staff's portal: cancellations of events.

Each takes the ground (tests/contract/ground.py).
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from chalicelib import clock
from chalicelib.domain.cancellations import previews
from chalicelib.domain.events import events
from chalicelib.table import keys, operations
from chalicelib.table.items import Cancellation
from chalicelib.vocabulary.access import AdminRole
from chalicelib.vocabulary.events import CancellationRefund, CancellationStatus
from tests.contract.request import Request
from tests.support.codes import code_for


def _event() -> str:
    now = clock.now()
    draft = events.EventDraft(title="Evening", starts_at=now + timedelta(days=1), ends_at=now + timedelta(days=2))
    return events.create(draft).event_id


def _asked(_: Any) -> Request:
    """A cancellation that waits for its second person."""
    event_id = _event()
    waiting = Cancellation(
        *keys.cancellations.cancellation(event_id),
        event_id=event_id,
        status=CancellationStatus.AWAITING_SECOND,
        refund=CancellationRefund.ALL,
        notify=True,
        reason="Rain.",
        tickets=0,
        total=0,
        currency="PKR",
        asked_by="adm_other",
        asked_operation="op_other",
        asked_at=clock.now(),
    )
    operations.record(operations.put(waiting))
    return Request(path={"event_id": event_id})


def _cancel(ground: Any) -> Request:
    """A cancellation that its caller has previewed."""
    event_id, staff = _event(), ground.admins[AdminRole.SUPER_ADMIN]
    previews.show(event_id, by=staff.account_id)
    body = {"dry_run": False, "reason": "Rain.", "confirm_code": code_for(staff.login), "expected_total": "0.00"}
    return Request(body, path={"event_id": event_id})


REQUESTS: dict[str, Callable[[Any], Request]] = {
    "admin_cancel_event": _cancel,
    "admin_cancellation": _asked,
}
