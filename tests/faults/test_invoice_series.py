"""The numbers of invoices, however badly the stream delivers payments: 1 to n, each once, and they never change."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.payments import invoices
from chalicelib.errors import Unavailable
from chalicelib.table import keys, operations
from chalicelib.vocabulary.payments import PaymentPurpose, PaymentStatus
from tests.support.factories import at, make_customer
from tests.support.purchases import put_payment
from tests.support.streams import StreamReader, project
from tests.support.wire import IN_PROCESS, befall, befallings, wire

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("test_invoice_series"), pytest.mark.timeout(900)]

DONE: dict[str, Any] = {"batchItemFailures": []}
_years = count(2101)


@pytest.fixture
def year() -> Iterator[int]:
    """A year of its own for each test, so that its series begins at 1."""
    number = next(_years)
    with clock.set_to(at(f"{number}-06-01T12:00:00Z")):
        yield number


def buy(customer_id: str, number: int) -> list[str]:
    """Store so many payments of a customer for tickets, among payments that get no number; return their ids."""
    put_payment(customer_id=customer_id, status=PaymentStatus.FAILED)
    bought = [put_payment(customer_id=customer_id).payment_id for _ in range(number)]
    put_payment(customer_id=customer_id, purpose=PaymentPurpose.RELOAD)
    return bought


def numbers_of(payment_ids: list[str]) -> dict[str, str | None]:
    found = operations.get_many([keys.money.payment(payment_id) for payment_id in payment_ids])
    return {payment.payment_id: payment.invoice_number for payment in found.values()}


def assert_numbered(payment_ids: list[str], year: int) -> None:
    """Assert that payments, invoices and series of a year agree on 1 to n."""
    expected = [f"GH-{year}-{place:06d}" for place in range(1, len(payment_ids) + 1)]
    numbers = numbers_of(payment_ids)
    assert sorted(map(str, numbers.values())) == expected
    series = operations.get(keys.money.invoice_series(str(year)))
    assert series is not None
    assert series.last == len(expected)
    issued = operations.get_many([keys.money.invoice(str(year), number) for number in expected]).values()
    assert {invoice.payment_id: invoice.number for invoice in issued} == numbers
    # No number follows the last.
    beyond = keys.money.invoice(str(year), f"GH-{year}-{len(expected) + 1:06d}")
    assert operations.get(beyond) is None


def test_records_told_twice_and_out_of_order_number_each_payment_once(stream: StreamReader, year: int) -> None:
    stream.drain()
    bought = buy(make_customer().account_id, 70)
    records = stream.read()
    shuffle = random.Random(7)  # noqa: S311  # no secret
    told = records + shuffle.choices(records, k=len(records))
    shuffle.shuffle(told)
    for start in range(0, len(told), 9):
        assert project(told[start : start + 9]) == DONE
    assert_numbered(bought, year)
    before = numbers_of(bought)
    # The stream delivers the writes of the numbering as well, and then every record again.
    stream.drain()
    assert project(records) == DONE
    assert numbers_of(bought) == before
    assert_numbered(bought, year)


def test_several_followers_at_once_leave_no_gap(stream: StreamReader, year: int) -> None:
    stream.drain()
    bought = buy(make_customer().account_id, 48)
    records = stream.read()
    shuffle = random.Random(11)  # noqa: S311  # no secret
    shares = [shuffle.sample(records, k=len(records) * 2 // 3) for _ in range(8)]
    with ThreadPoolExecutor(8) as followers:
        list(followers.map(project, shares))
    assert project(records) == DONE
    assert_numbered(bought, year)


def test_whoever_fetches_an_invoice_at_once_gets_the_one_number(year: int) -> None:
    customer = make_customer()
    bought = buy(customer.account_id, 4)
    # Each by eight, before the stream has come.
    with ThreadPoolExecutor(32) as callers:
        asked = [callers.submit(invoices.document, customer.account_id, one) for one in bought * 8]
    names = [document.result().name for document in asked if document.exception() is None]
    assert {type(document.exception()) for document in asked} <= {type(None), Unavailable}
    assert set(names) <= {f"{number}.pdf" for number in numbers_of(bought).values()}
    invoices.number_all(bought)
    assert_numbered(bought, year)


def test_whichever_request_fails_the_same_records_again_number_each_payment_once(year: int) -> None:
    customer = make_customer()
    bought = buy(customer.account_id, 3)
    with wire(retries=False) as whole:
        invoices.number_all(bought)
    assert whole.sent.count("TransactWriteItems") == 1
    for place, fault in befallings(len(whole.sent), IN_PROCESS):
        more = buy(customer.account_id, 3)
        befall(lambda: invoices.number_all(more), place, fault)  # noqa: B023  # done before the next
        told = {one: number for one, number in numbers_of(more).items() if number is not None}
        assert len(told) in (0, 3), (place, fault)
        invoices.number_all(more)
        assert told.items() <= numbers_of(more).items(), (place, fault)
        bought += more
        assert_numbered(bought, year)


def test_a_new_year_begins_its_own_series_and_numbers_given_stay(year: int) -> None:
    customer = make_customer()
    last_moment = at(f"{year}-12-31T23:59:59Z")
    with clock.set_to(last_moment):
        old = buy(customer.account_id, 3)
        invoices.number_all(old[:2])
    # The third was paid in the old year; its number is that of the year in which it is issued.
    next(_years)
    with clock.set_to(last_moment + timedelta(seconds=1)):
        new = buy(customer.account_id, 2)
        invoices.number_all([*old, *new])
    assert_numbered(old[:2], year)
    assert_numbered([old[2], *new], year + 1)
