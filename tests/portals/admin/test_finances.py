"""The company's books: every entry a journal, every change a reversal, and every figure the journals' own sum."""

from datetime import date, timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.clients.providers import MoveWord
from chalicelib.domain.ledger import account_names, account_totals, debts
from chalicelib.domain.payments import repayments
from chalicelib.domain.payouts import sandbox_bank
from chalicelib.table.items import Account
from chalicelib.vocabulary.access import AdminRole
from tests.support import books, meanwhile, mixed_sales, paid_out, payers, settled, taken_back, wallets
from tests.support.client import Answer, call
from tests.support.factories import at, make_customer, make_organizer
from tests.support.settings import configured
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("one_day", "moto_cloud")
FIGURES = (
    *("ticket_revenue", "card_fees", "platform_fees", "refunds"),
    *("expenses", "losses", "payouts", "deposits", "withdrawals", "net_profit"),
)


def send(method: str, path: str, token: str, body: dict[str, Any] | None = None, key: str | None = None) -> Answer:
    headers = {"idempotency-key": key} if key else {}
    return call(method, f"/api/{path}", body, token=token, headers=headers)


def rent(amount: str = "900.00", **more: Any) -> dict[str, Any]:
    today = clock.now().date().isoformat()
    return {"category": "Rent", "amount": amount, "description": "Office", "incurred_on": today, **more}


def company(token: str, query: str = "") -> dict[str, Any]:
    answer = send("GET", f"finances/company/{query}", token)
    assert answer.status == 200
    return dict(answer.json)


def assert_true(token: str) -> dict[str, Any]:
    """Assert that each figure of the company is what its journals come to, and that these sum to zero."""
    shown, true = company(token), books.figures()
    assert {name: books.minor(shown[name]) for name in FIGURES} == {name: true[name] for name in FIGURES}
    owned = true["net_profit"] + true["deposits"] - true["withdrawals"]
    assert books.minor(shown["balance"]) == owned
    for name in FIGURES:
        assert sum(books.minor(month[name]) for month in shown["by_month"]) == true[name]
    assert sum(payers.balances().values()) == 0
    return shown


def test_company_finances_are_what_the_journals_come_to_after_sales_expenses_changes_and_deletions() -> None:
    token, stream = paid_out.staff(), StreamReader()
    mixed_sales.make(make_organizer(), orders=40, seed=3)
    stream.skip()
    first = send("POST", "expenses/", token, rent(), key="one").json
    assert send("POST", "expenses/", token, rent(), key="one").json == first
    gone = send("POST", "expenses/", token, rent("12.34"), key="two").json
    changed = send("PUT", f"expenses/{first['id']}/", token, {"amount": "450.50", "version": 1})
    assert (changed.status, changed.json["version"], changed.json["category"]) == (200, 2, "Rent")
    assert send("DELETE", f"expenses/{gone['id']}/", token).status == 204
    assert send("DELETE", f"expenses/{gone['id']}/", token).status == 404
    deposit = {
        "amount": "5000.00",
        "source": "Partner",
        "received_on": clock.now().date().isoformat(),
        "reference": "T 1",
    }
    assert send("POST", "finances/deposits/", token, deposit).status == 201
    stream.drain()
    shown = assert_true(token)
    assert (shown["expenses"]["amount"], shown["deposits"]["amount"]) == ("450.50", "5000.00")
    found = send("GET", "expenses/?category=rent", token).json["results"]
    assert [each["id"] for each in found] == [first["id"]]
    assert send("GET", "expenses/?source=x", token).code == "VALIDATION_ERROR"
    assert len(send("GET", "finances/deposits/?source=Partner", token).json["results"]) == 1


def assert_owed(organizer: Account) -> int:
    """Assert that what is owed to an organizer, and by one, is the journals' sum; return what is owed by one."""
    true = payers.balances()
    payable, owed = account_names.payable(organizer.account_id), account_names.owed(organizer.account_id)
    stored = account_totals.totals([payable, owed], "PKR")
    assert stored == {payable: true.get(payable, 0), owed: true.get(owed, 0)}
    assert debts.of(organizer.account_id, "PKR").owed == -stored[owed]
    return -stored[owed]


