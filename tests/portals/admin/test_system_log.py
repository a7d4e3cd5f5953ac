"""The audit log as staff read it: personal states as long as the customer's key exists, and whether all is whole."""

import json

import pytest

from chalicelib import clock
from chalicelib.clients import files
from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import Act, AuditSubject
from chalicelib.table import keys, operations
from chalicelib.table.items import AuditEntry, Device
from chalicelib.vocabulary.access import AdminRole
from chalicelib.workers import jobs as worker
from tests.support import audit
from tests.support.client import call
from tests.support.factories import admin_token, make_customer
from tests.support.settings import configured
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
LOG = "/api/logs/system/"


def test_personal_states_are_sealed_shown_to_a_reader_and_gone_with_the_customers_key() -> None:
    stream, customer = StreamReader(), make_customer()
    act = Act(action="customer.change", address="192.0.2.1", request_id="r", actor_id="adm_1", role="admin")
    subject = AuditSubject(
        "customer",
        customer.account_id,
        {"name": "Ayesha Khan"},
        {"name": "Aisha Khan"},
        personal_to=customer.account_id,
    )
    with acts.acting(act):
        acts.commit(
            operations.change(keys.access.device("dev_1"), [Device.name.set("x")]),
            subject=subject,
        )
    stream.drain()
    assert "Khan" not in str(audit.entries())
    token, path = admin_token(AdminRole.SUPPORT), f"{LOG}?entity_id={customer.account_id}"
    (shown,) = call("GET", path, token=token).json["results"]
    assert (shown["before"], shown["after"], shown["erased"]) == (
        {"name": "Ayesha Khan"},
        {"name": "Aisha Khan"},
        False,
    )
    operations.record(operations.remove(keys.access.data_key(customer.account_id)))
    answer = call("GET", f"{path}&verify=true", token=token).json
    (shown,) = answer["results"]
    assert (shown["before"], shown["after"], shown["erased"]) == (None, None, True)
    assert answer["verification"]["status"] == "whole"


def test_verify_says_whole_or_names_the_first_break() -> None:
    audit.fill(40, sealed_every=20)
    token = admin_token()
    whole = call("GET", f"{LOG}?verify=true", token=token).json["verification"]
    assert whole == {"status": "whole", "entries": 40, "seals": 2, "first_break": None, "job_id": None}
    assert call("GET", LOG, token=token).json["verification"] is None
    operations.remove_many([keys.audit.audit_entry(5, 2)])
    broken = call("GET", f"{LOG}?verify=true", token=token).json["verification"]
    assert (broken["status"], broken["first_break"]["where"], broken["first_break"]["number"]) == (
        "broken",
        "shard 5",
        2,
    )


@pytest.mark.parametrize("body", ["{}", "[]", "not JSON", '{"at": "2026-01-01T00:00:00Z", "result": "done"}'])
def test_an_entry_that_was_tampered_with_hides_neither_the_others_nor_its_place(body: str) -> None:
    stream = StreamReader()
    act = Act(action="venue.change", address="192.0.2.1", request_id="r", actor_id="adm_1", role="admin")
    for venue in ("ven_1", "ven_2"):
        subject = AuditSubject("venue", venue, {"name": "A"}, {"name": "B"})
        with acts.acting(act):
            acts.commit(operations.change(keys.access.device(f"dev_{venue}"), [Device.name.set("x")]), subject=subject)
    stream.drain()
    token = admin_token()
    both = call("GET", LOG, token=token).json["results"]
    first, second = ({"shard": each["shard"], "number": each["number"]} for each in both)
    operations.record(operations.change(keys.audit.audit_entry(**first), [AuditEntry.body.set(body)]))
    stream.drain()
    answer = call("GET", f"{LOG}?verify=true", token=token).json
    assert [{"shard": each["shard"], "number": each["number"]} for each in answer["results"]] == [second]
    found = answer["verification"]["first_break"]
    assert (found["where"], found["number"]) == (f"shard {first['shard']}", first["number"])


@pytest.mark.parametrize("is_broken", [False, True])
def test_what_does_not_fit_into_an_answer_is_one_job_that_ends_with_the_finding(is_broken: bool) -> None:
    audit.fill(64, sealed_every=32)
    token = admin_token()
    if is_broken:
        operations.remove_many([keys.audit.audit_entry(9, 4)])
    with configured(LIMIT_AUDIT_VERIFY_MS=0):
        first, second = (call("GET", f"{LOG}?verify=true", token=token).json["verification"] for _ in range(2))
    assert first["status"] == "running"
    assert first["entries"] < 64
    assert second["job_id"] == first["job_id"]
    path = f"/api/jobs/{first['job_id']}/"
    assert call("GET", path, token=token).json["status"] == "open"
    worker.handle({"Records": [{"messageId": "1", "body": json.dumps({"job_id": first["job_id"]})}]})
    job = call("GET", path, token=token).json
    assert (job["kind"], job["status"], job["total"]) == ("audit_verify", "complete", 64)
    if is_broken:
        (problem,) = job["errors"]
        assert problem["row"] == 4
        assert problem["message"].startswith("shard 9, number 4")
    else:
        assert (job["done"], job["errors"]) == (64, [])
    assert call("GET", path, token=admin_token()).status == 404


@pytest.mark.usefixtures("one_day")
def test_an_export_has_what_the_filters_name_and_keeps_personal_states_sealed() -> None:
    stream, customer = StreamReader(), make_customer()
    for action, owner in (("customer.change", customer.account_id), ("venue.change", None)):
        act = Act(action=action, address="192.0.2.1", request_id="r", actor_id="adm_1", role="admin")
        with acts.acting(act):
            acts.commit(
                operations.change(keys.access.device("dev_1"), [Device.name.set("x")]),
                subject=AuditSubject(action.split(".")[0], "id_1", None, {"name": "=Ayesha Khan"}, personal_to=owner),
            )
    stream.drain()
    token = admin_token(AdminRole.SUPPORT)
    today = clock.to_text(clock.now())[:10]
    asked = f"{LOG}export/?actor_id=adm_1&format=csv&ordering=at&at_from={today}&at_to={today}&search=change"
    begun = call("GET", asked, token=token).json
    worker.handle({"Records": [{"messageId": "1", "body": json.dumps({"job_id": begun["job_id"]})}]})
    run = operations.get(keys.jobs.export(begun["job_id"]))
    assert run is not None
    lines = (files.read(str(run.file), limit=10**6) or b"").decode().splitlines()
    assert lines[0].lstrip("\ufeff").startswith("entry_id,at,actor_id")
    assert len(lines) == 3
    (personal,) = (line for line in lines if "customer.change" in line)
    (plain,) = (line for line in lines if "venue.change" in line)
    assert "Khan" not in personal
    assert personal.endswith(",sealed")
    assert "Khan" in plain
    assert lines[1:] == [personal, plain]
