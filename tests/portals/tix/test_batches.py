"""Batches of sellers: no number twice, exact money, and returned numbers are void at once."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.organizations import numbered_tickets
from chalicelib.identifiers import new_id
from chalicelib.table.items import Account
from chalicelib.workers import schedules
from tests.support import sweeps
from tests.support.client import Answer, call
from tests.support.factories import make_organization, make_tix_user, token_of
from tests.support.meanwhile import failing
from tests.support.numbered import organization_of, scan, tickets
from tests.support.settings import configured

pytestmark = pytest.mark.usefixtures("moto_cloud")
BATCHES = "/api/tix/batches"


@pytest.fixture
def admin() -> Account:
    return make_organization()


@pytest.fixture
def token(admin: Account) -> str:
    tickets(admin, 60)
    return token_of(admin)


def give(token: str, first: int, last: int, **changes: Any) -> Answer:
    key = changes.pop("key", None)
    body = {"seller": "Bilal", "prefix": "VIP", "from": first, "to": last, "price": "500.00", **changes}
    return call("POST", BATCHES, body, token=token, headers={"idempotency-key": key} if key else None)


def settle(token: str, batch_id: str, **changes: Any) -> Answer:
    return call("PUT", f"{BATCHES}/{batch_id}", changes, token=token)


def span(first: int, last: int) -> dict[str, int]:
    return {"from": first, "to": last}


def rupees(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "PKR"}


def listed(token: str, query: str = "") -> list[str]:
    return [batch["id"] for batch in call("GET", f"{BATCHES}?{query}", token=token).json["results"]]


def test_a_batch_comes_back_with_its_account(admin: Account, token: str) -> None:
    made = give(token, 11, 30)
    assert made.status == 201, made.text
    batch = made.json
    assert (batch["sold"], batch["due"], batch["cash"], batch["status"]) == (20, rupees("10000.00"), None, "open")
    number = {ticket.number: ticket for ticket in numbered_tickets.of_numbers(organization_of(admin), "VIP", 1, 60)}
    assert scan(admin, number[27]).denial is None
    done = settle(token, batch["id"], returned=[span(26, 30), span(24, 24)], cash="6500.00")
    assert done.status == 200, done.text
    assert done.json["returned"] == [span(24, 24), span(26, 30)]
    assert (done.json["sold"], done.json["due"], done.json["cash"]) == (14, rupees("7000.00"), rupees("6500.00"))
    assert (done.json["difference"], done.json["scanned_of_returned"]) == (rupees("-500.00"), 1)
    assert done.json["status"] == "settled"
    # Refused at the gate from the answer on; the sold ones are admitted.
    denials = {each: scan(admin, number[each]).denial for each in (24, 25, 26, 27, 30)}
    assert denials == {24: "voided", 25: None, 26: "voided", 27: "already_scanned", 30: "voided"}
    # The same again changes nothing.
    assert settle(token, batch["id"], returned=[span(26, 30), span(24, 24)], cash="6500.00").json == done.json
    assert settle(token, batch["id"]).json == done.json


def test_what_is_left_out_stays_and_null_clears_the_cash(token: str) -> None:
    batch = give(token, 1, 10).json["id"]
    assert settle(token, batch, cash="4000.00").json["difference"] == rupees("-1000.00")
    more = settle(token, batch, returned=[span(9, 10)]).json
    assert (more["cash"], more["difference"]) == (rupees("4000.00"), rupees("0.00"))
    cleared = settle(token, batch, cash=None).json
    assert (cleared["cash"], cleared["difference"], cleared["status"], cleared["settled_at"]) == (
        None,
        None,
        "open",
        None,
    )
    assert cleared["returned"] == [span(9, 10)]


def test_a_returned_number_stays_returned_and_more_may_come(token: str) -> None:
    batch = give(token, 1, 10).json["id"]
    assert settle(token, batch, returned=[span(9, 10)]).status == 200
    for fewer in ([], [span(10, 10)], None):
        refused = settle(token, batch, returned=fewer)
        assert (refused.status, refused.code) == (409, "CONFLICT")
        assert "VIP-000009 to VIP-000010" in refused.json["error"]
    assert settle(token, batch, returned=[span(9, 10), span(8, 8)]).json["returned"] == [span(8, 10)]


@pytest.mark.parametrize(
    ("returned", "cash"),
    [
        ([span(10, 11)], "0"),
        ([span(0, 1)], "0"),
        ([span(5, 4)], "0"),
        ([span(1, 3), span(3, 4)], "0"),
        ([span(1, 1)] * 101, "0"),
        ([], "-1.00"),
        ([], "1.005"),
        ([], {"amount": "1.00", "currency": "USD"}),
    ],
)
def test_what_cannot_be_brought_back_is_refused_and_nothing_is_void(
    admin: Account, token: str, returned: list[Any], cash: Any
) -> None:
    batch = give(token, 1, 10).json
    assert settle(token, batch["id"], returned=returned, cash=cash).status == 400
    found = numbered_tickets.of_numbers(organization_of(admin), "VIP", 1, 60)
    assert all(ticket.voided_at is None for ticket in found)
    assert settle(token, batch["id"]).json == batch


def test_batches_do_not_overlap(admin: Account, token: str) -> None:
    assert give(token, 11, 20).status == 201
    for first, last in ((11, 20), (1, 11), (20, 30), (12, 13), (1, 60)):
        refused = give(token, first, last)
        assert (refused.status, refused.code) == (409, "CONFLICT")
        assert "VIP-000011 to VIP-000020" in refused.json["error"]
    assert [give(token, 1, 10).status, give(token, 21, 60).status] == [201, 201]
    tickets(admin, 20, "STAND")
    assert give(token, 11, 20, prefix="stand").json["prefix"] == "STAND"
    other = make_organization()
    tickets(other, 20)
    assert give(token_of(other), 11, 20).status == 201


def test_numbers_that_were_not_given_out_are_in_no_batch(admin: Account, token: str) -> None:
    for first, last, prefix in ((51, 61, "VIP"), (1, 1, "NONE")):
        refused = give(token, first, last, prefix=prefix)
        assert (refused.status, refused.code) == (404, "NOT_FOUND")
    assert give(token, 1, 10_001).status == 400
    assert give(token, 5, 4).status == 400
    assert give(token, 1, 1, price="1.001").status == 400
    assert give(token, 1, 1, seller="\u202egnp").status == 400
    with configured(LIMIT_NUMBERS_AT_ONCE=2):
        body = {"count": 3, "prefix": "VIP"}
        assert call("POST", "/api/tix/tickets/generate", body, token=token).status == 200
        assert give(token, 60, 62).code == "INVALID_STATE"
    assert listed(token) == []
    assert tickets(admin, 1)[0].number == 64


def test_a_batch_is_given_out_once_by_its_key(admin: Account, token: str) -> None:
    first, again = (give(token, 1, 10, key="batch") for _ in range(2))
    assert (first.status, again.json) == (201, first.json)
    with clock.set_to(clock.now() + timedelta(hours=73)):  # the answer is forgotten, the effect is not
        late = give(token_of(admin), 1, 10, key="batch")
    assert (late.status, late.json["id"]) == (201, first.json["id"])


def test_a_batch_is_its_organizations_and_its_admins(admin: Account, token: str) -> None:
    batch = give(token, 1, 10).json["id"]
    member, stranger = token_of(make_tix_user(admin)), token_of(make_organization(name="Another"))
    assert listed(member) == [batch]
    assert give(member, 11, 20).status == 403
    assert settle(member, batch, cash="1.00").status == 403
    assert listed(stranger) == []
    assert settle(stranger, batch, cash="1.00").status == 404
    assert settle(token, new_id("bat"), cash="1.00").status == 404


def test_batches_are_listed_newest_first_by_seller_prefix_and_status(admin: Account, token: str) -> None:
    tickets(admin, 5, "STAND")
    made = [
        give(token, 1, 5, seller="Zoë").json["id"],
        give(token, 6, 10, seller="Bilal").json["id"],
        give(token, 1, 5, seller="Bilal", prefix="STAND").json["id"],
    ]
    settle(token, made[0], cash="2500.00")
    assert listed(token) == made[::-1]
    assert listed(token, "seller=zoe") == [made[0]]
    assert listed(token, "seller=Bilal&prefix=VIP") == [made[1]]
    assert (listed(token, "status=settled"), listed(token, "status=Open")) == ([made[0]], made[:0:-1])
    page = call("GET", f"{BATCHES}?page_size=2", token=token).json
    rest = call("GET", f"{BATCHES}?page_size=2&cursor={page['next']}", token=token).json
    assert [one["id"] for one in (*page["results"], *rest["results"])] == made[::-1]
    assert rest["next"] is None


def test_what_was_returned_is_void_although_the_request_died(admin: Account, token: str) -> None:
    batch = give(token, 1, 10).json["id"]
    sweeps.begin()
    with failing("TransactWriteItems"):
        assert settle(token, batch, returned=[span(1, 10)], cash="0.00").status == 503
    with clock.set_to(clock.now() + timedelta(minutes=6)):
        schedules.sweep()
    found = list(numbered_tickets.of_numbers(organization_of(admin), "VIP", 1, 10))
    assert all(ticket.voided_at is not None for ticket in found)
    done = settle(token, batch, returned=[span(1, 10)], cash="0.00").json
    assert (done["sold"], done["due"], done["difference"]) == (0, rupees("0.00"), rupees("0.00"))
