"""The lines that service levels and alarms count, as the filters of the template read them."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

import app
from chalicelib import clock
from chalicelib.domain.access import deliveries
from chalicelib.domain.events import listings, stock
from chalicelib.domain.gate import projection
from chalicelib.domain.ledger import account_totals
from chalicelib.domain.payouts import paying
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Journal, Payout, Ticket
from chalicelib.vocabulary.events import EventStatus
from chalicelib.vocabulary.gate import Presence
from infra.local.invocation import FunctionContext
from infra.service_levels import lines as lines_of_template
from tests.support import event_states, paid_out
from tests.support.client import call
from tests.support.factories import make_event, make_organizer, make_ticket, scan_id, usher_token
from tests.support.log_lines import LogLines, collected
from tests.support.settled import buy, make_evening
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud", "swept")
Line = dict[str, Any]


@pytest.fixture
def lines() -> Iterator[LogLines]:
    with collected() as found:
        yield found


def _of(lines: LogLines, message: str) -> list[Line]:
    return [line for line in lines.all() if line["message"] == message]


def _send(*, waited: float, **changes: object) -> dict[str, Any]:
    code = {"message_id": new_id("msg"), "channel": "sms", "to": "+923001234567", "body": "123456", "is_code": True}
    sent = clock.now() - timedelta(seconds=waited)
    record = {
        "messageId": "m1",
        "receiptHandle": "r",
        "body": json.dumps({**code, "subject": None, **changes}),
        "attributes": {"SentTimestamp": str(int(sent.timestamp() * 1000))},
    }
    answer: dict[str, Any] = app.messages({"Records": [record]}, FunctionContext("messages", 30.0))
    return answer


def test_a_code_that_is_handed_over_says_how_long_it_waited(lines: LogLines) -> None:
    assert _send(waited=40) == {"batchItemFailures": []}
    [line] = _of(lines, deliveries.CODE)
    assert line["sent"] is True
    assert 40 <= line["waited_seconds"] < 60


def test_a_code_that_is_dropped_is_not_sent_and_a_notice_has_no_such_line(lines: LogLines) -> None:
    # A fixed line gets no SMS.
    assert _send(waited=1, to="+922135642000") == {"batchItemFailures": []}
    assert [line["sent"] for line in _of(lines, deliveries.CODE)] == [False]
    _send(waited=40, is_code=False)
    _send(waited=40, decoy=True)
    assert len(_of(lines, deliveries.CODE)) == 1


def test_a_batch_of_the_stream_says_how_old_its_oldest_change_is(lines: LogLines) -> None:
    event = make_event()
    reader = StreamReader()
    make_ticket(event)
    records = reader.read()
    now = clock.now()
    for number, record in enumerate(records):
        record["dynamodb"]["ApproximateCreationDateTime"] = int(now.timestamp()) - (9 if number else 2)
    records += [{**records[0], "dynamodb": {**records[0]["dynamodb"], "ApproximateCreationDateTime": 9e11}}]
    with clock.set_to(now):
        app.stream({"Records": records}, FunctionContext("gatehouse-dev-stream", 30.0))
    [line] = lines.of_calls()
    assert line["behind_seconds"] == (9 if len(records) > 2 else 2)
    assert line["count"] == len(records)


@pytest.mark.parametrize(("amounts", "reported"), [((500, -500), []), ((500, -499), [1])])
def test_a_journal_that_does_not_sum_to_zero_is_reported(
    lines: LogLines, amounts: tuple[int, int], reported: list[int]
) -> None:
    reader = StreamReader()
    reader.skip()
    journal_id = new_id("jrn")
    entries = [{"account": account, "amount": amount} for account, amount in zip(("a:1", "b"), amounts, strict=True)]
    place = keys.money.journal(journal_id)
    made = Journal(*place, journal_id=journal_id, type="charge", currency="PKR", entries=entries)
    made.posted_at = clock.now()
    operations.record(operations.put(made))
    reader.drain()
    found = _of(lines, account_totals.IMBALANCE)
    assert [line["off_by"] for line in found] == reported
    assert all(line["journal_id"] == journal_id for line in found)


def test_a_ticket_that_admits_again_is_reported_and_a_refused_second_scan_is_not(lines: LogLines) -> None:
    event = make_event()
    ticket = make_ticket(event)
    reader = StreamReader()
    token = usher_token(event)
    for _ in range(2):
        body = {"scan_id": scan_id(), "ticket_id": ticket.ticket_id}
        assert call("POST", "/api/usher/scan/result/", body, token=token).status == 200
    reader.drain()
    assert not _of(lines, projection.DOUBLE)
    # What a fault in the condition of a scan would write.
    place = keys.tickets.ticket(ticket.ticket_id)
    stored = operations.get(place)
    assert stored is not None
    assert (stored.presence, stored.admission is None) == (Presence.INSIDE, False)
    again = stored.admission
    again.scan_id = scan_id()
    operations.record(operations.change(place, [Ticket.admission.set(again)]))
    reader.drain()
    assert [line["ticket_id"] for line in _of(lines, projection.DOUBLE)] == [ticket.ticket_id]


@pytest.mark.usefixtures("one_day")
@pytest.mark.parametrize(("days", "has_account", "expected"), [(0, True, 0), (1, True, 1), (1, False, 0)])
def test_a_payout_that_is_not_accepted_on_its_day_is_reported_unless_its_organizer_is_waited_for(
    lines: LogLines, days: int, has_account: bool, expected: int
) -> None:
    organizer = paid_out.make_payee() if has_account else make_organizer()
    payout = paid_out.put_settled(organizer.account_id, asked_by="platform")
    actions = [
        Payout.scheduled_for.set((clock.now() - timedelta(days=days)).date().isoformat()),
        *Payout.due_at(keys.jobs.due(clock.now(), payout.payout_id)),
    ]
    operations.record(operations.change(payout.place, actions))
    paid_out.sweep(payout.payout_id)
    # Then it is known what an organizer without an account is waited for.
    if not has_account:
        lines.clear()
    paid_out.sweep(payout.payout_id)
    assert bool(_of(lines, paying.OVERDUE)) is bool(expected)
    assert all(line["payout_id"] == payout.payout_id for line in _of(lines, paying.OVERDUE))


def test_a_payout_in_the_americas_is_on_time_while_its_day_lasts_there(lines: LogLines) -> None:
    # It closes in the evening there, which is the next day in UTC.
    ends_at = (clock.now() + timedelta(days=7)).replace(hour=5, minute=0, second=0, microsecond=0)
    event, standard, _ = make_evening(
        paid_out.make_payee(), timezone="America/Los_Angeles", starts_at=ends_at - timedelta(hours=4), ends_at=ends_at
    )
    buy(standard)
    StreamReader().drain()
    assert paid_out.close_after(event).status == 201
    payout = paid_out.of_event(event.event_id)
    assert payout.scheduled_for == (ends_at + timedelta(days=6)).date().isoformat()
    paid_out.sweep(payout.payout_id)
    assert not _of(lines, paying.OVERDUE)


def test_refusals_are_counted_by_reason(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POWERTOOLS_METRICS_DISABLED", raising=False)
    event = make_event()
    ticket = make_ticket(event)
    reader = StreamReader()
    for _ in range(2):
        body = {"scan_id": scan_id(), "ticket_id": ticket.ticket_id}
        call("POST", "/api/usher/scan/result/", body, token=usher_token(event))
    capsys.readouterr()
    reader.drain()
    metrics = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert sum(each["ScanRefusals"][0] for each in metrics if "ScanRefusals" in each) == 1


def test_what_is_left_of_an_event_on_sale_is_said_where_its_stock_changed(lines: LogLines) -> None:
    evening, standard, _ = make_evening(make_organizer())
    stream = StreamReader()
    while stream.drain():  # the stream's own changes of the event follow
        pass
    lines.clear()
    buy(standard, 3)
    stream.drain()
    said = [line for line in _of(lines, listings.STOCK_LEFT) if line["event_id"] == evening.event_id]
    shown = call("GET", f"/api/v1/public/events/{evening.event_id}/").json["ticket_categories"]
    free = sum(category["available"] for category in shown)
    last = said[-1]
    assert (last["free"], last["capacity"]) == (free, free + 3)
    assert last["left_percent"] == round(100 * free / (free + 3), 1)
    # It is a number that the template's filter publishes, with no dimension by event.
    filters = {name: part for name, part in lines_of_template.expand().items() if "StockLeft" in name}
    assert [part["Properties"]["MetricTransformations"][0]["MetricValue"] for part in filters.values()] == [
        "$.left_percent"
    ]

    # An event that is over is not on sale.
    event_states.put_into(evening.event_id, EventStatus.ENDED)
    while stream.drain():
        pass
    lines.clear()
    for write in stock.sell_free(evening.event_id, {standard.category_id: {0: 1}}):
        operations.record(write)
    stream.drain()
    assert _of(lines, listings.STOCK_LEFT) == []
