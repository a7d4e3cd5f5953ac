"""A check-in by hand: a scan by a member of staff, through the one rule of admission."""

from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import AuditSubject
from chalicelib.domain.gate import checkin
from chalicelib.domain.gate.answers import ScanDecision
from chalicelib.domain.gate.readings import Caller, Reading
from chalicelib.domain.tickets import tickets
from chalicelib.vocabulary.gate import ScanSource


def check_in(ticket_id: str, *, scan_id: str, gate: str | None, note: str | None, by: str) -> ScanDecision:
    """Scan a ticket by hand at its own event; the same `scan_id` again gets the same answer.

    Raises NotFound, Unavailable.
    """
    ticket = tickets.get(ticket_id)
    caller = Caller(id=by, event_id=ticket.event_id, gate=gate, source=ScanSource.MANUAL)
    decision = checkin.scan(caller, Reading(scan_id=scan_id, ticket_id=ticket_id, gate=gate))
    # After the scan, which is idempotent: a retry finds its answer and records it.
    after = {"scan_id": scan_id, "result": decision.result, "gate": gate, "note": note}
    acts.commit(subject=AuditSubject("ticket", ticket_id, after=after))
    return decision
