"""Tickets that are transferred during other requests: each has one owner, one state, and one admission.

HAND_OVER_ROUNDS is the number of tickets of each race.
"""

from collections import Counter

import pytest

from chalicelib.domain.access import numbers
from chalicelib.domain.gate import checkin
from chalicelib.domain.gate.answers import ScanDecision
from chalicelib.domain.gate.readings import Reading
from chalicelib.domain.tickets import gifts, refund_requests, tickets
from chalicelib.domain.tickets.gifts import GiftInput
from chalicelib.domain.tickets.transfers import Transferred
from chalicelib.errors import Conflict, RateLimited, Refusal, Unavailable
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Event, RefundRequest
from chalicelib.table.ranges import Begins
from tests.faults import scenarios
from tests.faults.belongings import gifts_of, hold, make_show, move, opened_by, own_card, shelved, waiting
from tests.faults.test_claims import CALLERS, at_once
from tests.support.factories import make_customer, unused_number
from tests.support.later import later
from tests.support.sizes import size_of

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("test_tickets_given"), pytest.mark.timeout(900)]

ROUNDS = size_of("HAND_OVER_ROUNDS", small=2, full=5)


@pytest.fixture
def show() -> Event:
    return make_show()


@pytest.fixture
def ayesha() -> Account:
    return make_customer()


@pytest.fixture
def bilal() -> Account:
    return make_customer(name="Bilal Ahmed")


@pytest.mark.parametrize("_", range(ROUNDS))
def test_of_a_scan_and_a_transfer_at_once_one_has_its_way(show: Event, bilal: Account, _: int) -> None:
    held = hold(show, make_customer())
    code, caller = tickets.code(held.ticket), scenarios.caller(show.event_id)

    def act(number: int) -> ScanDecision | Transferred:
        if number % 2:
            return move(held, bilal)
        code_or_uid = (code, None) if number % 4 else (None, held.card.uid)
        shown = Reading(scenarios.scan_id(), code=code_or_uid[0], uid=code_or_uid[1])
        return checkin.scan(caller, shown)

    answers = at_once(act)
    admitted = [one for one in answers if isinstance(one, ScanDecision) and one.result == "valid"]
    moved = [one for one in answers if isinstance(one, Transferred)]
    # A second reading of an admitted ticket by the same device is answered with its admission.
    assert len([one for one in admitted if not one.repeat]) + len(moved) == 1
    assert not (admitted and moved)
    ticket = tickets.get(held.ticket.ticket_id)
    if moved:
        assert ticket.admission is None
        assert (shelved(held.owner), opened_by(held.card)) == ([], [])
        assert checkin.scan(caller, Reading(scenarios.scan_id(), code=code)).reason == "stale_credential"
        assert checkin.scan(caller, Reading(scenarios.scan_id(), uid=held.card.uid)).result == "not_found"
    else:
        assert ticket.customer_id == held.owner.account_id
        assert {type(one) for one in answers} <= {ScanDecision, *Refusal.__subclasses__(), *Conflict.__subclasses__()}
    with later():
        fresh = checkin.scan(caller, Reading(scenarios.scan_id(), code=tickets.code(ticket)))
    assert fresh.result == ("valid" if moved else "already_scanned")


def test_a_ticket_is_transferred_to_one_of_many(show: Event, ayesha: Account) -> None:
    held = hold(show, ayesha)
    takers = [make_customer() for _ in range(16)]
    answers = at_once(lambda number: move(held, takers[number % len(takers)]))
    assert [type(one) for one in answers].count(Transferred) == 1
    owners = [taker for taker in takers if held.ticket.ticket_id in shelved(taker)]
    assert [owner.mobile_number for owner in owners] == [
        one.mobile_number for one in answers if isinstance(one, Transferred)
    ]
    assert tickets.get(held.ticket.ticket_id).credential == held.ticket.credential + 1


def test_one_operation_moves_a_ticket_once_and_answers_all_alike(show: Event, ayesha: Account, bilal: Account) -> None:
    held, operation_id = hold(show, ayesha), new_id("op")
    answers = at_once(lambda _: move(held, bilal, operation_id=operation_id))
    # The limit of a customer's look-ups per hour.
    told = [one for one in answers if not isinstance(one, RateLimited)]
    assert len(told) >= 20
    assert set(told) == {Transferred(held.ticket.ticket_id, bilal.mobile_number)}
    assert tickets.get(held.ticket.ticket_id).credential == held.ticket.credential + 1


def test_a_card_takes_every_ticket_that_comes_at_once(show: Event, bilal: Account) -> None:
    given = [hold(show, make_customer()) for _ in range(8)]
    card = own_card(bilal)
    answers = at_once(lambda number: move(given[number % len(given)], bilal))
    assert [type(one) for one in answers].count(Transferred) == len(given)
    assert sorted(opened_by(card)) == sorted(held.ticket.ticket_id for held in given) == sorted(shelved(bilal))


