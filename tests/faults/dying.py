"""What a process does when it dies at one of its requests: a booking, a scan, a batch of the stream."""

from typing import Any

from chalicelib.domain.access import devices
from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import Act
from chalicelib.domain.events import gate_control
from chalicelib.domain.gate import checkin
from chalicelib.domain.gate.readings import Caller, Reading
from chalicelib.domain.sale import orders
from chalicelib.domain.sale.rules import RequestedTickets
from chalicelib.table import keys
from chalicelib.table.items import Account
from tests.support.streams import project
from tests.support.wire import Fault, wire


def book(account_id: str, event_id: str, category_id: str, operation_id: str, fault: Fault) -> None:
    """Die at the transaction of a booking of two tickets."""
    buyer = Account(*keys.access.account(account_id), account_id=account_id, name="Buyer")
    with wire(retries=False) as wired:
        wired.choose = lambda: fault if wired.sent[-1] == "TransactWriteItems" else None
        orders.book(buyer, event_id=event_id, wants=[RequestedTickets(category_id, 2)], operation_id=operation_id)


def scan(caller: Caller, reading: Reading, place: int, fault: Fault) -> None:
    """Die at a request of a scan."""
    with wire(retries=False) as wired:
        wired.faults[place] = fault
        checkin.scan(caller, reading)


def follow(event_id: str, records: list[dict[str, Any]], place: int, fault: Fault) -> None:
    """Die at a request of the stream's worker."""
    gate_control.control(event_id)  # as a container keeps it
    with wire(retries=False) as wired:
        wired.faults[place] = fault
        project(records)


def provision(event_id: str, place: int, fault: Fault) -> None:
    """Die at a request of an act of staff: a reader is provisioned."""
    act = Act(action="device.provision", address="192.0.2.1", request_id="r", actor_id="adm_1", role="admin")
    with wire(retries=False) as wired, acts.acting(act):
        wired.faults[place] = fault
        devices.provision(event_id=event_id, gate_name="Gate 1", name="Reader", by="adm_1")
