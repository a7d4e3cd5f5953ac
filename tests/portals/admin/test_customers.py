"""Customers as staff see and change them."""

import uuid
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from chalicelib import clock
from chalicelib.domain.access import accounts
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, AuditEntry
from chalicelib.vocabulary.access import AccountStatus, AdminRole, Portal
from tests.support import purchases
from tests.support.client import Answer, call
from tests.support.codes import code_for, texts
from tests.support.factories import PASSWORD, admin_token, customer_token, make_customer, unused_number
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")


def ask(method: str, customer: Account, path: str = "", body: Any = None, role: AdminRole = AdminRole.ADMIN) -> Answer:
    return call(method, f"/api/customers/{customer.account_id}/{path}", body, token=admin_token(role))


def entries() -> list[AuditEntry]:
    found = [
        AuditEntry.from_raw_data(raw)
        for shard in range(keys.audit.AUDIT_SHARDS)
        for raw in operations.query(keys.audit.audit_entry(shard, 1).pk)
    ]
    return sorted(found, key=lambda entry: entry.entry_id)


def test_a_change_is_stored_under_the_version_that_was_read() -> None:
    customer = make_customer()
    loaded = ask("GET", customer, role=AdminRole.SUPPORT).json
    change = {"name": "Nadia Iqbal", "email": "nadia@example.com", "labels": ["vip"], "version": loaded["version"]}
    changed = ask("PUT", customer, body=change)
    assert (changed.status, changed.json["version"]) == (200, loaded["version"] + 1)
    assert ask("GET", customer).json == changed.json
    stale = ask("PUT", customer, body={"name": "Somebody Else", "version": loaded["version"]})
    assert (stale.status, stale.code) == (409, "CONFLICT")
    present = {name: changed.json[name] for name in (*change, "mobile_number", "date_of_birth", "status")}
    assert stale.json["error"]["present"] == present
    assert ask("GET", customer).json == changed.json


def test_a_change_by_the_customer_makes_the_version_of_staff_stale() -> None:
    customer = make_customer()
    loaded = ask("GET", customer).json
    assert (
        call("PUT", "/api/v1/users/profile/", {"email": "a@example.com"}, token=customer_token(customer)).status == 200
    )
    assert ask("PUT", customer, body={"name": "Nadia", "version": loaded["version"]}).status == 409


def test_what_a_change_says_of_the_customer_is_sealed_in_the_audit_log() -> None:
    customer = make_customer(name="Zubaida Rahmani")
    assert ask("PUT", customer, body={"name": "Rabia Rahmani", "version": 0}).status == 200
    assert ask("PUT", customer, "status/", {"status": "blocked", "reason": "Stolen bank cards."}).status == 200
    bodies = [entry.body for entry in entries() if customer.account_id in entry.body]
    assert [name in body for body, name in zip(bodies, ("customer.change", "customer.status"), strict=True)]
    assert not any(word in body for body in bodies for word in ("Rahmani", "Stolen"))


def test_another_number_moves_the_log_in_and_notifies_both_numbers() -> None:
    customer, number = make_customer(), unused_number()
    old = customer.mobile_number
    token = customer_token(customer)
    sent = call("POST", "/api/v1/users/login/", {"mobile_number": old, "password": PASSWORD})
    assert sent.status == 200
    digits = code_for(str(old))
    assert ask("PUT", customer, body={"mobile_number": number, "version": 0}).json["mobile_number"] == number
    found = accounts.find(Portal.WEBAPP, number)
    assert found is not None
    assert found.account_id == customer.account_id
    assert accounts.find(Portal.WEBAPP, str(old)) is None
    # Sessions and codes of the old number are over.
    assert call("GET", "/api/v1/users/me/", token=token).status == 401
    challenge = sent.json["challenge_id"]
    tried = call("POST", "/api/v1/users/verify-login-otp/", {"challenge_id": challenge, "otp": digits})
    assert (tried.status, tried.code) == (400, "OTP_INVALID")
    assert {text["to"] for text in texts() if "the number of your customer account" in text["body"]} == {old, number}


def test_a_number_of_another_customer_is_refused_and_nothing_changes() -> None:
    customer, other = make_customer(), make_customer()
    answer = ask("PUT", customer, body={"name": "X", "mobile_number": other.mobile_number, "version": 0})
    assert (answer.status, answer.code) == (409, "ALREADY_EXISTS")
    assert accounts.get(customer.account_id).name == customer.name
    assert not any("customer.change" in entry.body and '"done"' in entry.body for entry in entries())


