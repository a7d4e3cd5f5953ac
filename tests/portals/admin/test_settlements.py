"""Settlements: closed once, listed, and equal to the sum of every line of their file."""

import csv
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import pytest

from chalicelib import clock
from chalicelib.clients import files
from chalicelib.config import config
from chalicelib.domain.ledger import account_names
from chalicelib.domain.money import Money
from chalicelib.domain.payments import repayments
from chalicelib.vocabulary.access import AdminRole
from chalicelib.workers import jobs as jobs_worker
from tests.support import mixed_sales, paid_out, payers, settled
from tests.support.client import call
from tests.support.factories import customer_token, make_organizer
from tests.support.meanwhile import asked
from tests.support.settings import configured
from tests.support.sizes import size_of
from tests.support.streams import StreamReader
from tests.truth import settlement_sums

pytestmark = pytest.mark.usefixtures("moto_cloud")
PATH = "/api/finances/settlements/"
ORDERS = size_of("SETTLED_ORDERS", small=200, full=20_000)
# Of the issue: a settlement of 20,000 orders; and seconds to add up its file again.
MOST_REQUESTS, MOST_SECONDS = 40, 10


def text_of(event_id: str, token: str) -> str:
    answer = call("GET", f"{PATH}?event_id={event_id}&format=csv", token=token)
    if answer.status == 202:
        return written(answer.json["job_id"], token)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    return answer.text


def written(job_id: str, token: str) -> str:
    """Run the job of a file, and return the file."""
    jobs_worker.run_step(job_id)
    job = call("GET", f"/api/jobs/{job_id}/", token=token).json
    assert (job["kind"], job["status"], job["done"]) == ("settlement_file", "complete", 1)
    content = files.read(urlsplit(job["url"]).path.lstrip("/").removeprefix(f"{config().files_bucket}/"), limit=2**27)
    assert content is not None
    return content.decode()


@contextmanager
def requests_to_the_table() -> Iterator[list[list[dict[str, Any]]]]:
    """Note every request to the table inside the block, the log-in of the caller included."""
    operations = ("GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems")
    with ExitStack() as noting:
        yield [noting.enter_context(asked(operation)) for operation in operations]


def shown(amount: int) -> Decimal:
    return Decimal(Money(amount, "PKR").amount)


def test_a_settlement_equals_the_sum_of_its_file_to_the_cent_and_what_comes_later_is_apart() -> None:
    token, organizer = paid_out.staff(), make_organizer()
    sales = mixed_sales.make(organizer, orders=ORDERS, seed=7)
    event_id = sales.event.event_id
    with requests_to_the_table() as sent:
        closed = paid_out.close_after(sales.event)
    assert sum(map(len, sent)) <= MOST_REQUESTS
    with clock.set_to(datetime.fromisoformat(closed.json["closed_at"]) + timedelta(minutes=1)):
        later = mixed_sales.add_late(sales, count=5, seed=8)
    assert paid_out.close_after(sales.event).json == closed.json
    text = text_of(event_id, token)
    began = time.thread_time()
    found = settlement_sums.sums(text)
    seconds = time.thread_time() - began
    print(f"{ORDERS} orders: {sum(map(len, sent))} requests, added up in {seconds:.2f} s")  # for -s
    assert seconds <= MOST_SECONDS
    names = ("gross", "refunds", "platform_fee", "net")
    assert {name: Decimal(closed.json[name]["amount"]) for name in names} == found["settled"]
    assert found["settled"] == {name: shown(getattr(sales, name)) for name in names}
    assert found["later"] == {
        "gross": 0,
        "refunds": shown(later),
        "platform_fee": 0,
        "net": -shown(later),
    }


def test_a_file_names_every_order_refund_dispute_and_late_payment_once() -> None:
    token, organizer, stream = paid_out.staff(AdminRole.ADMIN), make_organizer(), StreamReader()
    event, standard, _ = settled.make_evening(organizer)
    order = settled.buy(standard, 2)
    settled.give_back(order)
    late, payment_id = settled.expired(standard)
    assert (
        call("POST", "/api/v1/payments/confirm/", {"payment_id": payment_id}, token=customer_token(late)).status == 200
    )
    stream.drain()
    once = text_of(event.event_id, token)
    rows = list(csv.DictReader(once.lstrip("\ufeff").splitlines()))
    assert sorted(row["what"] for row in rows) in (
        ["late_payment", "order", "refund"],
        ["order", "order", "refund"],
    )
    bought = next(row for row in rows if row["order_id"] == order.order_id and row["what"] == "order")
    assert (bought["gross"], bought["platform_fee"], bought["net"]) == ("3000.00", "150.00", "2850.00")
    given = next(row for row in rows if row["what"] == "refund")
    assert (given["refunds"], given["platform_fee"], given["waiting"]) == ("1500.00", "-75.00", "1500.00")


