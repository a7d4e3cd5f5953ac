"""The export of everything that is known of a customer, and the erasure of it."""

import io
import json
import re
import uuid
import zipfile
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.clients import files
from chalicelib.domain.access import accounts
from chalicelib.domain.audit import chains
from chalicelib.domain.ledger import card_balances
from chalicelib.domain.tickets import tickets
from chalicelib.domain.tickets.tickets import Holder, TicketToIssue
from chalicelib.table import keys, operations
from chalicelib.table.items import Erasure, PersonalExport, Ticket
from chalicelib.vocabulary.access import AccountStatus, AdminRole, Portal
from chalicelib.vocabulary.cards import CardStatus
from chalicelib.vocabulary.events import EventStatus
from chalicelib.vocabulary.tickets import TicketStatus
from chalicelib.vocabulary.work import JobStatus
from chalicelib.workers import jobs
from tests.portals.admin.person import Somebody, make_somebody
from tests.support import audit, event_states, log_lines, payers, purchases, wallets, whole_store
from tests.support.client import Answer, call
from tests.support.factories import (
    PASSWORD,
    admin_token,
    customer_token,
    make_customer,
    make_event,
    scan_id,
    usher_token,
)
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")


def erase(customer_id: str, *, force: bool = False, token: str | None = None) -> Answer:
    query = "?force=true" if force else ""
    return call("DELETE", f"/api/customers/{customer_id}/{query}", token=token or admin_token(AdminRole.ADMIN))


def run(job_id: str, *, at_most: int = 60) -> None:
    """Run a job to its end, its pauses passed by the clock."""
    with clock.set_to(clock.now() + timedelta(minutes=2)):
        for _ in range(at_most):
            job = operations.get(keys.jobs.job(job_id))
            assert job is not None
            if job.status != JobStatus.OPEN:
                return
            jobs.run_step(job_id)
    raise AssertionError("the job has no end")


def progress(job_id: str, token: str) -> Any:
    return call("GET", f"/api/jobs/{job_id}/", token=token).json


def exported(customer_id: str) -> tuple[dict[str, Any], zipfile.ZipFile]:
    token = admin_token()
    path = f"/api/customers/{customer_id}/export/"
    started = call("GET", path, token=token)
    assert started.status == 200
    assert call("GET", path, token=token).json["job_id"] == started.json["job_id"]
    run(started.json["job_id"])
    shown = call("GET", path, token=token).json
    assert (shown["status"], "X-Amz-Signature" in shown["url"]) == ("complete", True)
    assert progress(started.json["job_id"], token)["done"] == progress(started.json["job_id"], token)["total"]
    job = operations.get(keys.personal_data.export(started.json["job_id"]))
    assert isinstance(job, PersonalExport)
    packed = zipfile.ZipFile(io.BytesIO(files.read(str(job.file_key), limit=10**8) or b""))
    return json.loads(packed.read("customer.json")), packed


def test_a_customer_without_anything_is_erased_and_the_number_registers_again() -> None:
    customer, token = make_customer(name="Farzana Noorani"), admin_token(AdminRole.ADMIN)
    session = customer_token(customer)
    started = erase(customer.account_id, token=token)
    assert started.status == 202
    # From the answer on nobody logs in or acts as this customer.
    assert call("GET", "/api/v1/users/me/", token=session).status == 401
    log_in = {"mobile_number": customer.mobile_number, "password": PASSWORD}
    assert call("POST", "/api/v1/users/login/", log_in).code == "ACCOUNT_SUSPENDED"
    run(started.json["job_id"])
    shown = progress(started.json["job_id"], token)
    assert (shown["status"], shown["done"]) == ("complete", shown["total"])
    assert "X-Amz-Signature" in shown["url"]
    assert call("POST", "/api/v1/users/login/", log_in).code == "INVALID_CREDENTIALS"
    again = make_customer(mobile_number=customer.mobile_number)
    assert again.account_id != customer.account_id
    # The same request again is the same erasure, and nothing can be changed any more.
    assert erase(customer.account_id).json == {"job_id": started.json["job_id"], "status": "complete"}
    assert accounts.get(customer.account_id).status == AccountStatus.ERASED
    change = call("PUT", f"/api/customers/{customer.account_id}/", {"name": "X", "version": 9}, token=token)
    assert change.code == "INVALID_STATE"


