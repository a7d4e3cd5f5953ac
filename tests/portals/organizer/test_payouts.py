"""Payouts: an event's books close once, with all of its money, and its organizer sees the result."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from pypdf import PdfReader

from chalicelib import clock
from chalicelib.config import config
from chalicelib.domain import timezones
from chalicelib.domain.access import accounts
from chalicelib.domain.background.changes import change_of
from chalicelib.domain.events import categories, events
from chalicelib.domain.ledger import account_names, account_totals
from chalicelib.domain.organizers import organizers
from chalicelib.domain.payouts import settlements
from chalicelib.domain.sale import orders, sales_totals
from chalicelib.errors import InvalidState, NotFound, Unavailable
from chalicelib.schemas.examples import demo
from chalicelib.table.items import Account, Event, Settlement
from chalicelib.vocabulary.access import Portal
from chalicelib.vocabulary.events import EventStatus
from infra.local.demo import demo_data
from tests.support import event_states, payers, settled
from tests.support.client import Answer, call
from tests.support.factories import make_customer, make_event, make_organizer, token_of
from tests.support.meanwhile import before
from tests.support.purchases import book
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
_PAYOUTS = "/api/organizer/payouts/"


def ask(organizer: Account, what: str = "", **more: Any) -> Answer:
    return call("GET", f"{_PAYOUTS}{what}", token=token_of(organizer), **more)


def money(answer: dict[str, Any]) -> tuple[str, ...]:
    """Return an answer's gross, refunds, fee and net."""
    return tuple(answer[name]["amount"] for name in ("gross", "refunds", "platform_fee", "net"))


# What a closing writes.
WRITTEN = ("settlement", "payout", "invoice", "invoice_series", "journal", "organizer_totals")


def stored(*kinds: str) -> list[dict[str, Any]]:
    return payers.all_raws(*kinds)


def refused(event: Event, error: type[Exception], told: str) -> None:
    """Assert that an event's books do not close, and that nothing is written."""
    before = stored(*WRITTEN)
    with pytest.raises(error, match=told):
        settlements.close(event.event_id, by="adm_1")
    assert stored(*WRITTEN) == before


def closed(event: Event) -> Settlement:
    """Close the books of an event that is over."""
    with settled.after(event):
        return settlements.close(event.event_id, by="adm_1")


@contextmanager
def fee_rate(monkeypatch: pytest.MonkeyPatch, basis_points: int) -> Iterator[None]:
    """Configure another platform share of sales."""
    with monkeypatch.context() as changed:
        changed.setenv("FEE_BASIS_POINTS", str(basis_points))
        config.cache_clear()
        yield
    config.cache_clear()


def test_a_closed_event_is_paid_out_by_category_to_the_last_of_its_money() -> None:
    organizer = make_organizer()
    organizers.change(organizer.account_id, {"company_name": "Lahore Live Ltd", "tax_number": "1234567-8"})
    event, standard, box = settled.make_evening(organizer)
    first = settled.buy(standard, 3)
    settled.buy(box, 1)
    settled.give_back(first, 1)
    settled.give_back(first, 2, amount="333.33")
    StreamReader().drain()
    with settled.after(event):
        settlement = settlements.close(event.event_id, by="adm_1")
        assert settlements.close(event.event_id, by="adm_2").closed_by == settlement.closed_by == "adm_1"
        told = ask(organizer, f"{settlement.payout_id}/").json
        assert ask(organizer).json["results"] == [{name: told[name] for name in told if name != "adjustments"}]
        dashboard = call("GET", "/api/organizer/dashboard/stats/", token=token_of(organizer)).json
    # 6,833.33 sold, 1,833.33 refunded, a fee of 5 % of the rest; the fee of each order and refund is rounded alone.
    assert money(told) == ("6833.33", "1833.33", "250.00", "4750.00")
    assert [(one["description"], one["quantity"], one["refunded_quantity"], *money(one)) for one in told["lines"]] == [
        ("Standard", 3, 2, "4500.00", "1833.33", "133.33", "2533.34"),
        ("Box, VIP", 1, 0, "2333.33", "0.00", "116.67", "2216.66"),
    ]
    assert told["event"] == {"id": event.event_id, "title": event.title}
    assert (told["status"], told["adjustments"], told["paid_at"]) == ("scheduled", None, None)
    paid_on = timezones.local(settlement.closed_at + settlements.PAID_AFTER, event.timezone)
    assert told["scheduled_for"] == f"{paid_on:%Y-%m-%d}"
    assert dashboard["pending_payouts"]["amount"] == "4750.00"
    balances = payers.balances()
    assert (balances[account_names.sales(event.event_id)], balances[account_names.payable(organizer.account_id)]) == (
        0,
        475_000,
    )
    assert balances[account_names.FEES] == 25_000
    assert (len(stored("settlement")), len(stored("payout"))) == (1, 1)
    assert [raw["number"]["S"] for raw in stored("invoice")].count(told["invoice_number"]) == 1