@pytest.mark.parametrize("status", ["suspended", "blocked"])
def test_a_customer_who_is_locked_out_has_no_session_and_no_log_in(status: str) -> None:
    customer = make_customer()
    token = customer_token(customer)
    assert ask("PUT", customer, "status/", {"status": status, "reason": "Fraud."}).json["status"] == status
    assert call("GET", "/api/v1/users/me/", token=token).status == 401
    log_in = {"mobile_number": customer.mobile_number, "password": PASSWORD}
    assert call("POST", "/api/v1/users/login/", log_in).code == "ACCOUNT_SUSPENDED"
    assert ask("PUT", customer, "status/", {"status": "active", "reason": "Cleared."}).json["status"] == "active"
    assert call("POST", "/api/v1/users/login/", log_in).status == 200
    assert call("GET", "/api/v1/users/me/", token=token).status == 401


@pytest.mark.parametrize("status", ["active", "suspended", "blocked"])
def test_the_status_that_a_customer_has_already_changes_nothing(status: str) -> None:
    customer = make_customer()
    first = ask("PUT", customer, "status/", {"status": status, "reason": "Said once."})
    before = accounts.get(customer.account_id)
    with clock.set_to(clock.now() + timedelta(minutes=1)):
        again = ask("PUT", customer, "status/", {"status": status, "reason": "Said once."})
        assert (again.status, again.json) == (200, first.json)
    assert accounts.get(customer.account_id).serialize() == before.serialize()


def test_support_reads_customers_and_changes_none() -> None:
    customer = make_customer()
    assert ask("GET", customer, role=AdminRole.SUPPORT).status == 200
    assert ask("PUT", customer, body={"name": "X", "version": 0}, role=AdminRole.SUPPORT).code == "FORBIDDEN"
    assert ask("PUT", customer, "status/", {"status": "blocked", "reason": "."}, AdminRole.FINANCE).code == "FORBIDDEN"
    assert accounts.get(customer.account_id).status == AccountStatus.ACTIVE


def test_the_bookings_of_a_customer_are_listed_newest_first_with_the_expired_ones() -> None:
    customer, (_, category) = make_customer(), purchases.make_show()
    orders = [purchases.book(customer, category) for _ in range(3)]
    purchases.pay(orders[0])
    first = ask("GET", customer, "bookings/?page_size=2").json
    assert [one["id"] for one in first["results"]] == [orders[2].order_id, orders[1].order_id]
    rest = ask("GET", customer, f"bookings/?page_size=2&cursor={first['next']}")
    # A cursor belongs to its caller: each call here is by another member of staff.
    assert rest.code == "INVALID_CURSOR"
    token = admin_token()
    path = f"/api/customers/{customer.account_id}/bookings/?page_size=2"
    first = call("GET", path, token=token).json
    rest = call("GET", f"{path}&cursor={first['next']}", token=token).json
    assert [(one["id"], one["status"]) for one in rest["results"]] == [(orders[0].order_id, "paid")]
    assert rest["next"] is None


def test_customers_are_found_by_name_number_and_address() -> None:
    tag = uuid.uuid4().hex[:8]
    customer, other = make_customer(name=f"Zubaida {tag}"), make_customer()
    mail = {"email": f"q{tag}@example.com"}
    assert call("PUT", "/api/v1/users/profile/", mail, token=customer_token(customer)).status == 200
    StreamReader().drain()
    token = admin_token(AdminRole.SUPPORT)
    number = str(customer.mobile_number)
    for search in (tag, f"zubaida {tag[:5]}", number.removeprefix("+")[:12], f"0{number[3:]}", f"q{tag}@exam"):
        found = call("GET", f"/api/customers/?search={quote(search)}", token=token).json["results"]
        assert [one["id"] for one in found] == [customer.account_id], search
    groups = number[3:6], number[6:]
    for form in ("+92 {} {}", "(+92) {}-{}", "+92 (0){} {}", "0092{}{}", "92 {} {}", "0{}/{}", "tel:+92{}{}"):
        typed = quote(form.format(*groups))
        found = call("GET", f"/api/customers/?search={typed}", token=token).json["results"]
        assert [one["id"] for one in found] == [customer.account_id], form
    taken = ask("PUT", other, body={**mail, "version": 0})
    assert (taken.status, taken.code) == (409, "ALREADY_EXISTS")


@pytest.mark.usefixtures("one_day")
def test_customers_are_filtered_by_status_and_day() -> None:
    blocked = make_customer()
    assert ask("PUT", blocked, "status/", {"status": "blocked", "reason": "Fraud."}).status == 200
    StreamReader().drain()
    token, today = admin_token(), clock.now().date()
    path = f"/api/customers/?status=blocked&page_size=100&created_from={today}&created_to={today}"
    found = call("GET", path, token=token).json["results"]
    assert blocked.account_id in [one["id"] for one in found]
    assert {one["status"] for one in found} == {"blocked"}
    later = f"{path.partition('&created')[0]}&created_from={today + timedelta(days=1)}"
    assert call("GET", later, token=token).json["results"] == []
    assert call("GET", "/api/customers/?city=Lahore", token=token).status == 400
