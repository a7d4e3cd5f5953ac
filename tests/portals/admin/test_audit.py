"""What staff do is in the audit log: done, refused, unchanged; once, and with who, what and from where."""

import json

import pytest
from msgspec.structs import replace

import app  # noqa: F401  # registers the routes
from chalicelib.domain.access import new_accounts, sessions
from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import Act, AuditSubject
from chalicelib.portals.http.route import ROUTES, AnyRoute
from chalicelib.table import keys, operations
from chalicelib.table.items import AuditHead, Device
from chalicelib.vocabulary.access import AdminRole, Portal
from tests.support import audit
from tests.support.client import call
from tests.support.factories import PASSWORD, admin_token, make_event, make_organizer, token_of

pytestmark = pytest.mark.usefixtures("moto_cloud")


def _unaudited(routes: list[AnyRoute]) -> list[str]:
    """Return the routes by which staff write and which name no act."""
    return [
        f"{route.method} {route.path}"
        for route in routes
        if route.portal == Portal.ADMIN and route.method != "GET" and route.guard is not None and not route.audited
    ]


def test_every_write_of_staff_names_its_act() -> None:
    assert _unaudited(ROUTES) == []
    # A route of staff without a guard begins a session: there is nobody yet to record.
    begins = {f"{r.method} {r.path}" for r in ROUTES if r.portal == Portal.ADMIN and r.method != "GET" and not r.guard}
    links = {"POST /api/auth/first-admin", "PUT /api/auth/first-admin"}
    assert begins == {"POST /api/auth/login", "POST /api/auth/refresh", *links}
    assert all(len(route.audited.split(".")) == 2 for route in ROUTES if route.audited)


@pytest.mark.parametrize("route", [r for r in ROUTES if r.portal == Portal.ADMIN and r.audited and r.method != "GET"])
def test_a_forgotten_declaration_is_found(route: AnyRoute) -> None:
    forgetful = [replace(one, audited="") if one is route else one for one in ROUTES]
    assert _unaudited(forgetful) == [f"{route.method} {route.path}"]


def test_an_act_is_recorded_with_who_what_and_from_where() -> None:
    event = make_event()
    account = new_accounts.create_admin(email="ada@example.com", password=PASSWORD, name="Ada", role=AdminRole.ADMIN)
    token = sessions.start(account).access
    body = {"event_id": event.event_id, "gate": "Gate 1", "name": "North"}
    made = call("POST", "/api/devices/", body, token=token, address="192.0.2.9")
    (entry,) = audit.entries()
    device_id = made.json["device_id"]
    assert entry == {
        "entry_id": entry["entry_id"],
        "at": entry["at"],
        "actor_id": account.account_id,
        "actor_type": "admin",
        "role": "admin",
        "action": "device.provision",
        "entity_type": "device",
        "entity_id": device_id,
        "result": "done",
        "address": "192.0.2.9",
        "request_id": made.headers["x-request-id"],
        "after": entry["after"],
        "number": 1,
        "previous": "0" * 64,
        "shard": entry["shard"],
    }
    assert json.loads(entry["after"]) == {**body, "status": "provisioned"}
    assert made.json["enrollment_code"] not in str(entry)


def test_a_refusal_by_role_and_one_by_a_later_stage_are_recorded() -> None:
    make_event()
    support, owner = admin_token(AdminRole.SUPPORT), admin_token()
    assert call("POST", "/api/devices/", {}, token=support).status == 403
    assert call("POST", "/api/devices/", {}, token=owner).status == 400
    assert call("DELETE", "/api/devices/dev_none/", token=owner).status == 404
    assert call("DELETE", f"/api/devices/{'x' * 8000}/", token=owner).status == 404
    assert audit.brief("action", "result", "code", "role", "entity_id") == [
        ("device.provision", "refused", "FORBIDDEN", "support", ""),
        ("device.provision", "refused", "VALIDATION_ERROR", "super_admin", ""),
        ("device.revoke", "refused", "NOT_FOUND", "super_admin", "dev_none"),
        ("device.revoke", "refused", "NOT_FOUND", "super_admin", ""),
    ]


def test_nobody_and_other_portals_leave_no_entry() -> None:
    organizer = token_of(make_organizer())
    for token in (None, "nonsense", organizer):
        assert call("POST", "/api/devices/", {}, token=token).status == 401
    # The same act of another portal's account is none of staff.
    assert call("POST", "/api/organizer/logout/", token=organizer).status == 200
    assert audit.entries() == []


