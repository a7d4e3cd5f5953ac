"""A customer's payments and their documents, through the portal."""

import io
from datetime import timedelta
from typing import Any

import pytest
from pypdf import PdfReader
from pypdfium2 import PdfDocument
from ulid import ULID

from chalicelib import clock
from chalicelib.clients.providers import MoveWord
from chalicelib.domain.events import categories
from chalicelib.domain.payments import invoices
from chalicelib.domain.sale import orders, rules
from chalicelib.identifiers import new_id
from chalicelib.table.items import Account, Venue
from chalicelib.vocabulary.payments import PaymentMethod, PaymentPurpose, PaymentStatus
from tests.portals.webapp.evening import Evening
from tests.support import payers, purchases, taken_back
from tests.support.client import Answer, call
from tests.support.factories import customer_token, make_customer
from tests.support.payers import stored

_HISTORY = "/api/v1/users/payment-history/"


def ask(customer: Account, query: str = "") -> Answer:
    return call("GET", f"{_HISTORY}?{query}", token=customer_token(customer))


def listed(customer: Account, query: str = "") -> list[str]:
    return [entry["id"] for entry in ask(customer, query).json["results"]]


def invoice(customer: Account, payment_id: str, *, accept: str = "application/pdf") -> Answer:
    return call("GET", f"{_HISTORY}{payment_id}/invoice/", token=customer_token(customer), headers={"accept": accept})


def lines_of(answer: Answer) -> list[str]:
    """Return the text of a document, line by line."""
    assert answer.status == 200, answer.text
    pages = PdfReader(io.BytesIO(answer.content)).pages
    return [" ".join(line.split()) for page in pages for line in page.extract_text().splitlines() if line.strip()]


def put(customer: Account, **changes: Any) -> str:
    return purchases.put_payment(customer_id=customer.account_id, **changes).payment_id


# The list


@pytest.mark.usefixtures("one_day")
def test_a_payment_is_listed_with_its_event_and_soon_with_its_invoice(evening: Evening, ayesha: Account) -> None:
    order = purchases.book(ayesha, evening.category, 2)
    opened = payers.process(ayesha, order).json
    assert payers.confirm(ayesha, opened["id"]).json["status"] == "succeeded"
    [entry] = ask(ayesha).json["results"]
    assert entry["invoice_number"] is None
    invoices.number_all([opened["id"]])
    [entry] = ask(ayesha).json["results"]
    payment = stored(opened["id"])
    assert {name: entry[name] for name in ("id", "status", "amount", "booking_id", "card_id", "provider")} == {
        "id": opened["id"],
        "status": "succeeded",
        "amount": {"amount": "3000.00", "currency": "PKR"},
        "booking_id": order.order_id,
        "card_id": None,
        "provider": "sandbox",
    }
    assert entry["receipt_number"] == payment.receipt_number
    assert entry["invoice_number"] == payment.invoice_number == f"GH-{clock.now():%Y}-000001"
    assert (entry["event_id"], entry["event_title"]) == (evening.event.event_id, "Qawwali Night")


def test_the_newest_payment_comes_first_and_every_page_leads_to_the_next(ayesha: Account, bilal: Account) -> None:
    mine = [put(ayesha) for _ in range(5)]
    put(bilal)
    pages, cursor = [], ""
    for _ in range(3):
        page = ask(ayesha, f"page_size=2{cursor}").json
        pages.append([entry["id"] for entry in page["results"]])
        cursor = f"&cursor={page['next']}"
    assert pages == [mine[:2:-1], mine[2:0:-1], mine[:1]]
    assert page["next"] is None


def test_a_cursor_serves_its_customer_and_its_filter_only(ayesha: Account, bilal: Account) -> None:
    for customer in (ayesha, ayesha, bilal, bilal):
        put(customer)
    cursor = ask(ayesha, "page_size=1").json["next"]
    for asked_by, query in ((bilal, "page_size=1"), (ayesha, "page_size=1&status=succeeded")):
        answer = ask(asked_by, f"{query}&cursor={cursor}")
        assert (answer.status, answer.code) == (400, "INVALID_CURSOR")


def test_nobody_sees_anothers_payments(ayesha: Account, bilal: Account) -> None:
    put(ayesha)
    assert listed(bilal) == []
    assert call("GET", _HISTORY).status == 401


