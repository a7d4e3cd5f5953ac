"""A ticket that waits for a number: it moves when the number registers, and only then leaves its giver."""

import uuid
from typing import Any

import pytest

from chalicelib.domain.access import accounts, numbers
from chalicelib.domain.tickets import gifts, tickets
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Gift, Ticket
from chalicelib.vocabulary.tickets import TicketStatus
from tests.portals.webapp.evening import (
    Evening,
    ask,
    beside,
    card_of,
    forget_answers,
    listed,
    opened_by,
    raw_ticket,
    whole_table,
)
from tests.support.client import Answer, call
from tests.support.closing import close_account
from tests.support.codes import code_for, texts
from tests.support.factories import PASSWORD, make_customer

pytestmark = pytest.mark.usefixtures("moto_cloud")

NUMBER, OTHER_NUMBER = "+923007777777", "+923008888888"


def gift(giver: Account, ticket: Ticket, to: str | None, *, key: str | None = None, **more: Any) -> Answer:
    return ask(giver, "POST", f"{ticket.ticket_id}/gift/", {"mobile_number": to, **more}, key=key)


def waiting(number: str) -> list[str]:
    """Return the ids of the gifts that wait for a number."""
    raws = operations.query(keys.tickets.gift(numbers.number_mac(number)).pk, consistent=True)
    return [Gift.from_raw_data(raw).gift_id for raw in raws]


def ended(ticket: Ticket) -> list[str]:
    """Return the statuses of a ticket's closed gifts, oldest first."""
    return [str(one.status) for one in beside(ticket.ticket_id, "GIFT#") if isinstance(one, Gift)]


def test_a_gift_waits_with_its_giver_until_its_number_registers(evening: Evening, ayesha: Account) -> None:
    ticket = evening.sell(ayesha)
    answer = gift(ayesha, ticket, NUMBER, name="Sara", message="Happy birthday!")
    assert answer.status == 201
    assert {name: answer.json[name] for name in ("status", "ticket_id", "name")} == {
        "status": "pending",
        "ticket_id": ticket.ticket_id,
        "name": "Sara",
    }
    assert listed(ayesha) == [ticket.ticket_id]
    assert waiting(NUMBER) == [answer.json["id"]] == [tickets.get(ticket.ticket_id).pledge]
    (message,) = texts()
    assert (message["channel"], message["to"]) == ("sms", NUMBER)
    assert all(f'"{words}"' in message["body"] for words in (ayesha.name, evening.event.title))
    assert message["body"].startswith("Gatehouse: ")
    assert "birthday" not in message["body"]

    sara = make_customer(mobile_number=NUMBER, name="Sara Khan")
    assert gifts.claim_all(sara) == 1
    assert (listed(ayesha), listed(sara)) == ([], [ticket.ticket_id])
    moved = tickets.get(ticket.ticket_id)
    assert (moved.holder_name, moved.message) == ("Sara Khan", "Happy birthday!")
    assert [moved.pledge, moved.pledged_to] == [None, None]
    assert (waiting(NUMBER), ended(ticket)) == ([], ["claimed"])
    assert gifts.claim_all(sara) == 0


def test_whoever_registers_with_the_number_finds_the_ticket(evening: Evening, ayesha: Account) -> None:
    ticket = evening.sell(ayesha)
    gift(ayesha, ticket, NUMBER)
    body = {"mobile_number": NUMBER, "password": PASSWORD, "name": "Sara Khan"}
    challenge = call("POST", "/api/v1/users/register/", body).json["challenge_id"]
    proof = {"challenge_id": challenge, "otp": code_for(NUMBER)}
    registered = call("POST", "/api/v1/users/verify-otp/", proof)
    assert registered.status == 201
    found = call("GET", "/api/v1/users/tickets/", token=registered.json["access"]).json["results"]
    assert [(one["id"], one["holder"]["name"]) for one in found] == [(ticket.ticket_id, "Sara Khan")]
    assert listed(ayesha) == []


