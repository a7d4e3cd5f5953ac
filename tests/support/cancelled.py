"""Events that staff cancel through their portal, and the job and the queue that give the money back."""

from datetime import timedelta
from typing import Any

from chalicelib import clock
from chalicelib.domain.access import new_accounts, sessions
from chalicelib.domain.cancellations import runs
from chalicelib.domain.payments import repayments
from chalicelib.identifiers import new_id
from chalicelib.table.items import Account, RefundRequest
from chalicelib.vocabulary.access import AdminRole
from chalicelib.vocabulary.tickets import RefundRequestStatus
from chalicelib.workers import schedules
from tests.support import payers
from tests.support.client import Answer, call
from tests.support.codes import code_for
from tests.support.factories import PASSWORD


def make_staff(role: AdminRole = AdminRole.ADMIN) -> Account:
    """Create a member of staff."""
    return new_accounts.create_admin(email=f"{new_id('x')}@example.com", password=PASSWORD, name="Staff", role=role)


def send(staff: Account, event_id: str, body: dict[str, Any]) -> Answer:
    path = f"/api/events/{event_id}/cancellation/"
    return call("POST", path, body, token=sessions.start(staff).access)


def preview(staff: Account, event_id: str, **more: Any) -> Any:
    """Ask for a preview; return it."""
    answer = send(staff, event_id, {"dry_run": True, **more})
    assert answer.status == 200, answer.text
    return answer.json["preview"]


def confirmed(staff: Account, event_id: str, **more: Any) -> Answer:
    """Cancel an event with the code and the sum of a preview."""
    total = preview(staff, event_id)["total"]
    body = {"dry_run": False, "reason": "Rain.", "confirm_code": code_for(staff.login), "expected_total": total}
    return send(staff, event_id, {**body, **more})


def progress(staff: Account, event_id: str) -> Any:
    answer = call("GET", f"/api/events/{event_id}/cancellation/", token=sessions.start(staff).access)
    assert answer.status == 200, answer.text
    return answer.json


def requests_of(event_id: str) -> list[RefundRequest]:
    found = [RefundRequest.from_raw_data(raw) for raw in payers.all_raws("refund_request")]
    return [request for request in found if request.event_id == event_id]


def pay_back(event_id: str) -> None:
    """Pay back what is approved, as the queue does."""
    for request in requests_of(event_id):
        if request.status == RefundRequestStatus.APPROVED:
            repayments.pay_back(request.ticket_id, request.refund_id)


def one_pass(job_id: str) -> None:
    """Run the steps of a pass up to its end."""
    for _ in range(100):
        again = runs.run_step(job_id)
        if not again or isinstance(again, timedelta):
            return
    raise AssertionError("a pass has no end")


def until_complete(staff: Account, event_id: str, job_id: str, *, passes: int = 8) -> Any:
    """Run passes with their pauses, and the queue between them; return the cancellation."""
    now = clock.now()
    for number in range(passes):
        with clock.set_to(now + number * timedelta(minutes=20)):
            one_pass(job_id)
            pay_back(event_id)
            schedules.sweep()
            shown = progress(staff, event_id)
            if shown["status"] == "complete":
                return shown
    return progress(staff, event_id)