def test_books_stay_open_until_everything_is_over_paid_and_counted() -> None:
    organizer, stream = make_organizer(), StreamReader()
    event, standard, box = settled.make_evening(organizer)
    settled.buy(standard, 2)
    refused(event, InvalidState, "not over")
    waiting = book(make_customer(), box)
    stream.drain()
    with settled.after(event):
        refused(event, InvalidState, "being paid for")
        assert orders.expire(waiting.order_id)
        stream.drain()
    # A sale and its refund that both wait for the stream: the stock is what it was, the books are not whole.
    settled.give_back(settled.buy(standard))
    with settled.after(event):
        refused(event, Unavailable, "Not every sale")
    settled.buy(standard)
    with settled.after(event):
        # Projected by the sales totals, and not yet by the ledger.
        changes = [change_of(record) for record in stream.read()]
        sales_totals.follow(changes)
        refused(event, Unavailable, "Not every sale")
        account_totals.follow(changes)
        assert settlements.close(event.event_id, by="adm_1").net == 427_500
        # Closed books stay closed, also after the event's status changed.
        event_states.put_into(event.event_id, EventStatus.DRAFT)
        assert settlements.close(event.event_id, by="adm_2").net == 427_500
    for other, told in (
        (make_event(), "no organizer"),
        (make_event(organizer_id=organizer.account_id, status=EventStatus.DRAFT), "not over"),
    ):
        with settled.after(other):
            refused(other, InvalidState, told)
    mixed, _, _ = settled.make_evening(organizer)
    categories.add(mixed.event_id, categories.CategoryDraft(name="Abroad", price=100, capacity=5, currency="EUR"))
    with settled.after(mixed):
        refused(mixed, InvalidState, "one currency")
    with pytest.raises(NotFound):
        settlements.close("evt_unknown", by="adm_1")


def test_an_event_is_closed_as_it_was_read() -> None:
    event, standard, _ = settled.make_evening(make_organizer())
    settled.buy(standard)
    StreamReader().drain()
    other = make_organizer()

    def becomes_anothers() -> None:
        event_states.change(event.event_id, organizer_id=other.account_id)

    with settled.after(event), before("TransactWriteItems", becomes_anothers):
        assert settlements.close(event.event_id, by="adm_1").organizer_id == other.account_id


@pytest.mark.by_day
def test_what_leaves_nothing_to_pay_closes_without_a_payout(monkeypatch: pytest.MonkeyPatch) -> None:
    organizer = make_organizer()
    unsold, _, _ = settled.make_evening(organizer)
    free, _, _ = settled.make_evening(organizer, price=0)
    returned, standard, _ = settled.make_evening(organizer)
    order = settled.buy(standard, 2)
    settled.buy(categories.of(free.event_id)[0], 3)
    with fee_rate(monkeypatch, 900):
        # The refunded fee is the one that was charged.
        for place in range(2):
            settled.give_back(order, place)
    with fee_rate(monkeypatch, 12_000):
        costly, dear, _ = settled.make_evening(organizer)
        settled.buy(dear)
    StreamReader().drain()
    for event, net in ((unsold, 0), (free, 0), (returned, 0), (costly, -30_000)):
        settlement = closed(event)
        assert settlement.payout_id is None
        assert settlement.net == net
        assert payers.balances().get(account_names.sales(event.event_id), 0) == 0
    assert stored("payout") == []
    booked = [raw["pk"]["S"] for raw in stored("journal") if raw["type"]["S"] == "settlement"]
    assert booked == [f"JOURNAL#jrn_settlement_{costly.event_id}"]
    assert payers.balances()[account_names.owed(organizer.account_id)] == -30_000
    assert ask(organizer).json["results"] == []


