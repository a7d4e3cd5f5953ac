"""An organizer's money, from the last sale to the bank: through the portals, the sweep, the stream and the queue."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from chalicelib import clock
from chalicelib.domain.ledger.account_names import clearing, in_transit, payable
from chalicelib.domain.money import Money
from chalicelib.table import keys
from tests.support import books, paid_out, payers, settled, sweeps
from tests.support.client import call
from tests.support.factories import token_of
from tests.support.paid_out import DONE
from tests.support.settings import configured
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")


def test_an_event_that_is_over_is_settled_by_itself_approved_by_a_second_person_and_paid_once() -> None:
    organizer, stream = paid_out.make_payee(), StreamReader()
    event, standard, box = settled.make_evening(organizer)
    given_back = settled.buy(standard, 2)
    settled.buy(box)
    settled.give_back(given_back)
    stream.drain()

    with configured(SECOND_PERSON_OVER="PKR:1000"):
        sweeps.at_due(keys.money.books_due(event.event_id))
    payout = paid_out.of_event(event.event_id)
    net = 150_000 + 233_333 - 7_500 - 11_667
    assert (payout.status, payout.asked_by, payout.net) == ("awaiting_second", "platform", net)

    second = paid_out.staff()
    approved = paid_out.act(payout.payout_id, "approve", second)
    assert (approved.status, approved.json["status"]) == (200, "scheduled")
    again = paid_out.act(payout.payout_id, "approve", paid_out.staff())
    assert again.json == approved.json

    with paid_out.queue(stream) as queue:
        paid_out.sweep(payout.payout_id)
        assert paid_out.act(payout.payout_id, "cancel", second).code == "INVALID_STATE"
        messages = queue.messages()
        assert len(messages) == 1
        assert [paid_out.deliver(*messages, *messages) for _ in range(3)] == [DONE] * 3

    stream.drain()
    shown = call("GET", f"/api/organizer/payouts/{payout.payout_id}/", token=token_of(organizer)).json
    assert (shown["status"], shown["net"]) == ("paid", {"amount": Money(net, "PKR").amount, "currency": "PKR"})
    assert shown["reference"] == f"sbp_{payout.payout_id}"
    assert shown["paid_at"] is not None
    dashboard = call("GET", "/api/organizer/dashboard/stats/", token=token_of(organizer)).json
    assert dashboard["pending_payouts"]["amount"] == "0.00"
    # From the sales, which may be of yesterday by now, to the day on which the sweep closed the event's books.
    days = f"date_from={_day(-1)}&date_to={_day(30)}"
    company = call("GET", f"/api/finances/company/?{days}", token=paid_out.staff()).json
    true = books.figures()
    assert {name: books.minor(company[name]) for name in ("refunds", "payouts", "ticket_revenue")} == {
        "refunds": true["refunds"],
        "payouts": net,
        "ticket_revenue": 2 * 150_000 + 233_333,
    }
    balances = payers.balances()
    assert sum(balances.values()) == 0
    assert {payable(organizer.account_id), in_transit("sandbox")} & balances.keys() == set()
    assert balances[clearing("sandbox")] == net - 2 * 150_000 - 233_333


@pytest.mark.parametrize(("timezone", "hour"), [("Pacific/Honolulu", 5), ("Pacific/Kiritimati", 11)])
def test_the_days_of_a_payout_are_those_of_its_event(timezone: str, hour: int) -> None:
    organizer, stream = paid_out.make_payee(), StreamReader()
    event, standard, _ = settled.make_evening(organizer, timezone=timezone)
    settled.buy(standard)
    stream.drain()
    with configured(SECOND_PERSON_OVER="PKR:1000"):
        sweeps.at_due(keys.money.books_due(event.event_id))
    payout_id = paid_out.of_event(event.event_id).payout_id
    approved = paid_out.act(payout_id, "approve", paid_out.staff()).json
    begins = datetime.combine(date.fromisoformat(approved["scheduled_for"]), time(), ZoneInfo(timezone))
    assert paid_out.stored(payout_id).gsi2pk == keys.jobs.due(begins, payout_id).pk

    # At that hour it is another day at the event than in UTC.
    with clock.set_to((clock.now() + timedelta(days=30)).replace(hour=hour)):
        token, today = paid_out.staff(), clock.now().astimezone(ZoneInfo(timezone)).date()
        assert paid_out.act(payout_id, "cancel", token).json["status"] == "cancelled"
        body = {"settlement_id": f"stl_{event.event_id.removeprefix('evt_')}"}
        late = {**body, "scheduled_for": (today - timedelta(days=1)).isoformat()}
        assert call("POST", "/api/payouts/", late, token=token).code == "VALIDATION_ERROR"
        made = call("POST", "/api/payouts/", {**body, "scheduled_for": today.isoformat()}, token=token)
        assert (made.status, made.json["scheduled_for"]) == (201, today.isoformat())
        assert paid_out.act(made.json["id"], "cancel", token).json["status"] == "cancelled"
        assert paid_out.create(body["settlement_id"], token).json["scheduled_for"] == today.isoformat()


def _day(after: int) -> str:
    return (clock.now() + timedelta(days=after)).date().isoformat()