def test_the_list_is_narrowed_by_status_and_method(ayesha: Account) -> None:
    paid = put(ayesha)
    failed = put(ayesha, status=PaymentStatus.FAILED, receipt_number=None)
    refunded = put(ayesha, status=PaymentStatus.REFUNDED, refunded=150_000)
    wallet = put(ayesha, method=PaymentMethod.WALLET)
    opened = put(ayesha, status=PaymentStatus.REQUIRES_CONFIRMATION, receipt_number=None)
    assert listed(ayesha) == [opened, wallet, refunded, failed, paid]
    assert listed(ayesha, "status=succeeded") == [wallet, paid]
    assert listed(ayesha, "status=failed") == [failed]
    assert listed(ayesha, "status=refunded") == [refunded]
    assert listed(ayesha, "status=requires_confirmation") == [opened]
    assert listed(ayesha, "method=wallet") == [wallet]
    assert listed(ayesha, "status=failed&method=wallet") == []
    for query in ("status=paid", "method=cash", "date_from=yesterday", "page_size=0"):
        answer = ask(ayesha, query)
        assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")


def test_the_list_is_narrowed_by_time_both_ends_included(ayesha: Account) -> None:
    start = clock.now().replace(hour=12, minute=0, second=0, microsecond=0)
    moments = [start + timedelta(days=day) for day in range(3)]
    made = [put(ayesha, payment_id=f"pay_{ULID.from_datetime(moment)}", created_at=moment) for moment in moments]
    days = [f"{moment:%Y-%m-%d}" for moment in moments]
    assert listed(ayesha, f"date_from={days[1]}") == [made[2], made[1]]
    assert listed(ayesha, f"date_to={days[1]}") == [made[1], made[0]]
    assert listed(ayesha, f"date_from={days[1]}&date_to={days[1]}") == [made[1]]
    noon = f"{days[1]}T12:00:00Z"
    assert listed(ayesha, f"date_from={noon}&date_to={noon}") == [made[1]]
    assert listed(ayesha, f"date_from={days[2]}&date_to={days[0]}") == []


def test_a_filter_that_fits_little_leads_on_to_what_fits(ayesha: Account) -> None:
    wanted = put(ayesha, method=PaymentMethod.WALLET)
    for _ in range(120):
        put(ayesha)
    page = ask(ayesha, "method=wallet&page_size=5").json
    assert page["results"] == []
    page = ask(ayesha, f"method=wallet&page_size=5&cursor={page['next']}").json
    assert [entry["id"] for entry in page["results"]] == [wanted]
    assert page["next"] is None


# The documents


@pytest.mark.usefixtures("one_day")
def test_an_invoice_says_what_was_bought_by_whom_and_for_how_much(ayesha: Account) -> None:
    event, standard = purchases.make_show(
        venue=Venue(name="Alhamra Arts Centre", city="Lahore"), organizer_name="Lahore Live", organizer_id="org_1"
    )
    box = categories.add(event.event_id, categories.CategoryDraft(name="Box", price=1_234_567, capacity=10, tier="VIP"))
    wants = [rules.RequestedTickets(standard.category_id, 2, []), rules.RequestedTickets(box.category_id, 1, [])]
    order = orders.book(ayesha, event_id=event.event_id, wants=wants, operation_id=new_id("op"))
    payment = purchases.pay(order)
    answer = invoice(ayesha, payment.payment_id)
    number = stored(payment.payment_id).invoice_number
    assert number == f"GH-{clock.now():%Y}-000001"
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == f'inline; filename="{number}.pdf"'
    assert answer.headers["cache-control"] == "no-store"
    assert answer.content.startswith(b"%PDF-")
    lines = lines_of(answer)
    assert lines[0] == f"Invoice {number}"
    assert f"Receipt number {payment.receipt_number}" in lines
    assert "Sold by Gatehouse, on behalf of Lahore Live" in lines
    assert "To Ayesha Khan" in lines
    assert "Qawwali Night" in lines
    assert any(line.startswith("Alhamra Arts Centre") and line.endswith("Lahore") for line in lines)
    assert "Standard 2 PKR 1,500.00 PKR 3,000.00" in lines
    assert "Box, VIP 1 PKR 12,345.67 PKR 12,345.67" in lines
    assert "Total PKR 15,345.67" in lines
    assert any(line.startswith("Paid by bank card, ") and line.endswith("(Asia/Karachi)") for line in lines)
    assert not any("efund" in line for line in lines)


@pytest.mark.usefixtures("one_day")
def test_an_invoice_is_the_same_bytes_whenever_it_is_fetched(evening: Evening, ayesha: Account) -> None:
    payment = purchases.pay(purchases.book(ayesha, evening.category))
    first = invoice(ayesha, payment.payment_id)
    with clock.set_to(clock.now() + timedelta(minutes=5)):
        again = invoice(ayesha, payment.payment_id)
    assert again.content == first.content
    assert stored(payment.payment_id).invoice_number == f"GH-{clock.now():%Y}-000001"


