"""A customer's dependents, through the portal."""

from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.cards import cards
from chalicelib.domain.cards.cards import CardRegistration
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Dependent
from chalicelib.table.ranges import Begins
from chalicelib.vocabulary.cards import CardStatus
from tests.support.client import Answer, call
from tests.support.encodings import stands_in_both
from tests.support.factories import at, customer_token, make_customer

pytestmark = pytest.mark.usefixtures("moto_cloud")
PATH = "/api/v1/users/dependents/"
SARA: dict[str, Any] = {
    "name": "Sara Khan",
    "relation": "daughter",
    "date_of_birth": "2016-04-09",
    "blood_type": "B+",
    "emergency_contact": {"name": "Bilal Khan", "mobile_number": "0300 1000004"},
}


@pytest.fixture
def parent() -> Account:
    return make_customer()


@pytest.fixture
def token(parent: Account) -> str:
    return customer_token(parent)


def stored(parent: Account) -> list[Dependent]:
    place = keys.customers.dependent(parent.account_id)
    return [Dependent.from_raw_data(raw) for raw in operations.query(place.pk, Begins(place.sk), consistent=True)]


def counted(parent: Account) -> int:
    totals = operations.get(keys.customers.totals(parent.account_id))
    return totals.dependents if totals else 0


def test_a_dependent_is_shown_as_said_and_health_data_is_stored_sealed(parent: Account, token: str) -> None:
    added = call("POST", PATH, SARA, token=token)
    contact = {"name": "Bilal Khan", "mobile_number": "+923001000004"}
    assert added.status == 201
    assert added.json == {**SARA, "id": added.json["id"], "emergency_contact": contact, "card_id": None}
    assert call("GET", PATH, token=token).json == {"results": [added.json], "next": None, "count": 1}
    call("POST", PATH, SARA, token=token)
    one, again = stored(parent)
    texts = repr([part for part in one.serialize().values() if "B" not in part])
    for secret in ("B+", "Bilal", "1000004"):
        assert secret not in texts
        for name in ("blood_type", "emergency_contact"):
            assert not stands_in_both(secret, bytes(getattr(one, name)), bytes(getattr(again, name)))


@pytest.mark.parametrize(
    ("now", "today", "tomorrow"),
    [
        # One in the morning of the first of December in Karachi; in UTC it is the day before.
        ("2026-11-30T20:00:00Z", "2026-12-01", "2026-12-02"),
        ("2028-02-28T13:00:00Z", "2028-02-29", "2028-03-01"),
    ],
)
def test_a_child_may_be_born_on_a_day_that_has_begun_anywhere(
    parent: Account, now: str, today: str, tomorrow: str
) -> None:
    with clock.set_to(at(now)):
        token = customer_token(parent)
        born = call("POST", PATH, {**SARA, "date_of_birth": today}, token=token)
        assert (born.status, born.json.get("date_of_birth")) == (201, today)
        refused = call("POST", PATH, {**SARA, "date_of_birth": tomorrow}, token=token)
        assert refused.json["error"]["details"] == [{"field": "date_of_birth", "message": "must not lie in the future"}]


def test_the_sealed_data_of_one_dependent_opens_for_no_other(parent: Account, token: str) -> None:
    first, second = (call("POST", PATH, SARA, token=token).json["id"] for _ in range(2))
    one = next(one for one in stored(parent) if one.dependent_id == first)
    moved = [Dependent.blood_type.set(one.blood_type)]
    operations.record(operations.change(keys.customers.dependent(parent.account_id, second), moved))
    assert call("GET", PATH, token=token).status == 500


def test_what_is_left_out_when_a_dependent_is_changed_stays_and_null_clears(parent: Account, token: str) -> None:
    made = call("POST", PATH, SARA, token=token).json
    before = stored(parent)[0].created_at
    path = f"{PATH}{made['id']}/"
    answer = call("PUT", path, {"name": "Sara", "blood_type": "O-"}, token=token)
    assert (answer.status, answer.json) == (200, {**made, "name": "Sara", "blood_type": "O-"})
    nothing = dict.fromkeys(("date_of_birth", "blood_type", "emergency_contact", "card_id"))
    cleared = call("PUT", path, nothing, token=token)
    assert (cleared.status, cleared.json) == (200, {**made, "name": "Sara", **nothing})
    [one] = stored(parent)
    assert not any((one.blood_type, one.emergency_contact, one.date_of_birth))
    assert one.created_at == before
    for field in ("name", "relation"):
        refused = call("PUT", path, {field: None, "blood_type": "O-"}, token=token)
        assert (refused.status, refused.json["error"]["details"]) == (
            400,
            [{"field": field, "message": "must not be null"}],
        )
    assert call("PUT", path, {}, token=token).json == cleared.json