def test_after_sales_refunds_disputes_payouts_and_debts_every_figure_and_account_is_the_journals() -> None:
    organizer, stream, token = paid_out.make_payee(), StreamReader(), paid_out.staff()
    (first, standard, box), (second, other, _) = settled.make_evening(organizer), settled.make_evening(organizer)
    kept, disputed = settled.buy(box, 2), settled.buy(other)
    back = settled.give_back(settled.buy(standard, 2), amount="1000.00")
    assert repayments.pay_back(back.ticket_id, back.refund_id)
    taken_back.tell(disputed, 50_000, MoveWord.OPENED, MoveWord.WITHDRAWN, reference="dp_open")
    taken_back.project_all(stream)
    assert_true(token)
    assert_owed(organizer)

    assert paid_out.close_after(first).status == 201
    payout = paid_out.of_event(first.event_id)
    taken_back.project_all(stream)
    assert payers.balances()[account_names.payable(organizer.account_id)] == payout.net
    paid_out.sweep(payout.payout_id)
    assert paid_out.deliver(paid_out.due(payout.payout_id)) == paid_out.DONE
    taken_back.lose(kept, 100_000, stream)  # after the settlement: owed
    assert books.minor(assert_true(token)["payouts"]) == payout.net
    assert assert_owed(organizer) == 100_000

    sandbox_bank.bounce(payout.payout_id)
    assert payers.post_webhook(payers.told_of_payout(payout.payout_id)).status == 200
    paid_out.sweep(payout.payout_id)
    taken_back.tell(disputed, 50_000, MoveWord.REINSTATED, MoveWord.WON, reference="dp_open")
    taken_back.project_all(stream)
    assert books.minor(assert_true(token)["payouts"]) == 0
    assert paid_out.close_after(second).status == 201
    taken_back.project_all(stream)
    assert assert_owed(organizer) == 0  # deducted from the second payout
    shown = assert_true(token)
    assert books.minor(shown["ticket_revenue"]) == 2 * 233_333 + 2 * 150_000 + 150_000


def test_nothing_is_booked_changed_or_deleted_in_a_closed_month() -> None:
    token = paid_out.staff()
    last_month = clock.now().date().replace(day=1) - timedelta(days=1)
    with configured(BOOKS_CLOSE_AFTER_DAYS="60"):
        made = send("POST", "expenses/", token, rent(incurred_on=last_month.isoformat())).json
    with configured(BOOKS_CLOSE_AFTER_DAYS="0"):
        path = f"expenses/{made['id']}/"
        answers = [
            send("POST", "expenses/", token, rent(incurred_on=last_month.isoformat())),
            send("PUT", path, token, {"amount": "1.00"}),
            send("PUT", path, token, {"incurred_on": clock.now().date().isoformat()}),
            send("DELETE", path, token),
        ]
    assert [(answer.status, answer.code) for answer in answers] == [(409, "INVALID_STATE")] * 4
    assert len(payers.all_raws("journal")) == 1
    tomorrow = clock.now().date() + timedelta(days=2)
    assert send("POST", "expenses/", token, rent(incurred_on=tomorrow.isoformat())).code == "VALIDATION_ERROR"


@pytest.mark.parametrize(
    ("now", "today", "tomorrow"),
    [
        # One in the morning of the first of December in Karachi; in UTC it is the day and the month before.
        ("2026-11-30T20:00:00Z", "2026-12-01", "2026-12-02"),
        # In Kiritimati the second begins at ten of UTC.
        ("2026-12-01T09:59:00Z", "2026-12-01", "2026-12-02"),
        ("2026-12-01T10:00:00Z", "2026-12-02", "2026-12-03"),
        # The 29th of February, two hours old in Auckland.
        ("2028-02-28T13:00:00Z", "2028-02-29", "2028-03-01"),
    ],
)
def test_a_day_is_bookable_and_counts_as_soon_as_it_has_begun_anywhere(now: str, today: str, tomorrow: str) -> None:
    stream = StreamReader()
    with clock.set_to(at(now)):
        owner = paid_out.staff(AdminRole.SUPER_ADMIN)
        assert shares(owner, "100.00").status == 200
        assert send("POST", "expenses/", owner, rent(incurred_on=today)).status == 201
        assert send("POST", "finances/deposits/", owner, deposit(received_on=today)).status == 201
        for path, body, field in (
            ("expenses/", rent(incurred_on=tomorrow), "incurred_on"),
            ("finances/deposits/", deposit(received_on=tomorrow), "received_on"),
        ):
            refused = send("POST", path, owner, body)
            assert refused.json["error"]["details"] == [{"field": field, "message": "must not lie in the future"}]
        stream.drain()
        shown = assert_true(owner)
        assert (shown["expenses"]["amount"], shown["deposits"]["amount"]) == ("900.00", "5000.00")
        assert [month["month"] for month in shown["by_month"]] == [today[:7]]