def test_a_customer_with_a_ticket_or_money_is_not_erased_unless_these_are_given_back() -> None:
    somebody = make_somebody()
    customer_id = somebody.account.account_id
    before = whole_store.dump()
    refused = erase(customer_id)
    assert (refused.status, refused.code) == (409, "CONFLICT")
    named = {detail["field"] for detail in refused.json["error"]["details"]}
    mine = tickets_of(customer_id)
    assert named == {*(ticket.ticket_id for ticket in mine), f"…{somebody.card_uid[-4:]}"}
    kept = [text for text in whole_store.dump() if '"audit' not in text and "throttle" not in text]
    assert set(kept) <= set(before) | set(kept)
    assert accounts.get(customer_id).status == AccountStatus.ACTIVE


def test_what_an_usher_noted_of_a_leave_is_in_the_export_and_is_erased() -> None:
    customer, event = make_customer(), make_event(re_entry_allowed=True)
    holder, note = Holder(name=customer.name, customer_id=customer.account_id), f"Insulin {uuid.uuid4().hex}"
    ticket = tickets.issue(TicketToIssue(event_id=event.event_id, holder=holder, number=uuid.uuid4().hex[:8]))
    gate, passing = usher_token(event), {"ticket_id": ticket.ticket_id}
    assert call("POST", "/api/usher/scan/result/", {"scan_id": scan_id(), **passing}, token=gate).status == 200
    leave = {"scan_id": scan_id(), "action": "leave", "reason": note, **passing}
    assert call("POST", "/api/usher/scan/part-time-leave/", leave, token=gate).json["result"] == "valid"
    event_states.put_into(event.event_id, EventStatus.ENDED)

    content, _ = exported(customer.account_id)
    assert [each["reason"] for each in content["leaves"]] == [note]
    assert whole_store.holding(note, whole_store.dump())
    with clock.set_to(clock.now() + timedelta(minutes=11)):
        started = erase(customer.account_id, force=True)
        assert started.status == 202, started.text
        run(started.json["job_id"])
    assert not whole_store.holding(note, whole_store.dump())
    (left,) = operations.query(keys.gate.ticket_leave(ticket.ticket_id).pk, index="gsi2")
    assert operations.key_of(left)


def tickets_of(customer_id: str) -> list[Ticket]:
    raws = operations.query(keys.tickets.customer_tickets(customer_id).pk, index="gsi2")
    return list(operations.get_many(operations.places_of(Ticket, raws)).values())


def test_the_export_holds_and_the_erasure_leaves_none_of_a_person() -> None:
    with log_lines.collected() as lines:
        _exported_and_erased(lines)


def _exported_and_erased(lines: log_lines.LogLines) -> None:
    somebody, stream = make_somebody(), StreamReader()
    customer_id, known = somebody.account.account_id, somebody.identifiers
    label = {"labels": [known["label"]], "version": accounts.get(customer_id).version}
    assert call("PUT", f"/api/customers/{customer_id}/", label, token=admin_token()).status == 200
    stream.drain()
    content, packed = exported(customer_id)
    text = json.dumps(content, ensure_ascii=False)
    for what in known:
        assert known[what] in text, what
    assert "AB-" in text
    change = next(entry for entry in content["audit_entries"] if entry["action"] == "customer.change")
    assert change["after"] == {"labels": [known["label"]]}
    assert somebody.card_uid in text
    assert [name for name in packed.namelist() if name.startswith("photos/")]
    assert packed.read("customer.pdf").startswith(b"%PDF")
    with clock.set_to(clock.now() + timedelta(minutes=11)):
        token = admin_token(AdminRole.ADMIN)
        started = erase(customer_id, force=True, token=token)
        assert started.status == 202, started.text
        for _ in range(4):
            stream.drain()
            jobs.run_step(started.json["job_id"])
        run(started.json["job_id"])
        stream.drain()
    assert progress(started.json["job_id"], token)["status"] == "complete"
    found = whole_store.dump()
    for what in known:
        assert not whole_store.holding(known[what], found), what
    # Of three letters, so only where it could be theirs, and as a text of its own.
    assert not [each for each in found if customer_id in each and re.search(r'"AB-\\?"', each)]
    assert not [what for what in set(known) - {"device"} if known[what] in lines.text]
    assert not [each for each in found if f"photos/{customer_id}" in each or f"uploads/{customer_id}" in each]
    _books_are_kept(somebody)
    _chain_is_whole()
    assert "customer.erased" in [action for (action,) in audit.brief("action")]
    _certificate_is_clean(started.json["job_id"], somebody)


