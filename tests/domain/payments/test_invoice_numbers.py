"""The numbers of invoices: one for each payment that bought something, without gaps or repeats."""

from datetime import UTC, datetime

import pypdfium2
import pytest

from chalicelib import clock
from chalicelib.domain.documents.page import date_in_words
from chalicelib.domain.payments import invoices
from chalicelib.errors import InvalidState, NotFound
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Invoice
from chalicelib.vocabulary.payments import PaymentPurpose, PaymentStatus
from tests.support import payers, purchases
from tests.support.factories import make_customer

pytestmark = pytest.mark.usefixtures("moto_cloud")


@pytest.fixture
def customer(moto_cloud: None) -> Account:  # noqa: ARG001  # the cloud comes first
    return make_customer()


def numbers(payment_ids: list[str]) -> list[str | None]:
    return [payers.stored(payment_id).invoice_number for payment_id in payment_ids]


@pytest.mark.usefixtures("one_day")
def test_numbers_go_on_from_batch_to_batch_and_a_payment_keeps_its_own(customer: Account) -> None:
    made = [purchases.put_payment(customer_id=customer.account_id).payment_id for _ in range(6)]
    invoices.number_all(made[:3])
    # Delivered again, among others, and twice in one batch.
    invoices.number_all([*made[:4], made[3]])
    invoices.number_all(made)
    year = f"{clock.now():%Y}"
    assert sorted(numbers(made), key=str) == [f"GH-{year}-{n:06d}" for n in range(1, 7)]
    first = numbers(made[:3])
    invoices.number_all(made)
    assert numbers(made[:3]) == first


@pytest.mark.usefixtures("one_day")
def test_what_bought_nothing_gets_no_number(customer: Account) -> None:
    reload = {"purpose": PaymentPurpose.RELOAD}
    open_still = {"status": PaymentStatus.REQUIRES_CONFIRMATION}
    failed = {"status": PaymentStatus.FAILED}
    made = [
        purchases.put_payment(customer_id=customer.account_id, **changes).payment_id
        for changes in (reload, open_still, failed, {"status": PaymentStatus.REFUNDED})
    ]
    invoices.number_all(made)
    assert numbers(made) == [None, None, None, f"GH-{clock.now():%Y}-000001"]


def test_an_invoice_is_its_customers_own(customer: Account) -> None:
    payment = purchases.put_payment(customer_id=customer.account_id)
    stranger = make_customer()
    for asked_by, payment_id in ((stranger.account_id, payment.payment_id), (customer.account_id, "pay_of_nobody")):
        with pytest.raises(NotFound):
            invoices.document(asked_by, payment_id)
    # A refused request for the invoice assigned no number.
    assert numbers([payment.payment_id]) == [None]


def test_an_invoice_that_was_stored_with_its_series_keeps_its_day(customer: Account) -> None:
    payment = purchases.put_payment(customer_id=customer.account_id)
    invoices.number_all([payment.payment_id])
    number = str(payers.stored(payment.payment_id).invoice_number)
    present, former = keys.money.invoice_places(number.split("-")[1], number)
    stored = operations.get(present)
    assert stored is not None
    day = datetime(2026, 2, 3, 12, tzinfo=UTC)
    operations.commit(
        operations.remove(present),
        operations.put(Invoice(*former, number=number, payment_id=payment.payment_id, issued_at=day)),
    )
    shown = pypdfium2.PdfDocument(invoices.document(customer.account_id, payment.payment_id).content)
    assert date_in_words(day) in shown[0].get_textpage().get_text_bounded()


def test_there_is_no_invoice_before_the_money_came(customer: Account) -> None:
    status = PaymentStatus.REQUIRES_CONFIRMATION
    payment = purchases.put_payment(customer_id=customer.account_id, status=status)
    with pytest.raises(InvalidState):
        invoices.document(customer.account_id, payment.payment_id)