def test_what_was_spent_today_is_no_profit_to_withdraw_wherever_it_is_today() -> None:
    stream, path = StreamReader(), "finances/profit-withdrawals/"
    with clock.set_to(at("2026-11-30T20:00:00Z")):
        owner = paid_out.staff(AdminRole.SUPER_ADMIN)
        mixed_sales.make(make_organizer(), orders=5, seed=5)
        assert shares(owner, "100.00").status == 200
        assert send("POST", "expenses/", owner, rent("1.00", incurred_on="2026-12-01")).status == 201
        stream.drain()
        profit = books.figures()["net_profit"]
        asked = {"partner": "P0", "amount": f"{(profit + 1) // 100}.{(profit + 1) % 100:02d}"}
        assert send("POST", path, owner, asked).code == "INSUFFICIENT_BALANCE"


def test_what_a_disputed_reload_took_is_a_loss_and_no_profit_until_it_is_won() -> None:
    owner, stream = paid_out.staff(AdminRole.SUPER_ADMIN), StreamReader()
    mixed_sales.make(make_organizer(), orders=5, seed=5)
    customer = make_customer()
    card = wallets.make_card(customer)
    body = {"card_id": card.card_id, "amount": "50.00", "method": "card"}
    payment_id = payers.ask(customer, "process", body).json["id"]
    assert payers.confirm(customer, payment_id).json["status"] == "succeeded"
    assert shares(owner, "100.00").status == 200
    stream.drain()
    before = assert_true(owner)
    taken_back.tell_of(payment_id, 5_000, *taken_back.LOST)
    stream.drain()
    lost = assert_true(owner)
    assert (lost["losses"]["amount"], lost["refunds"]) == ("50.00", before["refunds"])
    for name in ("net_profit", "balance"):
        assert books.minor(before[name]) - books.minor(lost[name]) == 5_000
    withdrawn = {"partner": "P0", "amount": before["net_profit"]["amount"]}
    assert send("POST", "finances/profit-withdrawals/", owner, withdrawn).code == "INSUFFICIENT_BALANCE"
    taken_back.tell_of(payment_id, 5_000, MoveWord.WON, MoveWord.REINSTATED)
    stream.drain()
    assert assert_true(owner) == before
    assert send("POST", "finances/profit-withdrawals/", owner, withdrawn).status == 201


def test_a_stale_version_changes_nothing_and_says_what_is_now() -> None:
    token, stream = paid_out.staff(), StreamReader()
    made = send("POST", "expenses/", token, rent()).json
    assert send("PUT", f"expenses/{made['id']}/", token, {"description": "Hall", "version": 1}).status == 200
    stale = send("PUT", f"expenses/{made['id']}/", token, {"description": "Shop", "version": 1})
    assert (stale.status, stale.code) == (409, "CONFLICT")
    stream.drain()
    shown = send("GET", "expenses/", token).json["results"][0]
    present = stale.json["error"]["present"]
    assert (present["version"], present["description"]) == (2, "Hall")
    assert present == {name: shown[name] for name in present}


def shares(token: str, *percents: Any, **more: Any) -> Answer:
    listed = [{"partner": f"P{place}", "percent": percent} for place, percent in enumerate(percents)]
    return send("PUT", "finances/profit-share/", token, {"shares": listed, **more})


