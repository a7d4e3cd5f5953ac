"""An act of staff and its entry are in one transaction: if a request fails, neither exists without the other."""

import threading

import pytest

from chalicelib.domain.access import devices
from chalicelib.domain.audit import acts, seals
from chalicelib.domain.audit.acts import Act
from chalicelib.domain.audit.verification import Walk
from chalicelib.table import keys, operations
from chalicelib.table.items import Event
from tests.faults import dying
from tests.support import audit
from tests.support.children import exit_code
from tests.support.wire import Fault, befall, befallings, requests_of

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("test_audit_faults"), pytest.mark.timeout(900)]

BEFALLING = (Fault.DROPPED, Fault.ANSWER_LOST, Fault.CONFLICT, Fault.THROTTLED)
DYING = (Fault.KILLED_BEFORE, Fault.KILLED_AFTER)
CROWD, EACH = 32, 3
KILLED = 137


def _act(name: str = "adm_1") -> Act:
    return Act(action="device.provision", address="192.0.2.1", request_id="r", actor_id=name, role="admin")


def _provision(event: Event, act: Act | None = None) -> None:
    with acts.acting(act or _act()):
        devices.provision(event_id=event.event_id, gate_name="Gate 1", name="Reader", by="adm_1")


def _effects() -> set[str]:
    """Return the ids of all devices."""
    partition = keys.access.all_devices().pk
    return {raw["gsi1sk"]["S"] for raw in operations.query(partition, index="gsi1")}


def _recorded() -> list[str]:
    return [entry["entity_id"] for entry in audit.entries() if entry["result"] == "done"]


def _agree() -> None:
    recorded = _recorded()
    assert len(recorded) == len(set(recorded))
    assert set(recorded) == _effects()
    assert Walk().run()


def test_an_act_whose_requests_fail_is_there_with_its_entry_or_not_at_all(event: Event) -> None:
    count = requests_of(lambda: _provision(event))
    for place, fault in befallings(count, BEFALLING):
        befall(lambda: _provision(event), place, fault)
    _agree()


def test_a_process_that_dies_leaves_both_or_neither(event: Event) -> None:
    count, before = requests_of(lambda: _provision(event)), len(_recorded())
    cells = befallings(count, DYING)
    for place, fault in cells:
        assert exit_code(dying.provision, event.event_id, place, fault) == KILLED
    _agree()
    assert before <= len(_recorded()) <= before + len(cells)


def test_many_members_of_staff_at_once_lose_no_write_and_no_number(event: Event) -> None:
    before, together, failed = len(_recorded()), threading.Barrier(CROWD), []

    def work(name: str) -> None:
        together.wait()
        for _ in range(EACH):
            try:
                _provision(event, _act(name))
            except Exception as error:  # noqa: BLE001  # the test shows it
                failed.append(error)

    threads = [threading.Thread(target=work, args=(f"adm_{n}",)) for n in range(CROWD)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        seals.seal()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(_recorded()) == before + CROWD * EACH
    for shard in audit.shards():
        assert [entry.number for entry in shard.entries] == [*range(1, len(shard.entries) + 1)]
    _agree()