def test_a_cancelled_events_books_close_once_all_of_it_was_given_back() -> None:
    event, standard, _ = settled.make_evening(make_organizer())
    order = settled.buy(standard)
    event_states.put_into(event.event_id, EventStatus.CANCELLED)
    StreamReader().drain()
    with settled.after(event):
        refused(event, InvalidState, "was cancelled")
    settled.give_back(order)
    StreamReader().drain()
    assert ((settlement := closed(event)).gross, settlement.net) == (150_000, 0)


def test_what_is_sold_or_given_back_after_the_close_stands_beside_the_payout() -> None:
    organizer = make_organizer()
    now = clock.now()
    event, standard, box = settled.make_evening(organizer, refunds_until=now + timedelta(days=60))
    order, late = settled.buy(standard, 2), book(customer := make_customer(), box)
    opened = payers.process(customer, late, token="tok_ok").json  # the sandbox's, no secret
    with clock.set_to(now + timedelta(minutes=12)):
        assert orders.expire(late.order_id)
    StreamReader().drain()
    settlement = closed(event)
    document, path = ask(organizer, f"{settlement.payout_id}/invoice/").content, f"{settlement.payout_id}/"
    before = ask(organizer, path).json
    assert before["adjustments"] is None
    settled.give_back(order)
    assert payers.confirm(customer, opened["id"]).json["status"] == "succeeded"
    StreamReader().drain()
    after = ask(organizer, path).json
    assert money(after["adjustments"]) == ("2333.33", "1500.00", "41.67", "791.66")
    assert {**after, "adjustments": None} == before
    organizers.change(organizer.account_id, {"name": "Another name", "tax_number": "7654321-0"})
    assert ask(organizer, f"{path}invoice/").content == document
    balances = payers.balances()
    assert balances[account_names.sales(event.event_id)] == 79_166
    assert balances[account_names.payable(organizer.account_id)] == settlement.net
    with settled.after(event):
        assert settlements.close(event.event_id, by="adm_2").net == settlement.net


def test_a_payout_in_another_currency_is_paid_in_it_and_stays_out_of_the_totals() -> None:
    organizer = make_organizer()
    event = make_event(
        organizer_id=organizer.account_id, starts_at=(now := clock.now()), ends_at=now + timedelta(days=9)
    )
    settled.buy(
        categories.add(event.event_id, categories.CategoryDraft(name="Abroad", price=1_001, capacity=5, currency="EUR"))
    )
    StreamReader().drain()
    told = ask(organizer, f"{closed(event).payout_id}/").json
    assert money(told) == ("10.01", "0.00", "0.50", "9.51")
    assert told["net"]["currency"] == told["lines"][0]["net"]["currency"] == "EUR"
    dashboard = call("GET", "/api/organizer/dashboard/stats/", token=token_of(organizer)).json
    assert dashboard["pending_payouts"] == {"amount": "0.00", "currency": "PKR"}


@pytest.mark.by_day
@pytest.mark.usefixtures("one_day")
def test_the_invoice_of_a_payout_has_a_number_of_its_own_series_and_says_to_whom_and_why() -> None:
    organizer = make_organizer(name="Lahore Live")
    organizers.change(
        organizer.account_id,
        {"company_name": "Lahore Live (Private) Limited", "address": "68 Mall Road", "tax_number": "1234567-8"},
    )
    payouts = []
    for years in (0, 0, 1):
        event, standard, _ = settled.make_evening(organizer)
        settled.buy(standard, 2)
        StreamReader().drain()
        with clock.set_to(events.get(event.event_id).ends_at + timedelta(days=400 * years)):
            closing = clock.now()
            payouts.append((settlements.close(event.event_id, by="adm_1"), closing.year))
    names = []
    for settlement, year in payouts:
        answer = ask(organizer, f"{settlement.payout_id}/invoice/", headers={"accept": "application/pdf"})
        assert (answer.status, answer.headers["content-type"]) == (200, "application/pdf")
        text = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages)
        lines = [" ".join(line.split()) for line in text.splitlines()]
        names.append((year, lines[0].removeprefix("Invoice ")))
        assert answer.headers["content-disposition"] == f'inline; filename="{names[-1][1]}.pdf"'
    issued_in = [year for _, year in payouts]
    places = [issued_in[: place + 1].count(year) for place, year in enumerate(issued_in)]
    expected = [(year, f"GHP-{year}-{place:06d}") for year, place in zip(issued_in, places, strict=True)]
    assert names == expected
    for told in (
        "To Lahore Live (Private) Limited, Lahore Live",
        "68 Mall Road",
        "Tax number 1234567-8",
        "Qawwali Night",
        "Standard 2 3,000.00 0.00 -150.00 2,850.00",
        "Gross PKR 3,000.00",
        "Platform fee PKR -150.00",
        "Net PKR 2,850.00",
    ):
        assert told in lines
    # The customers' invoices have theirs.
    assert f"GH-{clock.now():%Y}-000003" in {raw["number"]["S"] for raw in stored("invoice")}