def _books_are_kept(somebody: Somebody) -> None:
    customer_id = somebody.account.account_id
    mine = tickets_of(customer_id)
    assert {(ticket.status, ticket.holder_name) for ticket in mine} == {(TicketStatus.REFUNDED, "Erased")}
    books = wallets.books()
    assert card_balances.of(somebody.card_uid).amount == 0
    wallets.assert_balanced(books)
    # The tickets were paid with the card and refunded to it. The reload is paid back, and 5,000.00 have no source.
    moved = {journal.type: journal.entries for journal in books.journals if journal.type in ("pay_back", "unclaimed")}
    sums = {name: {e["account"].partition(":")[0]: e["amount"] for e in entries} for name, entries in moved.items()}
    assert sums == {
        "pay_back": {"card": -70_000, "refunds_due": 70_000},
        "unclaimed": {"card": -500_000, "unclaimed": 500_000},
    }
    assert payers.counts(somebody.evening.category) == (500, 0, 0)
    card = operations.get(keys.cards.card(somebody.card_uid))
    assert card is not None
    assert card.customer_id is None
    assert card.status is CardStatus.BLOCKED


def _chain_is_whole() -> None:
    """Every entry has its digest, follows the one before, and the last is the head."""
    count = 0
    for shard in audit.shards():
        previous = chains.GENESIS
        for entry in shard.entries:
            assert chains.digest_of(entry.body) == entry.digest
            assert json.loads(entry.body)["previous"] == previous
            previous, count = entry.digest, count + 1
        assert shard.head is None or shard.head.digest == previous
    assert count


def _certificate_is_clean(job_id: str, somebody: Somebody) -> None:
    job = operations.get(keys.personal_data.erasure(job_id))
    assert isinstance(job, Erasure)
    certificate = job.certificate
    assert (certificate["left"], certificate["looked_through"]["account"]["data_key_destroyed"]) == (0, True)
    assert certificate["looked_through"]["orders"]["erased"] == 1
    assert json.loads(files.read(f"certificates/{job_id}.json", limit=10**6) or b"{}") == certificate
    assert accounts.find(Portal.WEBAPP, somebody.identifiers["mobile_number"]) is None


def test_an_erasure_that_was_given_up_goes_on_when_it_is_asked_for_again() -> None:
    customer = make_customer()
    job_id = erase(customer.account_id).json["job_id"]
    place = keys.personal_data.erasure(job_id)
    operations.record(operations.change(place, [Erasure.status.set(JobStatus.FAILED), *Erasure.not_due()]))
    assert erase(customer.account_id).json == {"job_id": job_id, "status": "open"}
    run(job_id)
    assert erase(customer.account_id).json["status"] == "complete"


def test_a_booking_that_an_erasure_gives_back_charges_no_page_that_is_left_open() -> None:
    customer = make_customer()
    order = purchases.book(customer, purchases.make_show()[1])
    payment_id = payers.process(customer, order, token="tok_ok").json["id"]  # the sandbox's, no secret
    job_id = erase(customer.account_id).json["job_id"]
    with clock.set_to(clock.now() + timedelta(minutes=2)):
        for _ in range(4):
            jobs.run_step(job_id)
        payers.charge_at_sandbox(payment_id)
    charge = operations.get(keys.money.sandbox_charge(str(payers.stored(payment_id).provider_reference)))
    assert charge is not None
    assert (charge.status, payers.stored(payment_id).status) == ("canceled", "failed")
    assert payers.balances() == {}


def test_support_neither_exports_nor_erases() -> None:
    customer, token = make_customer(), admin_token(AdminRole.SUPPORT)
    assert call("GET", f"/api/customers/{customer.account_id}/export/", token=token).code == "FORBIDDEN"
    assert erase(customer.account_id, token=token).code == "FORBIDDEN"
    assert accounts.get(customer.account_id).status == AccountStatus.ACTIVE