def test_every_gift_is_claimed_once_by_many_at_once(show: Event, ayesha: Account) -> None:
    given, waits = [hold(show, ayesha) for _ in range(4)], unused_number()
    for held in given:
        gifts.give(ayesha.account_id, GiftInput(held.ticket.ticket_id, waits), operation_id=new_id("op"))
    sara = make_customer(mobile_number=waits)
    assert sum(at_once(lambda _: gifts.claim_all(sara))) == len(given)
    assert sorted(shelved(sara)) == sorted(held.ticket.ticket_id for held in given)
    assert [tickets.get(held.ticket.ticket_id).credential for held in given] == [2] * len(given)
    assert (waiting(waits), [gifts_of(held) for held in given]) == (0, [["claimed"]] * len(given))


@pytest.mark.parametrize("_", range(ROUNDS))
def test_a_gift_reaches_a_number_that_registers_at_the_same_moment(show: Event, ayesha: Account, _: int) -> None:
    given, waits = [hold(show, ayesha) for _ in range(CALLERS // 2)], unused_number()

    def act(number: int) -> object:
        if number == 0:
            return gifts.claim_all(make_customer(mobile_number=waits))
        held = given[number % len(given)]
        giver = held.owner.account_id
        return gifts.give(giver, GiftInput(held.ticket.ticket_id, waits), operation_id=f"{held.ticket.ticket_id} once")

    at_once(act)
    sara = numbers.find_by_number(waits)
    assert sara is not None
    asked = [held.ticket.ticket_id for held in given if gifts_of(held) or tickets.get(held.ticket.ticket_id).pledge]
    assert sorted(shelved(sara)) == sorted(asked)
    assert waiting(waits) == 0


@pytest.mark.parametrize("_", range(ROUNDS))
def test_a_gift_is_either_claimed_or_taken_back_or_let_in(show: Event, ayesha: Account, _: int) -> None:
    held, waits = hold(show, ayesha), unused_number()
    ticket_id = held.ticket.ticket_id
    gifts.give(ayesha.account_id, GiftInput(ticket_id, waits), operation_id=new_id("op"))
    sara, caller, code = make_customer(mobile_number=waits), scenarios.caller(show.event_id), tickets.code(held.ticket)

    def act(number: int) -> object:
        if number % 3 == 0:
            return gifts.claim_all(sara)
        if number % 3 == 1:
            back = GiftInput(ticket_id, ayesha.mobile_number)
            return gifts.give(ayesha.account_id, back, operation_id=new_id("op"))
        return checkin.scan(caller, Reading(scenarios.scan_id(), code=code))

    answers = at_once(act)
    ticket = tickets.get(ticket_id)
    claimed = answers.count(1)
    admitted = sum(isinstance(one, ScanDecision) and one.result == "valid" for one in answers)
    assert claimed + admitted <= 1
    assert (ticket.customer_id == sara.account_id) == (claimed == 1)
    assert (ticket.admission is not None) == (admitted == 1)
    gifts.claim_all(sara)
    (end,) = gifts_of(held)
    assert end == "claimed" if claimed else end in ("cancelled", "closed")
    assert waiting(waits) == 0
    assert tickets.get(ticket_id).pledge is None


def test_a_ticket_is_pledged_or_moved_once_whatever_is_asked_at_once(show: Event, ayesha: Account) -> None:
    held = hold(show, ayesha)
    me, ticket_id, taker = ayesha.account_id, held.ticket.ticket_id, make_customer()

    def act(number: int) -> str:
        if number % 2:
            move(held, taker)
            return "moved"
        refund_requests.ask(me, ticket_id, reason="ill", operation_id=new_id("op"))
        return "asked"

    won = [one for one in at_once(act) if isinstance(one, str)]
    assert len(won) == 1
    requests = operations.query(keys.tickets.ticket(ticket_id).pk, Begins("REFUND#"), consistent=True)
    ticket = tickets.get(ticket_id)
    assert Counter(won) == {"asked" if requests else "moved": 1}
    assert ticket.pledge == (RefundRequest.from_raw_data(requests[0]).refund_id if requests else None)
    assert ticket.customer_id == (me if requests else taker.account_id)


def test_many_wishes_for_one_refund_at_once_make_one_request(show: Event, ayesha: Account) -> None:
    held = hold(show, ayesha)

    def act(_: int) -> str:
        ticket_id = held.ticket.ticket_id
        return refund_requests.ask(ayesha.account_id, ticket_id, reason="ill", operation_id=new_id("op")).refund_id

    answers = at_once(act)
    (asked,) = [one for one in answers if isinstance(one, str)]
    assert {type(one) for one in answers} <= {str, Conflict, *Conflict.__subclasses__(), Unavailable}
    (raw,) = operations.query(keys.tickets.ticket(held.ticket.ticket_id).pk, Begins("REFUND#"), consistent=True)
    assert RefundRequest.from_raw_data(raw).refund_id == asked == tickets.get(held.ticket.ticket_id).pledge