def test_what_waits_in_a_file_adds_up_to_what_is_owed_and_to_nothing_once_it_is_paid_back() -> None:
    token, organizer, stream = paid_out.staff(AdminRole.ADMIN), make_organizer(), StreamReader()
    event, standard, _ = settled.make_evening(organizer)
    granted = [settled.give_back(settled.buy(standard)), settled.give_back(settled.buy(standard), amount="333.33")]
    stream.drain()
    assert _waiting(event.event_id, token) == Decimal("1833.33")
    for request in granted:
        repayments.pay_back(request.ticket_id, request.refund_id)
    stream.drain()
    assert _waiting(event.event_id, token) == 0


def _waiting(event_id: str, token: str) -> Decimal:
    rows = csv.DictReader(text_of(event_id, token).lstrip("\ufeff").splitlines())
    return sum((Decimal(row["waiting"]) for row in rows), Decimal(0))


def test_a_large_file_is_written_by_a_job_and_the_same_request_is_the_same_job() -> None:
    token = paid_out.staff()
    sales = mixed_sales.make(make_organizer(), orders=30, seed=9)
    event_id = sales.event.event_id
    once = text_of(event_id, token)
    with configured(LIMIT_SETTLEMENT_LINES="10"):
        path = f"{PATH}?event_id={event_id}&format=csv"
        started = call("GET", path, token=token)
        assert (started.status, started.json["status"]) == (202, "open")
        assert call("GET", path, token=token).json == started.json
        assert written(started.json["job_id"], token) == once
    assert call("GET", f"/api/jobs/{started.json['job_id']}/", token=paid_out.staff()).status == 404


def test_the_file_needs_an_event_and_the_list_takes_its_filters_only() -> None:
    token = paid_out.staff()
    assert call("GET", f"{PATH}?format=csv", token=token).code == "VALIDATION_ERROR"
    assert call("GET", f"{PATH}?format=csv&event_id=evt_none", token=token).status == 404
    for narrower in ("organizer_id=org_1", "closed_at_from=2026-11-01", "search=x", "ordering=closed_at"):
        refused = call("GET", f"{PATH}?format=csv&event_id=evt_none&{narrower}", token=token)
        assert [each["field"] for each in refused.json["error"]["details"]] == [narrower.partition("=")[0]]
    assert call("GET", f"{PATH}?status=paid", token=token).code == "VALIDATION_ERROR"
    assert call("GET", PATH, token=paid_out.staff(AdminRole.SUPPORT)).status == 403


def test_settlements_and_payouts_are_found_by_event_organizer_and_status() -> None:
    token, organizer, stream = paid_out.staff(), make_organizer(), StreamReader()
    event, standard, _ = settled.make_evening(organizer)
    settled.buy(standard)
    stream.drain()
    closed = paid_out.close_after(event).json
    stream.drain()
    for query in (f"event_id={event.event_id}", f"organizer_id={organizer.account_id}", "search=qaww"):
        found = call("GET", f"{PATH}?{query}", token=token).json["results"]
        assert [each["id"] for each in found] == [closed["id"]]
        found = call("GET", f"/api/payouts/?{query}", token=token).json["results"]
        assert [each["id"] for each in found] == [closed["payout_id"]]
    assert len(call("GET", "/api/payouts/?status=scheduled", token=token).json["results"]) == 1
    assert call("GET", "/api/payouts/?status=paid", token=token).json["results"] == []


def test_a_charge_that_comes_after_the_end_sells_nothing_that_no_payout_pays() -> None:
    organizer, stream, now = make_organizer(), StreamReader(), clock.now()
    times = {"starts_at": now + timedelta(minutes=1), "ends_at": now + timedelta(minutes=12)}
    # Its gates are open longer, for who comes back from a break.
    event, standard, _ = settled.make_evening(organizer, **times, scanning_closes_at=now + timedelta(hours=3))
    settled.buy(standard)
    late, payment_id = settled.expired(standard)
    stream.drain()
    with settled.after(event):
        assert paid_out.close(event.event_id, paid_out.staff()).status == 201
        refused = payers.confirm(late, payment_id)
        assert (refused.status, refused.code) == (409, "INVALID_STATE")
        # It was charged on the provider's own page.
        payers.charge_at_sandbox(payment_id)
        confirmed = payers.confirm(late, payment_id).json
    assert (confirmed["status"], confirmed["tickets"]) == ("refunded", [])
    assert "The event is over" in confirmed["failure_reason"]
    assert payers.balances()[account_names.sales(event.event_id)] == 0