def test_the_list_begins_with_the_newest_and_is_narrowed_by_status_and_day() -> None:
    organizer, other = make_organizer(), make_organizer()
    days = ("2026-11-28", "2026-11-29", "2026-11-30", "2026-12-01")
    one, two, three, four = (settled.put_payout(organizer.account_id, scheduled_for=day).payout_id for day in days)
    held = settled.put_payout(organizer.account_id, status="on_hold", scheduled_for=days[0]).payout_id
    theirs = settled.put_payout(other.account_id)

    def listed(query: str = "") -> list[str]:
        return [payout["id"] for payout in ask(organizer, f"?{query}").json["results"]]

    assert listed() == [held, four, three, two, one]
    assert listed("status=on_hold") == [held]
    assert listed("status=paid") == []
    assert listed("scheduled_from=2026-11-29&scheduled_to=2026-11-30") == [three, two]
    assert listed("scheduled_to=2026-11-28&status=scheduled") == [one]
    assert listed("scheduled_from=2026-12-02") == listed("scheduled_from=2026-11-30&scheduled_to=2026-11-29") == []
    for query in ("status=gone", "scheduled_from=tomorrow", "page_size=0"):
        assert (answer := ask(organizer, f"?{query}")).status == 400, answer.text
    seen, cursor = [], ""
    while cursor is not None:
        page = ask(organizer, f"?page_size=2{cursor and f'&cursor={cursor}'}").json
        seen += [payout["id"] for payout in page["results"]]
        cursor = page["next"]
    assert seen == listed()
    of_filter = ask(organizer, "?page_size=1&status=scheduled").json["next"]
    for asker, query in ((organizer, "page_size=1"), (other, "page_size=1&status=scheduled")):
        answer = ask(asker, f"?{query}&cursor={of_filter}")
        assert (answer.status, answer.code) == (400, "INVALID_CURSOR")
    for what in ("", "invoice/"):
        foreign, unknown = ask(organizer, f"{theirs.payout_id}/{what}"), ask(organizer, f"pto_unknown/{what}")
        assert (foreign.status, foreign.code) == (unknown.status, unknown.code) == (404, "NOT_FOUND")
        assert foreign.json["error"]["message"] == unknown.json["error"]["message"]


@pytest.mark.by_day
def test_the_demo_organizer_has_an_evening_that_is_over_paid_out_and_loaded_once() -> None:
    demo_data.load()
    first = stored(*WRITTEN, "order", "payment", "stock", "refund_request")
    demo_data.load()
    assert stored(*WRITTEN, "order", "payment", "stock", "refund_request") == first
    StreamReader().drain()
    organizer = demo_organizer()
    (payout,) = ask(organizer).json["results"]
    assert money(payout) == ("19900.00", "2500.00", "870.00", "16530.00")
    assert ask(organizer, f"{payout['id']}/").json["adjustments"] is None
    path = f"/api/organizer/events/{demo.PAST_EVENT_ID}/"
    shown = call("GET", path, token=token_of(organizer)).json["analytics"]
    assert (shown["sold"], shown["check_ins"]["admitted"], len(shown["check_ins"]["by_hour"])) == (8, 8, 2)
    assert (shown["revenue"]["amount"], sum(day["tickets"] for day in shown["sales_by_day"])) == ("19900.00", 9)


def demo_organizer() -> Account:
    organizer = accounts.find(Portal.ORGANIZER, demo.ORGANIZER_NUMBER)
    assert organizer is not None
    return organizer