def test_the_givers_code_dies_when_the_gift_is_claimed_and_not_before(evening: Evening, ayesha: Account) -> None:
    ticket = evening.sell(ayesha)
    hers = card_of(ayesha, "04AA0000000001")
    old = tickets.code(ticket)
    gift(ayesha, ticket, NUMBER)
    assert ask(ayesha, "GET", f"{ticket.ticket_id}/qr-code/").json["payload"] == old
    sara = make_customer(mobile_number=NUMBER)
    gifts.claim_all(sara)
    assert opened_by(hers) == {}
    assert evening.scan(qr=old) == ("invalid", "stale_credential")
    assert evening.scan(qr=tickets.code(tickets.get(ticket.ticket_id))) == ("valid", None)


def test_a_gift_to_a_registered_number_moves_at_once(evening: Evening, ayesha: Account, bilal: Account) -> None:
    ticket = evening.sell(ayesha)
    answer = gift(ayesha, ticket, bilal.mobile_number)
    assert (answer.status, answer.json["status"]) == (201, "claimed")
    assert (listed(ayesha), listed(bilal)) == ([], [ticket.ticket_id])
    assert ended(ticket) == ["claimed"]
    # The stream's worker notifies both (tests/domain/customer_notices).
    assert texts() == []


def test_a_gift_to_a_closed_account_waits(evening: Evening, ayesha: Account, bilal: Account) -> None:
    close_account(bilal.account_id)
    ticket = evening.sell(ayesha)
    assert gift(ayesha, ticket, bilal.mobile_number).json["status"] == "pending"
    assert gifts.claim_all(accounts.get(bilal.account_id)) == 0
    assert listed(ayesha) == [ticket.ticket_id]


def test_a_gift_is_taken_back_by_gifting_it_to_oneself(evening: Evening, ayesha: Account) -> None:
    ticket = evening.sell(ayesha)
    given = gift(ayesha, ticket, NUMBER).json["id"]
    texts()
    answer = gift(ayesha, ticket, ayesha.mobile_number)
    assert (answer.status, answer.json["id"], answer.json["status"]) == (201, given, "cancelled")
    assert (waiting(NUMBER), ended(ticket)) == ([], ["cancelled"])
    assert tickets.get(ticket.ticket_id).pledge is None
    assert texts() == []
    assert gifts.claim_all(make_customer(mobile_number=NUMBER)) == 0
    assert listed(ayesha) == [ticket.ticket_id]


def test_where_no_gift_waits_there_is_nothing_to_take_back(evening: Evening, ayesha: Account) -> None:
    assert gift(ayesha, evening.sell(ayesha), ayesha.mobile_number).code == "CONFLICT"


def test_a_gift_to_another_number_replaces_the_one_before(evening: Evening, ayesha: Account) -> None:
    ticket = evening.sell(ayesha)
    gift(ayesha, ticket, NUMBER)
    second = gift(ayesha, ticket, OTHER_NUMBER).json
    assert (waiting(NUMBER), waiting(OTHER_NUMBER)) == ([], [second["id"]])
    assert ended(ticket) == ["cancelled"]
    assert gifts.claim_all(make_customer(mobile_number=NUMBER)) == 0
    sara = make_customer(mobile_number=OTHER_NUMBER)
    assert gifts.claim_all(sara) == 1
    assert listed(sara) == [ticket.ticket_id]


def test_a_gift_that_waits_moves_when_it_is_given_to_a_registered_number(
    evening: Evening, ayesha: Account, bilal: Account
) -> None:
    ticket = evening.sell(ayesha)
    gift(ayesha, ticket, NUMBER)
    assert gift(ayesha, ticket, bilal.mobile_number).json["status"] == "claimed"
    assert listed(bilal) == [ticket.ticket_id]
    assert (waiting(NUMBER), sorted(ended(ticket))) == ([], ["cancelled", "claimed"])


