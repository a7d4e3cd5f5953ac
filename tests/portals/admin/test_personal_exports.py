"""The exports of several customers: each is of its own customer, with their own words, and each ends."""

import io
import json
import uuid
import zipfile
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.clients import files
from chalicelib.domain.payments import withdrawals
from chalicelib.domain.personal_data import exports
from chalicelib.domain.personal_data.places import PLACES
from chalicelib.domain.tickets import gifts, tickets
from chalicelib.errors import Unavailable
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Payment, PersonalExport, Ticket
from chalicelib.vocabulary.access import AdminRole
from chalicelib.vocabulary.tickets import TicketStatus
from chalicelib.vocabulary.work import JobStatus
from chalicelib.workers import jobs
from tests.portals.webapp.evening import ask, forget_answers, make_evening
from tests.support import meanwhile, whole_store
from tests.support.client import call
from tests.support.factories import admin_token, make_customer, unused_number
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")


def begin(customer: Account, token: str) -> str:
    started = call("GET", f"/api/customers/{customer.account_id}/export/", token=token)
    assert started.status == 200, started.text
    return str(started.json["job_id"])


def status(job_id: str) -> JobStatus:
    job = operations.get(keys.jobs.job(job_id))
    assert job is not None
    return job.status


def run(job_id: str) -> None:
    for _ in range(60):
        if status(job_id) != JobStatus.OPEN:
            return
        jobs.run_step(job_id)
    raise AssertionError("the job has no end")


def content_of(customer: Account) -> Any:
    job_id = begin(customer, admin_token())
    run(job_id)
    job = operations.get(keys.personal_data.export(job_id))
    assert isinstance(job, PersonalExport)
    packed = zipfile.ZipFile(io.BytesIO(files.read(str(job.file_key), limit=10**8) or b""))
    return json.loads(packed.read("customer.json"))


def test_each_customer_has_an_export_of_their_own_and_later_a_fresh_one() -> None:
    token, one, other = admin_token(), make_customer(), make_customer()
    first, second = begin(one, token), begin(other, token)
    owners = [operations.get(keys.personal_data.export(job_id)) for job_id in (first, second)]
    assert [job and job.owner_id for job in owners] == [one.account_id, other.account_id]
    # The same request again is the same job, for ten minutes and for the same member of staff.
    assert (begin(one, token), begin(other, token)) == (first, second)
    assert begin(one, admin_token()) not in (first, second)
    with clock.set_to(clock.now() + timedelta(minutes=11)):
        assert begin(one, token) not in (first, second)


def test_an_export_whose_last_write_is_lost_is_completed_by_the_next_step() -> None:
    job_id = begin(make_customer(), admin_token())
    for _ in PLACES:
        jobs.run_step(job_id)
    place = keys.personal_data.export(job_id)
    with (
        meanwhile.failing("UpdateItem", matches=lambda sent: sent["Key"]["pk"] == {"S": place.pk}),
        suppress(Unavailable),
    ):
        jobs.run_step(job_id)
    assert status(job_id) == JobStatus.OPEN
    jobs.run_step(job_id)
    assert status(job_id) == JobStatus.COMPLETE
    job = operations.get(place)
    assert job is not None
    assert files.count_all(exports.folder(job.owner_id)) == 1


def test_an_export_ends_without_a_file_once_its_customer_is_being_erased() -> None:
    token, customer = admin_token(AdminRole.ADMIN), make_customer()
    job_id = begin(customer, token)
    jobs.run_step(job_id)
    assert call("DELETE", f"/api/customers/{customer.account_id}/", token=token).status == 202
    run(job_id)
    assert status(job_id) == JobStatus.FAILED


def test_an_export_that_is_written_during_the_erasure_is_not_kept() -> None:
    token, customer = admin_token(AdminRole.ADMIN), make_customer()
    job_id = begin(customer, token)
    for _ in PLACES:
        jobs.run_step(job_id)

    def erase() -> None:
        answer = call("DELETE", f"/api/customers/{customer.account_id}/", token=token)
        with clock.set_to(clock.now() + timedelta(minutes=10)):
            run(str(answer.json["job_id"]))

    with meanwhile.before("PutObject", erase, service="s3", matches=lambda sent: sent["Key"].endswith(f"{job_id}.zip")):
        jobs.run_step(job_id)
    assert status(job_id) == JobStatus.FAILED
    assert files.count_all(exports.folder(customer.account_id)) == 0


def give_back(customer: Account, ticket: Ticket, reason: str) -> None:
    """Ask for a refund that staff refuse, so that the ticket may be handed on."""
    asked = ask(customer, "POST", f"{ticket.ticket_id}/refund-request/", {"reason": reason})
    assert asked.status == 201, asked.text
    StreamReader().drain()
    decision = {"decision": "reject", "note": "Too late."}
    refused = call("PUT", f"/api/refund-requests/{asked.json['id']}/", decision, token=admin_token())
    assert refused.status == 200, refused.text


