"""Cards at the staff's desk: created, shown, and changed as the state machine allows."""

from urllib.parse import quote

import pytest

from chalicelib.domain.card_office.card_states import BECOMES
from chalicelib.domain.cards import cards
from chalicelib.domain.cards.cards import CardRegistration
from chalicelib.vocabulary.access import AdminRole
from chalicelib.vocabulary.cards import CardStatus
from tests.support import wallets
from tests.support.desk import ask, new_uid
from tests.support.scanned_forms import SPELLED
from tests.support.shops import make_shop, new_customer, stored
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")


def change(card_id: str, status: str, **more: object) -> tuple[int, str | None]:
    answer = ask("PUT", f"nfc-cards/{card_id}/", {"status": status, "reason": "Found broken.", **more})
    return answer.status, None if answer.status == 200 else answer.code


def test_a_card_is_created_as_stock_once_and_shown_with_its_ledger() -> None:
    shop, uid = make_shop(), new_uid()
    body = {"uid": f"{uid[:2]}:{uid[2:]}".lower(), "type": "secure", "merchant_id": shop.id}

    made = ask("POST", "nfc-cards/", body)
    again = ask("POST", "nfc-cards/", body)
    unknown_shop = ask("POST", "nfc-cards/", {"uid": new_uid(), "merchant_id": "mer_nobody"})
    random = ask("POST", "nfc-cards/", {"uid": "08A1B2C3"})

    assert (made.status, made.json["uid"], made.json["status"], made.json["type"]) == (201, uid, "stock", "secure")
    assert (again.status, again.code) == (409, "ALREADY_EXISTS")
    assert (unknown_shop.status, random.status) == (404, 400)
    assert random.json["error"]["details"][0]["field"] == "uid"
    assert [card["uid"] for card in shop.get("cards/").json["results"]] == [uid]

    customer = new_customer()
    card = wallets.make_card(customer, holds=12_345)
    shown = ask("GET", f"nfc-cards/{card.uid}/", role=AdminRole.SUPPORT).json
    assert shown["customer_id"] == customer.account_id
    assert shown["ledger"]["balance"] == {"amount": "123.45", "currency": "PKR"}
    assert [line["type"] for line in shown["ledger"]["newest"]] == ["reload"]
    assert ask("GET", f"nfc-cards/{new_uid()}/").status == 404


@pytest.mark.parametrize("before", list(CardStatus))
def test_the_state_machine_allows_what_its_table_says_and_refuses_the_rest_by_name(before: CardStatus) -> None:
    owner = new_customer().account_id if before in (CardStatus.ACTIVE, CardStatus.REPLACED) else None
    for after in CardStatus:
        card = cards.register(CardRegistration(uid=new_uid(), status=before, customer_id=owner))
        answer = ask("PUT", f"nfc-cards/{card.card_id}/", {"status": after, "reason": "Found broken."})
        # An unexpired hold is a hold; one without an end is one too.
        allowed = after is before or (after in BECOMES[before] and not (after is CardStatus.STOCK and owner))
        assert answer.status == (200 if allowed else 409), (before, after, answer.text)
        assert stored(card).status == (after if allowed else before)
        if not allowed:
            assert answer.code == "INVALID_STATE"
            state, named = answer.json["error"]["message"].split(". It can become ")
            assert before.value in state
            others = {each.value for each in BECOMES[before] if not (each is CardStatus.STOCK and owner)}
            assert {each for each in named.partition(", not ")[0].split(", ") if each != "nothing else"} == others


def test_support_may_only_block() -> None:
    card = wallets.make_card(new_customer(), holds=500)
    for status in set(CardStatus) - {CardStatus.BLOCKED}:
        refused = ask("PUT", f"nfc-cards/{card.card_id}/", {"status": status, "reason": "x"}, role=AdminRole.SUPPORT)
        assert (refused.status, refused.code) == (403, "FORBIDDEN")
    blocked = ask("PUT", f"nfc-cards/{card.card_id}/", {"status": "blocked", "reason": "x"}, role=AdminRole.SUPPORT)
    assert (blocked.status, blocked.json["status"], blocked.json["block_reason"]) == (200, "blocked", "x")
    # It may be a fraud: what it held stays until staff decide.
    assert stored(card).kept_by_staff
    with pytest.raises(Exception, match="not active"):
        wallets.spend(card.uid, 100)
    assert change(card.card_id, "active") == (200, None)
    wallets.spend(card.uid, 100)


def test_a_stale_version_gets_the_present_state_and_changes_nothing() -> None:
    card = wallets.make_card(new_customer())
    seen = ask("GET", f"nfc-cards/{card.card_id}/").json["version"]
    assert change(card.card_id, "blocked", version=seen) == (200, None)

    stale = ask("PUT", f"nfc-cards/{card.card_id}/", {"status": "lost", "reason": "Gone.", "version": seen})

    assert (stale.status, stale.code) == (409, "CONFLICT")
    present = {"version": seen + 1, "status": "blocked", "reason": "Found broken."}
    assert stale.json["error"]["present"] == present
    assert stored(card).status == "blocked"


def test_cards_are_found_by_filters_and_the_beginning_of_their_uid() -> None:
    stream, shop, customer = StreamReader(), make_shop(), new_customer()
    (free,), used = shop.stock(), wallets.make_card(customer)
    stream.drain()

    def found(query: str) -> list[str]:
        return [card["uid"] for card in ask("GET", f"nfc-cards/?{query}").json["results"]]

    assert found(f"merchant_id={shop.id}&status=stock") == [free.uid]
    assert found(f"customer_id={customer.account_id}") == [used.uid]
    assert found(f"search={free.uid[:9].lower()}") == [free.uid]
    forms = {name: form(free.uid) for name, form in SPELLED.items()} | {"an id": free.card_id}
    by_form = {name: found(f"search={quote(text, safe='')}") for name, text in forms.items()}
    assert by_form == {name: [free.uid] for name in forms}
    assert found(f"merchant_id={shop.id}&status=active") == []
    assert ask("GET", "nfc-cards/?event_id=evt_1").status == 400