@pytest.mark.parametrize("percents", [("60", "40.00"), (60, 40), (33.34, "66.66"), (59.5, 40.5)])
def test_shares_are_taken_as_numbers_or_text_and_shown_as_text(percents: tuple[Any, ...]) -> None:
    owner = paid_out.staff(AdminRole.SUPER_ADMIN)
    answer = shares(owner, *percents)
    assert answer.status == 200, answer.text
    assert [one["percent"] for one in answer.json["shares"]] == [f"{float(percent):.2f}" for percent in percents]
    for wrong in (True, 33.333, 101, -1, None):
        assert shares(owner, wrong, "66.66").code == "VALIDATION_ERROR", wrong


def test_a_partner_never_withdraws_more_than_the_share_and_a_second_person_decides_about_much() -> None:
    owner, other = paid_out.staff(AdminRole.SUPER_ADMIN), paid_out.staff(AdminRole.SUPER_ADMIN)
    stream = StreamReader()
    mixed_sales.make(make_organizer(), orders=20, seed=5)
    stream.skip()
    profit = books.figures()["net_profit"]
    assert shares(owner, "60", "39.99").code == "VALIDATION_ERROR"
    day = date(clock.now().year, clock.now().month, 1).isoformat()
    assert shares(owner, "60.00", "40.00", valid_from=day).status == 200
    mine = profit * 60 // 100
    path = "finances/profit-withdrawals/"
    too_much = {"partner": "P0", "amount": f"{(mine + 1) // 100}.{(mine + 1) % 100:02d}"}
    assert send("POST", path, owner, too_much).code == "INSUFFICIENT_BALANCE"
    with configured(SECOND_PERSON_OVER="PKR:100"):
        waiting = send("POST", path, owner, {"partner": "P0", "amount": f"{mine // 100}.{mine % 100:02d}"}).json
    assert waiting["status"] == "awaiting_second"
    assert send("POST", path, owner, {"partner": "P0", "amount": "0.01"}).code == "INSUFFICIENT_BALANCE"
    approval = {"withdrawal_id": waiting["id"], "decision": "approve"}
    assert send("POST", path, owner, approval).code == "SECOND_PERSON_NEEDED"
    done = send("POST", path, other, approval)
    assert (done.status, done.json["status"]) == (201, "done")
    assert send("POST", path, paid_out.staff(AdminRole.SUPER_ADMIN), approval).json == done.json
    assert send("POST", path, other, {**approval, "decision": "reject"}).code == "INVALID_STATE"
    stream.drain()
    assert books.minor(assert_true(owner)["withdrawals"]) == mine
    assert len(send("GET", f"{path}?partner=p0", owner).json["results"]) == 1
    assert send("POST", path, paid_out.staff(), too_much).status == 403


def test_a_withdrawal_that_waits_is_found_and_not_approved_once_the_profit_has_fallen_under_it() -> None:
    owner, other = paid_out.staff(AdminRole.SUPER_ADMIN), paid_out.staff(AdminRole.SUPER_ADMIN)
    stream, path = StreamReader(), "finances/profit-withdrawals/"
    mixed_sales.make(make_organizer(), orders=5, seed=5)
    stream.drain()
    profit = books.figures()["net_profit"]
    assert shares(owner, "100.00").status == 200
    with configured(SECOND_PERSON_OVER="PKR:1"):
        asked = {"partner": "P0", "amount": f"{profit // 100}.{profit % 100:02d}"}
        waiting = send("POST", path, owner, asked).json
    stream.drain()
    found = send("GET", f"{path}?status=awaiting_second", other).json["results"]
    assert [each["id"] for each in found] == [waiting["id"]]
    assert send("POST", "expenses/", owner, rent("1.00")).status == 201
    stream.drain()
    decided = {"withdrawal_id": waiting["id"], "decision": "approve"}
    refused = send("POST", path, other, decided)
    assert (refused.status, refused.code) == (409, "INSUFFICIENT_BALANCE")
    assert "1.00 PKR" in refused.json["error"]["message"]
    assert books.figures()["withdrawals"] == 0
    assert send("POST", path, other, {**decided, "decision": "reject"}).json["status"] == "rejected"
    stream.drain()
    assert not send("GET", f"{path}?status=awaiting_second", other).json["results"]


