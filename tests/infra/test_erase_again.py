"""`make erase-again`: who was erased after the minute of a restore is erased in the restored table too."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.campus.privacy import campus_erasure
from chalicelib.domain.personal_data import erasures
from chalicelib.errors import Unavailable
from chalicelib.table import keys, operations
from chalicelib.table.items import CampusErasure, Erasure, Job
from chalicelib.vocabulary.access import AccountStatus
from chalicelib.vocabulary.work import JobStatus
from infra.rebuild import erase_again
from tests.support import whole_store
from tests.support.campus import make_campus, make_campus_user
from tests.support.factories import make_customer

STEPS: dict[type[Any], Any] = {Erasure: erasures.run_step, CampusErasure: campus_erasure.run_step}
pytestmark = pytest.mark.usefixtures("moto_cloud")


def finish(job_id: str) -> None:
    with clock.set_to(clock.now() + timedelta(minutes=5)):
        for _ in range(100):
            job = operations.get(keys.jobs.job(job_id))
            assert job is not None
            if job.status == JobStatus.COMPLETE:
                return
            with suppress(Unavailable):
                STEPS[type(job)](job_id)
    raise AssertionError("the job has no end")


def items() -> list[dict[str, Any]]:
    client: Any = operations.client()
    found: list[dict[str, Any]] = client.scan(TableName="gatehouse")["Items"]
    return found


def test_a_restore_brings_nobody_back(capsys: pytest.CaptureFixture[str]) -> None:
    customer = make_customer(name="Zulaikha Rahmatullah")
    student = make_campus_user(make_campus(), first_name="Qamaruddin", last_name="Wazirzada")
    other = make_customer(name="Somebody Else")
    backup = items()
    begun = [
        erasures.begin(customer.account_id, force=True, by="adm_1", role="admin").job_id,
        campus_erasure.begin(student.account_id, by="adm_1"),
    ]
    for job_id in begun:
        finish(job_id)
    assert not whole_store.holding("Zulaikha Rahmatullah", whole_store.dump())

    operations.remove_many([operations.key_of(raw) for raw in items()])
    operations.put_raw(backup)
    assert whole_store.holding("Zulaikha Rahmatullah", whole_store.dump())
    assert erase_again.run() == 0
    assert capsys.readouterr().out.endswith("2 erasures begun again, 0 known to the table, 0 not possible\n")
    for job_id in begun:
        finish(job_id)

    for name in ("Zulaikha Rahmatullah", "Qamaruddin", "Wazirzada"):
        assert not whole_store.holding(name, whole_store.dump()), name
    kept = operations.get(keys.access.account(other.account_id))
    assert kept is not None
    assert kept.status == AccountStatus.ACTIVE
    assert erase_again.run() == 0
    assert capsys.readouterr().out.endswith("0 erasures begun again, 2 known to the table, 0 not possible\n")


def test_an_erasure_that_had_failed_by_then_is_opened_again() -> None:
    customer = make_customer(name="Zulaikha Rahmatullah")
    student = make_campus_user(make_campus(), first_name="Qamaruddin", last_name="Wazirzada")
    begun = [
        erasures.begin(customer.account_id, force=True, by="adm_1", role="admin").job_id,
        campus_erasure.begin(student.account_id, by="adm_1"),
    ]
    for job_id in begun:
        failed = [Job.status.set(JobStatus.FAILED), Job.completed_at.set(clock.now()), *Job.not_due()]
        operations.record(operations.change(keys.jobs.job(job_id), failed))
    backup = items()
    # After the minute both were opened again, and ended.
    erasures.begin(customer.account_id, force=True, by="adm_1", role="admin")
    campus_erasure.begin(student.account_id, by="adm_1")
    for job_id in begun:
        finish(job_id)
    operations.remove_many([operations.key_of(raw) for raw in items()])
    operations.put_raw(backup)
    assert erase_again.run() == 0
    for job_id in begun:
        finish(job_id)
    for name in ("Zulaikha Rahmatullah", "Qamaruddin", "Wazirzada"):
        assert not whole_store.holding(name, whole_store.dump()), name