def test_the_gate_lets_a_pledged_ticket_in_and_the_claim_then_closes_the_gift(
    evening: Evening, ayesha: Account
) -> None:
    ticket = evening.sell(ayesha)
    gift(ayesha, ticket, NUMBER)
    assert evening.scan(qr=tickets.code(ticket)) == ("valid", None)
    sara = make_customer(mobile_number=NUMBER)
    assert gifts.claim_all(sara) == 0
    assert (listed(ayesha), listed(sara)) == ([ticket.ticket_id], [])
    assert (waiting(NUMBER), ended(ticket)) == ([], ["closed"])
    assert tickets.get(ticket.ticket_id).pledge is None


def test_a_ticket_that_was_cancelled_while_it_waited_is_not_claimed(evening: Evening, ayesha: Account) -> None:
    ticket = evening.sell(ayesha)
    gift(ayesha, ticket, NUMBER)
    tickets.set_status(ticket.ticket_id, TicketStatus.CANCELLED)
    assert gifts.claim_all(make_customer(mobile_number=NUMBER)) == 0
    assert ended(ticket) == ["closed"]


def test_all_gifts_that_wait_for_a_number_are_claimed(evening: Evening, ayesha: Account, bilal: Account) -> None:
    given = [evening.sell(giver) for giver in (ayesha, bilal, ayesha)]
    for giver, ticket in zip((ayesha, bilal, ayesha), given, strict=True):
        gift(giver, ticket, NUMBER)
    sara = make_customer(mobile_number=NUMBER)
    assert gifts.claim_all(sara) == 3
    assert sorted(listed(sara)) == sorted(ticket.ticket_id for ticket in given)


def test_a_pledged_ticket_goes_nowhere_else(evening: Evening, ayesha: Account, bilal: Account) -> None:
    ticket = evening.sell(ayesha)
    gift(ayesha, ticket, NUMBER)
    before = raw_ticket(ticket.ticket_id)
    transferred = ask(ayesha, "POST", f"{ticket.ticket_id}/transfer/", {"mobile_number": bilal.mobile_number})
    returned = ask(ayesha, "POST", f"{ticket.ticket_id}/refund-request/", {"reason": "ill"})
    assert [answer.code for answer in (transferred, returned)] == ["CONFLICT", "CONFLICT"]
    assert raw_ticket(ticket.ticket_id) == before


def test_a_scanned_ticket_is_no_gift(evening: Evening, ayesha: Account) -> None:
    ticket = evening.sell(ayesha)
    evening.scan(ticket_id=ticket.ticket_id)
    assert gift(ayesha, ticket, NUMBER).code == "INVALID_STATE"
    assert waiting(NUMBER) == []


def test_nobody_gives_anothers_ticket(evening: Evening, ayesha: Account, bilal: Account) -> None:
    ticket = evening.sell(ayesha)
    assert gift(bilal, ticket, NUMBER).status == 404
    assert waiting(NUMBER) == []


def test_the_same_key_gives_once_also_after_it_was_forgotten(evening: Evening, ayesha: Account) -> None:
    ticket, key = evening.sell(ayesha), uuid.uuid4().hex
    first = gift(ayesha, ticket, NUMBER, key=key)
    again = gift(ayesha, ticket, NUMBER, key=key)
    assert (again.text, again.headers["idempotent-replayed"]) == (first.text, "true")
    assert gift(ayesha, ticket, OTHER_NUMBER, key=key).status == 422
    forget_answers()
    assert gift(ayesha, ticket, NUMBER, key=key).text == first.text
    forget_answers()
    assert gift(ayesha, ticket, OTHER_NUMBER, key=key).status == 422
    assert waiting(NUMBER) == [first.json["id"]]
    # After the gift was cancelled, a repeat of its request does not give the ticket again.
    gift(ayesha, ticket, ayesha.mobile_number)
    forget_answers()
    assert gift(ayesha, ticket, NUMBER, key=key).json["status"] == "cancelled"
    assert waiting(NUMBER) == []


def test_no_number_is_stored_with_a_gift(evening: Evening, ayesha: Account) -> None:
    gift(ayesha, evening.sell(ayesha), NUMBER)
    assert NUMBER not in whole_table()