def test_a_repeat_that_changes_nothing_is_recorded_as_unchanged() -> None:
    token = admin_token()
    for _ in range(2):
        assert call("DELETE", "/api/auth/totp/", {"code": "123456"}, token=token).status == 204
    assert audit.brief("action", "result") == [("second_factor.remove", "unchanged")] * 2


def test_log_out_and_the_end_of_another_session_are_recorded() -> None:
    account = new_accounts.create_admin(email="ada@example.com", password=PASSWORD, name="Ada", role=AdminRole.ADMIN)
    first, second = sessions.start(account), sessions.start(account)
    other = second.refresh.partition(".")[0]
    assert call("DELETE", f"/api/sessions/{other}/", token=first.access).status == 204
    assert call("POST", "/api/auth/logout/", token=first.access).status == 200
    mine = first.refresh.partition(".")[0]
    assert audit.brief("action", "entity_id", "result") == [
        ("session.end", other, "done"),
        ("session.end", mine, "done"),
    ]


def _device_write(number: int) -> operations.Write:
    return operations.change(keys.access.device(f"dev_{number}"), [Device.name.set("x")])


@pytest.mark.parametrize("count", [1, 98, 99])
def test_an_act_of_any_size_is_one_transaction_with_its_entry(count: int) -> None:
    act = Act(action="device.rename", address="192.0.2.1", request_id="r", actor_id="adm_1", role="admin")
    for _ in range(20):  # so that a shard gets several
        with acts.acting(act):
            acts.commit(*map(_device_write, range(count)), subject=AuditSubject("device", "dev_1"))
    assert act.recorded == 20
    found = audit.shards()
    assert sum(len(shard.entries) for shard in found) == 20
    for shard in found:
        assert [entry.number for entry in shard.entries] == [*range(1, len(shard.entries) + 1)]
        if shard.entries:
            assert shard.head is not None
            assert (shard.head.number, shard.head.digest) == (len(shard.entries), shard.entries[-1].digest)


def test_an_act_without_a_place_for_its_entry_is_a_fault_and_writes_nothing() -> None:
    act = Act(action="device.rename", address="192.0.2.1", request_id="r", actor_id="adm_1", role="admin")
    with acts.acting(act), pytest.raises(ValueError, match="no place"):
        acts.commit(*map(_device_write, range(100)), subject=AuditSubject("device", "dev_1"))
    assert operations.get(keys.access.device("dev_1")) is None


def test_a_head_that_trails_is_moved_by_the_next_act_of_its_shard() -> None:
    act = Act(action="device.rename", address="192.0.2.1", request_id="r", actor_id="adm_1", role="admin")
    with acts.acting(act):
        for _ in range(30):
            acts.commit(_device_write(1), subject=AuditSubject("device", "dev_1"))
    # As if the process had died between a full transaction and the move of its head.
    behind = [shard for shard in audit.shards() if shard.head and shard.head.number > 1]
    for shard in behind:
        last, before = shard.entries[-1], shard.entries[-2]
        place = keys.audit.audit_head(last.shard)
        operations.record(
            operations.put(AuditHead(*place, shard=last.shard, number=before.number, digest=before.digest))
        )
    next_entries = [keys.audit.audit_entry(shard.entries[-1].shard, len(shard.entries) + 1) for shard in behind]
    assert next_entries
    added = 0
    # An act takes one of the shards by chance, so they go on until each of those that trail got one.
    with acts.acting(act):
        while not all(operations.get(place) for place in next_entries):
            acts.commit(_device_write(1), subject=AuditSubject("device", "dev_1"))
            added += 1
    found = audit.shards()
    assert sum(len(shard.entries) for shard in found) == 30 + added
    for shard in found:
        if shard.entries:
            assert shard.head is not None
            assert (shard.head.number, shard.head.digest) == (len(shard.entries), shard.entries[-1].digest)


def test_record_returns_the_new_item_for_staff_as_for_others() -> None:
    act = Act(action="device.rename", address="192.0.2.1", request_id="r", actor_id="adm_1", role="admin")
    subject = AuditSubject("device", "dev_1")
    with acts.acting(act):
        by_staff = acts.record(_device_write(1), subject=subject)
        removed = acts.record(operations.remove(keys.access.device("dev_1")), subject=subject)
    assert by_staff == acts.record(_device_write(1), subject=subject) == removed
    assert act.recorded == 2