def test_a_refund_stands_on_the_invoice_under_the_number_it_had(evening: Evening, ayesha: Account) -> None:
    payment = purchases.pay(purchases.book(ayesha, evening.category, 2))
    before = lines_of(invoice(ayesha, payment.payment_id))
    purchases.refund(payment, 150_000)
    after = lines_of(invoice(ayesha, payment.payment_id))
    assert after[0] == before[0]
    assert "Total PKR 3,000.00" in after
    assert "Credit note: refunded PKR -1,500.00" in after
    assert "Remaining PKR 1,500.00" in after


def test_what_the_provider_returned_stands_on_the_invoice_and_a_dispute_that_is_won_does_not(
    evening: Evening, ayesha: Account
) -> None:
    order = purchases.book(ayesha, evening.category, 2)
    payment_id = payers.process(ayesha, order, token="tok_ok").json["id"]  # the sandbox's, no secret
    assert payers.confirm(ayesha, payment_id).json["status"] == "succeeded"
    taken_back.tell_of(payment_id, 100_000, *taken_back.LOST)
    lost = lines_of(invoice(ayesha, payment_id))
    assert {"Total PKR 3,000.00", "Credit note: refunded PKR -1,000.00", "Remaining PKR 2,000.00"} <= {*lost}
    taken_back.tell_of(payment_id, 100_000, MoveWord.WON, MoveWord.REINSTATED)
    assert not [line for line in lines_of(invoice(ayesha, payment_id)) if "refunded" in line]


def test_an_invoice_says_that_its_refund_is_on_its_way(evening: Evening, ayesha: Account) -> None:
    due = put(ayesha, status=PaymentStatus.REFUND_DUE, event_id=evening.event.event_id)
    assert "A refund of this payment is on its way." in lines_of(invoice(ayesha, due))


def test_a_reloads_document_is_a_receipt_without_a_number_of_the_series(ayesha: Account) -> None:
    reload = put(ayesha, purpose=PaymentPurpose.RELOAD, card_uid="04C1D2E3F40001", amount=50_000)
    answer = invoice(ayesha, reload)
    lines = lines_of(answer)
    receipt = stored(reload).receipt_number
    assert answer.headers["content-disposition"] == f'inline; filename="{receipt}.pdf"'
    assert (lines[0], lines[2]) == ("Receipt", f"Receipt number {receipt}")
    assert "Money for the card 04C1D2E3F40001 1 PKR 500.00 PKR 500.00" in lines
    assert stored(reload).invoice_number is None


@pytest.mark.parametrize("status", [PaymentStatus.REQUIRES_CONFIRMATION, PaymentStatus.FAILED])
def test_there_is_no_invoice_before_the_money_is_taken(ayesha: Account, status: PaymentStatus) -> None:
    payment = put(ayesha, status=status.value, receipt_number=None)
    answer = invoice(ayesha, payment)
    assert (answer.status, answer.code) == (409, "INVALID_STATE")
    assert stored(payment).invoice_number is None


def test_anothers_invoice_is_not_there(ayesha: Account, bilal: Account) -> None:
    payment = put(ayesha)
    for payment_id in (payment, "pay_unknown"):
        answer = invoice(bilal, payment_id)
        assert (answer.status, answer.code) == (404, "NOT_FOUND")
    assert stored(payment).invoice_number is None


@pytest.mark.parametrize("name", ["Zoë Müller-Ørsted", "Дмитрий Иванов", "Γιώργος Νικολάου"])
def test_a_name_prints_as_it_is_written(moto_cloud: None, name: str) -> None:  # noqa: ARG001  # the cloud comes first
    customer = make_customer(name=name)
    assert f"To {name}" in lines_of(invoice(customer, put(customer)))


@pytest.mark.parametrize("name", ["محمد علي", "עדה לוי", "आयशा खान", "আয়েশা খান", "ஆயிஷா கான்"])
def test_a_name_of_joined_letters_prints_all_of_them(moto_cloud: None, name: str) -> None:  # noqa: ARG001
    customer = make_customer(name=name)
    answer = invoice(customer, put(customer))
    # pypdf does not read joined letters.
    read = str(PdfDocument(answer.content)[0].get_textpage().get_text_bounded())
    # It puts a name that is written from the right before the word.
    [line] = [line for line in read.splitlines() if "To" in line.split()]
    assert sorted(filter(str.isalpha, line.replace("To", ""))) == sorted(filter(str.isalpha, name))


def test_what_no_typeface_has_is_marked_and_said_so(moto_cloud: None) -> None:  # noqa: ARG001  # the cloud comes first
    customer = make_customer(name="Wang \U00013000")
    lines = lines_of(invoice(customer, put(customer)))
    assert "To Wang \N{REPLACEMENT CHARACTER}" in lines
    assert lines[-1] == "\N{REPLACEMENT CHARACTER} stands for a character that cannot be printed here."
