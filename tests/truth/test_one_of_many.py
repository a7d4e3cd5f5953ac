"""Of different requests at the same moment for one thing that only one of them can have, one gets it.

The others hear so with a 409, and leave nothing. `CROWD_CALLERS=32` for the full size.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.access import new_accounts
from chalicelib.domain.card_office import request_answers
from chalicelib.domain.card_office.request_answers import RequestAnswer
from chalicelib.domain.cards import card_requests
from chalicelib.domain.finance import deposits, expenses
from chalicelib.domain.finance.deposits import DepositAsk
from chalicelib.domain.finance.expenses import ExpenseInput
from chalicelib.domain.money import AmountInput
from chalicelib.domain.tickets import staff_tickets
from chalicelib.identifiers import new_id
from chalicelib.vocabulary.access import AdminRole
from chalicelib.vocabulary.cards import CardDelivery, CardRequestAction, CardStatus
from tests.support import engines, payers, wallets
from tests.support.caches import forget_caches
from tests.support.campus import PASSWORD, make_campus
from tests.support.client import Answer, call
from tests.support.factories import admin_token, make_customer, make_event, unused_number
from tests.support.purchases import make_show
from tests.support.settled import buy
from tests.support.shops import new_customer
from tests.support.sizes import size_of

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("crowds"), pytest.mark.timeout(900)]
CALLERS = size_of("CROWD_CALLERS", small=8, full=32)


@pytest.fixture(scope="module", autouse=True)
def exact_cloud() -> Iterator[None]:
    with engines.cloud():
        forget_caches()
        yield
    forget_caches()


@dataclass
class Rivals:
    """Requests of which one is accepted: method, path and body of each. `holders` counts who has it afterwards."""

    sent: list[tuple[str, str, dict[str, Any]]]
    holders: Callable[[], int]


def _shown(path: str) -> Any:
    return call("GET", path, token=admin_token()).json


def staff_with_one_address() -> Rivals:
    admins = [
        new_accounts.create_admin(
            email=f"{unused_number()}@staff.example.com", password=PASSWORD, name="Ada", role=AdminRole.SUPPORT
        )
        for _ in range(CALLERS)
    ]
    email = f"{unused_number()}@staff.example.com"
    paths = [f"/api/users/{admin.account_id}/" for admin in admins]
    sent = [
        ("PUT", path, {"email": email, "version": admin.version}) for path, admin in zip(paths, admins, strict=True)
    ]
    return Rivals(sent, lambda: [_shown(path)["email"] for path in paths].count(email))


def ushers_with_one_name() -> Rivals:
    event_id, name = make_event().event_id, f"usher{unused_number()[1:]}"
    body = {"type": "usher", "username": name, "password": PASSWORD, "roles": ["ushering"], "event_ids": [event_id]}
    sent = [("POST", "/api/users/", {**body, "name": f"Usher {number}"}) for number in range(CALLERS)]
    return Rivals(
        sent, lambda: len([raw for raw in payers.all_raws("account") if raw.get("login", {}).get("S") == name])
    )


def customers_with_one_number() -> Rivals:
    number = unused_number("7")
    paths = [f"/api/customers/{make_customer().account_id}/" for _ in range(CALLERS)]
    sent = [("PUT", path, {"mobile_number": number, "version": 0}) for path in paths]
    return Rivals(sent, lambda: [_shown(path)["mobile_number"] for path in paths].count(number))


def cards_with_one_uid() -> Rivals:
    uid = wallets.make_card(status=CardStatus.STOCK).uid
    uid = f"{uid[:-4]}{'0000' if uid[-4:] != '0000' else '1111'}"
    types = ("uid", "secure")
    sent = [("POST", "/api/nfc-cards/", {"uid": uid, "type": types[number % 2]}) for number in range(CALLERS)]
    return Rivals(sent, lambda: len([raw for raw in payers.all_raws("card") if raw["uid"]["S"] == uid]))


def requests_for_one_card() -> Rivals:
    card = wallets.make_card(status=CardStatus.STOCK)
    asked = []
    for _ in range(CALLERS):
        customer_id = new_customer().account_id
        made = card_requests.make(
            customer_id, delivery=CardDelivery.POST, merchant_id=None, address="Mall Road 7", operation_id=new_id("op")
        )
        request_answers.answer(made.request_id, RequestAnswer(CardRequestAction.APPROVE), by="adm_1")
        asked.append(made.request_id)
    body = {"action": "send", "card_uid": card.uid}
    sent = [("PUT", f"/api/card-requests/{request_id}/", body) for request_id in asked]

    def holders() -> int:
        found = [raw for raw in payers.all_raws("card_request") if raw["request_id"]["S"] in asked]
        return len([raw for raw in found if raw["status"]["S"] == "sent"])

    return Rivals(sent, holders)


def cards_to_one_card() -> Rivals:
    cards = [wallets.make_card(new_customer(), holds=500) for _ in range(CALLERS)]
    to = wallets.make_card(status=CardStatus.STOCK)
    body = {"to_uid": to.uid, "reason": "Lost."}
    paths = [f"/api/nfc-cards/{card.card_id}/" for card in cards]
    sent = [("POST", f"{path}transfer/", body) for path in paths]
    return Rivals(sent, lambda: [_shown(path)["status"] for path in paths].count("replaced"))


def reversals_of_one_deposit() -> Rivals:
    asked = DepositAsk(AmountInput("90.00"), "Partner", clock.now().date(), "T 1")
    deposit_id = deposits.ask(asked, by="adm_1", operation_id=new_id("op")).deposit_id
    sent = [("POST", "/api/finances/deposits/", {"reverses": deposit_id})] * CALLERS

    def holders() -> int:
        journals = payers.all_raws("journal")
        return len([raw for raw in journals if raw["journal_id"]["S"].endswith(f"{deposit_id}_reversed")])

    return Rivals(sent, holders)


def changes_of_one_expense() -> Rivals:
    entered = ExpenseInput("Rent", AmountInput("10.00"), "Office", clock.now().date())
    made = expenses.create(entered, by="adm_1", operation_id=new_id("op"))
    path = f"/api/expenses/{made.expense_id}/"
    sent = [("PUT", path, {"amount": f"{20 + number}.00", "version": 1}) for number in range(CALLERS)]
    return Rivals(sent, lambda: expenses.get(made.expense_id).version - 1)


def changes_of_one_ticket() -> Rivals:
    ticket_id = buy(make_show()[1]).tickets[0]["ticket_id"]
    version = staff_tickets.get(ticket_id).version
    body = {"reason": "Misspelled.", "version": version}
    sent = [("PUT", f"/api/tickets/{ticket_id}/", {**body, "holder_name": f"Guest {n}"}) for n in range(CALLERS)]
    return Rivals(sent, lambda: staff_tickets.get(ticket_id).version - version)


def refunds_of_one_ticket() -> Rivals:
    ticket_id = buy(make_show()[1]).tickets[0]["ticket_id"]
    body = {"ticket_id": ticket_id, "reason": "Ill."}
    sent = [("POST", "/api/refund-requests/", {**body, "amount": f"{10 + number}.00"}) for number in range(CALLERS)]
    return Rivals(
        sent, lambda: len([raw for raw in payers.all_raws("refund_request") if raw["ticket_id"]["S"] == ticket_id])
    )


def students_with_one_address() -> Rivals:
    campus = make_campus()
    email = f"{unused_number()}@campus.example.com"
    body = {"email": email, "password": PASSWORD, "first_name": "Sana", "last_name": "Khan", "department": "Physics"}
    sent = [
        ("POST", "/api/campus/auth/register/", {**body, "username": f"sana{number}", "campus": campus.name})
        for number in range(CALLERS)
    ]
    return Rivals(
        sent, lambda: len([raw for raw in payers.all_raws("account") if raw.get("email", {}).get("S") == email])
    )


RIVALRIES = [
    staff_with_one_address,
    ushers_with_one_name,
    customers_with_one_number,
    cards_with_one_uid,
    requests_for_one_card,
    cards_to_one_card,
    reversals_of_one_deposit,
    changes_of_one_expense,
    changes_of_one_ticket,
    refunds_of_one_ticket,
    students_with_one_address,
]


@pytest.mark.parametrize("make", RIVALRIES)
def test_one_of_many_gets_what_one_can_have(make: Callable[[], Rivals]) -> None:
    rivals, token, together = make(), admin_token(), Barrier(CALLERS)

    def send(parts: tuple[str, str, dict[str, Any]]) -> Answer:
        method, path, body = parts
        together.wait(60)
        for _ in range(60):
            answer = call(method, path, body, token=None if "/auth/" in path else token)
            if answer.status != 503:
                return answer
        raise AssertionError("60 tries brought no answer")

    with ThreadPoolExecutor(CALLERS) as callers:
        answers = list(callers.map(send, rivals.sent))
    assert sorted(answer.status for answer in answers)[1:] == [409] * (CALLERS - 1), answers
    assert min(answer.status for answer in answers) in (200, 201), answers
    assert rivals.holders() == 1