@pytest.mark.parametrize("is_second", [False, True])
@pytest.mark.parametrize("is_replaced", [False, True])
def test_shares_that_are_set_while_a_partner_withdraws_count_for_the_withdrawal(
    *, is_second: bool, is_replaced: bool
) -> None:
    owner, other = paid_out.staff(AdminRole.SUPER_ADMIN), paid_out.staff(AdminRole.SUPER_ADMIN)
    path = "finances/profit-withdrawals/"
    mixed_sales.make(make_organizer(), orders=5, seed=5)
    StreamReader().skip()
    today = clock.now().date()
    first = (today - timedelta(days=1)).isoformat()
    assert shares(owner, "100.00", valid_from=first).status == 200
    profit = books.figures()["net_profit"]
    asked = {"partner": "P0", "amount": f"{profit // 100}.{profit % 100:02d}"}
    body = asked
    if is_second:
        with configured(SECOND_PERSON_OVER="PKR:1"):
            body = {"withdrawal_id": send("POST", path, owner, asked).json["id"], "decision": "approve"}

    def set_less() -> None:
        day = first if is_replaced else today.isoformat()
        assert shares(owner, "0.00", "100.00", valid_from=day).status == 200

    def is_withdrawal(sent: dict[str, Any]) -> bool:
        return "jrn_withdrawal" in str(sent)

    with meanwhile.before("TransactWriteItems", set_less, matches=is_withdrawal):
        refused = send("POST", path, other, body)
    assert (refused.status, refused.code) == (409, "INSUFFICIENT_BALANCE"), refused.text
    assert books.figures()["withdrawals"] == 0


def deposit(amount: str = "5000.00", **more: Any) -> dict[str, Any]:
    today = clock.now().date().isoformat()
    return {"amount": amount, "source": "Bank", "received_on": today, "reference": "T 7", **more}


def test_a_mistaken_deposit_is_corrected_or_taken_back_once_by_a_reversal() -> None:
    token, stream, path = paid_out.staff(), StreamReader(), "finances/deposits/"
    wrong = send("POST", path, token, deposit("50000.00")).json
    corrected = send("POST", path, token, deposit(reverses=wrong["id"]), key="right")
    assert (corrected.status, corrected.json["amount"]["amount"]) == (201, "5000.00")
    assert send("POST", path, token, deposit(reverses=wrong["id"]), key="right").json == corrected.json
    again = send("POST", path, token, deposit(reverses=wrong["id"]))
    assert (again.status, again.code) == (409, "INVALID_STATE")
    stream.drain()
    assert assert_true(token)["deposits"]["amount"] == "5000.00"
    assert [each["id"] for each in send("GET", path, token).json["results"]] == [corrected.json["id"]]

    gone = send("POST", path, token, {"reverses": corrected.json["id"]})
    assert (gone.status, gone.json["id"], gone.json["reversed_at"] is None) == (201, corrected.json["id"], False)
    assert send("POST", path, token, {"reverses": corrected.json["id"]}).code == "INVALID_STATE"
    assert send("POST", path, token, {"reverses": "dep_of_nobody"}).status == 404
    partial = send("POST", path, token, {"reverses": wrong["id"], "amount": "1.00"})
    assert {each["field"] for each in partial.json["error"]["details"]} == {"source", "received_on", "reference"}
    assert len(send("POST", path, token, {}).json["error"]["details"]) == 4
    stream.drain()
    assert assert_true(token)["deposits"]["amount"] == "0.00"
    assert not send("GET", path, token).json["results"]


def test_a_deposit_of_a_closed_month_is_not_reversed() -> None:
    made = send("POST", "finances/deposits/", paid_out.staff(), deposit()).json
    with clock.set_to(clock.now() + timedelta(days=60)):
        late = send("POST", "finances/deposits/", paid_out.staff(), {"reverses": made["id"]})
    assert (late.status, late.code) == (409, "INVALID_STATE")
    assert "closed" in late.json["error"]["message"]
