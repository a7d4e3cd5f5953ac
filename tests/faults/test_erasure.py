"""An erasure and an export that die at each of their requests, and customers who act while they are erased."""

import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.access import accounts
from chalicelib.domain.personal_data import erasing, erasures, exports
from chalicelib.domain.personal_data.places import PLACES, Person
from chalicelib.errors import Refusal, Unavailable
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Category, Erasure, Event, Job
from chalicelib.vocabulary.access import AccountStatus
from chalicelib.vocabulary.payments import OrderStatus, PaymentStatus
from chalicelib.vocabulary.work import JobStatus
from chalicelib.workers import jobs
from tests.support import fault_days, whole_store
from tests.support.caches import forget_answers
from tests.support.client import call
from tests.support.codes import texts
from tests.support.factories import customer_token, make_customer, scan_id, usher_token
from tests.support.purchases import book, make_show, pay
from tests.support.streams import StreamReader
from tests.support.sweeps import at_due
from tests.support.wallets import make_card
from tests.support.wire import Fault, befallings, wire

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("test_erasure"), pytest.mark.timeout(900)]

BEFALLING = (Fault.DROPPED, Fault.ANSWER_LOST, Fault.CONFLICT)
CALLERS = 32
_LATER = timedelta(minutes=2)


def make_person(category: Category) -> Account:
    """Return a customer with a ticket, money on a card and a name that is nowhere else."""
    customer = make_customer(name=f"Qasim Zul{uuid.uuid4().hex[:8]}")
    make_card(customer, holds=10_000)
    pay(book(customer, category))
    return customer


def begin(customer: Account) -> str:
    return erasures.begin(customer.account_id, force=True, by="adm_test", role="admin").job_id


def finish(job_id: str) -> Job:
    """Run a job to its end, as the queue does: a step that failed comes again."""
    with clock.set_to(clock.now() + _LATER):
        for _ in range(200):
            job = operations.get(keys.jobs.job(job_id))
            assert job is not None
            if job.status != JobStatus.OPEN:
                return job
            with suppress(Unavailable):
                jobs.run_step(job_id)
    raise AssertionError("the job has no end")


def left(customer: Account) -> list[str]:
    person = Person(customer.account_id)
    return [name for place in PLACES for name in erasing.all_left(place.read(person), customer.account_id)]


def requests_of(act: Callable[[], Any]) -> int:
    with wire(retries=False) as wired:
        act()
        return len(wired.sent)


def some(cells: list[tuple[int, Fault]]) -> Sequence[tuple[int, Fault]]:
    """Return a part of the day's cells, since a cell takes a whole erasure; all with FAULTS=all."""
    return fault_days.part(cells, 0, of=18)


def test_an_erasure_that_fails_at_any_request_is_completed_and_gives_everything_back_once() -> None:
    event, category = make_show()
    first = begin(make_person(category))
    count = requests_of(lambda: finish(first))
    for place, fault in some(befallings(count, BEFALLING)):
        customer = make_person(category)
        job_id = begin(customer)
        with wire(retries=False) as wired, suppress(Unavailable, Refusal):
            wired.faults[place] = fault
            finish(job_id)
        job = finish(job_id)
        assert isinstance(job, Erasure)
        assert (job.status, job.certificate["left"]) == (JobStatus.COMPLETE, 0), (place, fault)
        assert left(customer) == [], (place, fault)
        _given_back_once(customer, event)


def _given_back_once(customer: Account, event: Event) -> None:
    person = Person(customer.account_id)
    (ticket,) = person.tickets
    assert (ticket.status, ticket.holder_name, ticket.event_id) == ("refunded", erasing.NOBODY, event.event_id)
    (payment,) = person.payments
    assert payment.refunded == payment.amount
    assert person.card_uids == []


def test_an_export_that_fails_at_any_request_is_completed_with_everything() -> None:
    customer = make_person(make_show()[1])

    def export() -> str:
        return exports.begin(customer.account_id, by="adm_test", operation_id=new_id("op")).job_id

    first = export()
    count = requests_of(lambda: finish(first))
    for place, fault in some(befallings(count, BEFALLING)):
        job_id = export()
        with wire(retries=False) as wired, suppress(Unavailable):
            wired.faults[place] = fault
            finish(job_id)
        job = finish(job_id)
        assert (job.status, job.done) == (JobStatus.COMPLETE, job.quantity), (place, fault)


def test_customers_who_act_while_they_are_erased_leave_no_half_state() -> None:
    event, category = make_show(gates_are_open=True)
    customer = make_person(category)
    usher, (card_uid,) = usher_token(event), Person(customer.account_id).card_uids
    token, stream = customer_token(customer), StreamReader()
    number = str(customer.mobile_number)
    want = {"event_id": category.event_id, "items": [{"category_id": category.category_id, "quantity": 1}]}
    acts: list[Callable[[], Any]] = [
        lambda: call("POST", "/api/v1/tickets/book/", want, token=token),
        lambda: call("PUT", "/api/v1/users/profile/", {"name": "Somebody New", "blood_type": "B+"}, token=token),
        lambda: call("POST", "/api/v1/users/dependents/", {"name": "Child", "relation": "son"}, token=token),
        lambda: call("POST", "/api/v1/users/login/", {"mobile_number": number, "password": "a long enough password"}),
        lambda: call("POST", f"/api/v1/users/nfc-cards/{card_uid}/reload/", {"amount": "100.00"}, token=token),
        lambda: call("POST", "/api/usher/scan/result/", {"scan_id": scan_id(), "card_id": card_uid}, token=usher),
        lambda: begin(customer),
    ]

    def one(place: int) -> None:
        with suppress(Refusal):
            acts[place % len(acts)]()

    with ThreadPoolExecutor(CALLERS) as pool:
        list(pool.map(one, range(CALLERS)))
    job_id = begin(customer)
    forget_answers()
    assert call("POST", "/api/v1/tickets/book/", want, token=token).status == 401
    # Even a request that passed the guard before, or another container's.
    account = accounts.get(customer.account_id)
    with pytest.raises(Refusal):
        book(account, category)
    # Payments that nobody confirms any more are closed at their provider first.
    while opened := [
        payment
        for payment in Person(customer.account_id).payments
        if payment.status == PaymentStatus.REQUIRES_CONFIRMATION
    ]:
        at_due(keys.money.payment(opened[0].payment_id))
    job = finish(job_id)
    stream.drain()
    assert job.status == JobStatus.COMPLETE
    assert left(customer) == []
    person = Person(customer.account_id)
    assert person.account is not None
    assert person.account.status == AccountStatus.ERASED
    assert OrderStatus.RESERVED not in [order.status for order in person.orders]
    texts()  # the worker of the messages queue sends what waits there within seconds
    found = whole_store.dump()
    for text in (customer.name, number):
        assert not whole_store.holding(text, found), text


def test_two_workers_of_one_erasure_do_each_stage_once() -> None:
    customer = make_person(make_show()[1])
    job_id = begin(customer)
    with clock.set_to(clock.now() + _LATER), ThreadPoolExecutor(4) as pool:
        for _ in range(len(erasures.STAGES) + 4):
            list(pool.map(lambda _: _quietly(job_id), range(4)))
    job = finish(job_id)
    assert isinstance(job, Erasure)
    assert (job.certificate["left"], job.done) == (0, len(erasures.STAGES))
    assert left(customer) == []


def _quietly(job_id: str) -> None:
    with suppress(Unavailable):
        jobs.run_step(job_id)