def test_an_eleventh_dependent_is_refused_until_one_is_removed(parent: Account, token: str) -> None:
    made = [call("POST", PATH, {"name": "C", "relation": "child"}, token=token).json["id"] for _ in range(10)]
    refused = call("POST", PATH, SARA, token=token)
    assert (refused.status, refused.code) == (409, "CONFLICT")
    assert "10" in refused.json["error"]["message"]
    assert (len(stored(parent)), counted(parent)) == (10, 10)
    assert call("DELETE", f"{PATH}{made[0]}/", token=token).status == 204
    assert call("DELETE", f"{PATH}{made[0]}/", token=token).status == 404
    assert counted(parent) == 9
    assert call("POST", PATH, SARA, token=token).status == 201
    assert (len(stored(parent)), counted(parent)) == (10, 10)


def test_the_same_key_adds_one_dependent(parent: Account, token: str) -> None:
    first, again = (call("POST", PATH, SARA, token=token, headers={"idempotency-key": "k1"}) for _ in range(2))
    assert (again.status, again.json) == (201, first.json)
    assert again.headers["idempotent-replayed"] == "true"
    assert (len(stored(parent)), counted(parent)) == (1, 1)


def test_a_card_must_be_ones_own(parent: Account, token: str) -> None:
    own = cards.register(CardRegistration(uid="04D1B2C3D4E5F6", customer_id=parent.account_id))
    other = cards.register(CardRegistration(uid="04D1B2C3D4E5F7", customer_id=make_customer().account_id))
    nobodys = cards.register(CardRegistration(uid="04D1B2C3D4E5F8", status=CardStatus.STOCK))

    def with_card(name: str) -> Answer:
        return call("POST", PATH, {**SARA, "card_id": name}, token=token)

    assert with_card(own.card_id).json["card_id"] == own.card_id
    assert with_card(own.uid).json["card_id"] == own.card_id
    for card in (other, nobodys):
        assert (with_card(card.card_id).status, with_card(card.card_id).code) == (404, "NOT_FOUND")
    assert with_card("04D1B2C3D4E5F9").status == 404
    assert (len(stored(parent)), counted(parent)) == (2, 2)


def test_another_customers_dependent_is_not_found_and_stays(parent: Account, token: str) -> None:
    made = call("POST", PATH, SARA, token=token).json["id"]
    stranger = customer_token(make_customer())
    assert call("GET", PATH, token=stranger).json["results"] == []
    assert call("PUT", f"{PATH}{made}/", SARA, token=stranger).status == 404
    assert call("DELETE", f"{PATH}{made}/", token=stranger).status == 404
    assert [one.dependent_id for one in stored(parent)] == [made]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("date_of_birth", "2999-01-01"),
        ("date_of_birth", "1899-12-31"),
        ("blood_type", "C+"),
        ("name", " "),
        ("relation", None),
        ("emergency_contact", {"name": "Bilal", "mobile_number": "12"}),
        ("card_id", "not a card"),
    ],
)
def test_a_wrong_field_of_a_dependent_is_named(field: str, value: Any, parent: Account, token: str) -> None:
    refused = call("POST", PATH, {**SARA, field: value}, token=token)
    assert (refused.status, refused.code) == (400, "VALIDATION_ERROR")
    assert refused.json["error"]["details"][0]["field"].startswith(field)
    assert stored(parent) == []


def test_a_grandmother_may_be_born_in_1931(token: str) -> None:
    assert call("POST", PATH, {**SARA, "date_of_birth": "1931-05-01"}, token=token).status == 201


def test_a_list_goes_on_in_the_place_of_a_dependent_that_was_removed_meanwhile(token: str) -> None:
    added = [call("POST", PATH, {**SARA, "name": name, "card_id": None}, token=token).json["id"] for name in "ABCD"]
    first = call("GET", f"{PATH}?page_size=2", token=token).json
    assert ([each["id"] for each in first["results"]], first["count"]) == (added[:2], 4)
    assert call("DELETE", f"{PATH}{added[1]}/", token=token).status == 204

    rest = call("GET", f"{PATH}?page_size=2&cursor={first['next']}", token=token).json

    assert ([each["id"] for each in rest["results"]], rest["next"], rest["count"]) == (added[2:], None, 3)