def hand_on(giver: Account, ticket: Ticket, taker: Account) -> None:
    moved = ask(giver, "POST", f"{ticket.ticket_id}/transfer/", {"mobile_number": taker.mobile_number})
    assert moved.status == 200, moved.text


def test_a_ticket_that_went_from_hand_to_hand_shows_each_customer_their_own_words() -> None:
    buyer, second, third = (make_customer() for _ in range(3))
    words = {each.account_id: f"Because of {uuid.uuid4().hex}" for each in (buyer, second)}
    ticket = make_evening().sell(buyer)
    give_back(buyer, ticket, words[buyer.account_id])
    hand_on(buyer, ticket, second)
    give_back(second, ticket, words[second.account_id])
    hand_on(second, ticket, third)
    StreamReader().drain()

    def reasons(customer: Account) -> list[str]:
        found = content_of(customer)["refunds_and_gifts"]
        return [each["reason"] for each in found if each["kind"] == "RefundRequest"]

    assert [reasons(each) for each in (buyer, second)] == [[words[buyer.account_id]], [words[second.account_id]]]
    with clock.set_to(clock.now() + timedelta(minutes=11)):
        token = admin_token(AdminRole.ADMIN)
        started = call("DELETE", f"/api/customers/{second.account_id}/", token=token)
        assert started.status == 202, started.text
        with clock.set_to(clock.now() + timedelta(minutes=2)):
            run(started.json["job_id"])
    stored = whole_store.dump()
    assert whole_store.holding(words[buyer.account_id], stored)
    # A file of their export lives for a day; nothing else has their words.
    assert not whole_store.holding(words[second.account_id], stored)


@pytest.mark.parametrize("is_registered", [True, False])
def test_what_a_giver_called_the_receiver_is_not_kept_once_the_ticket_is_theirs(is_registered: bool) -> None:
    giver, number, called = make_customer(), unused_number("5"), f"Cousin {uuid.uuid4().hex}"
    receiver = make_customer(mobile_number=number) if is_registered else None
    ticket = make_evening().sell(giver)
    body = {"mobile_number": number, "name": called}
    given = ask(giver, "POST", f"{ticket.ticket_id}/gift/", body, key=ticket.ticket_id)
    assert (given.status, given.json["name"]) == (201, called)
    if receiver is None:
        assert whole_store.holding(called, whole_store.dump())
        receiver = make_customer(mobile_number=number)
        assert gifts.claim_all(receiver) == 1
    forget_answers()
    assert not whole_store.holding(called, whole_store.dump())
    again = ask(giver, "POST", f"{ticket.ticket_id}/gift/", body, key=ticket.ticket_id)
    assert (again.status, again.json["id"], again.json["name"]) == (201, given.json["id"], called)


def give_away(giver: Account, ticket: Ticket) -> str:
    """Give a ticket to a number that nobody has; return the words that the giver sends with it."""
    words = f"From {uuid.uuid4().hex}"
    body = {"mobile_number": unused_number("5"), "name": words, "message": words}
    assert ask(giver, "POST", f"{ticket.ticket_id}/gift/", body, key=ticket.ticket_id).json["status"] == "pending"
    forget_answers()
    return words


def test_a_gift_that_waits_is_in_its_givers_export_and_goes_with_their_data() -> None:
    giver = make_customer()
    ticket = make_evening().sell(giver)
    words = give_away(giver, ticket)
    StreamReader().drain()
    (shown,) = [each for each in content_of(giver)["refunds_and_gifts"] if each["kind"] == "Gift"]
    assert (shown["name"], shown["message"]) == (words, words)
    with clock.set_to(clock.now() + timedelta(minutes=11)):
        token = admin_token(AdminRole.ADMIN)
        started = call("DELETE", f"/api/customers/{giver.account_id}/?force=true", token=token)
        assert started.status == 202, started.text
        with clock.set_to(clock.now() + timedelta(minutes=2)):
            run(started.json["job_id"])
    assert tickets.get(ticket.ticket_id).status == TicketStatus.REFUNDED
    assert not whole_store.holding(words, whole_store.dump())


@pytest.mark.parametrize("is_refunded", [True, False])
def test_a_gift_ends_with_its_ticket(is_refunded: bool) -> None:
    giver, stream = make_customer(), StreamReader()
    ticket = make_evening().sell(giver)
    words = give_away(giver, ticket)
    stream.drain()
    given = tickets.get(ticket.ticket_id)
    if is_refunded:
        assert withdrawals.request(given, Payment(currency="PKR"), "Returned by the provider.") is not None
    else:
        tickets.set_status(ticket.ticket_id, TicketStatus.CANCELLED)
    stream.drain()
    assert not whole_store.holding(words, whole_store.dump())
