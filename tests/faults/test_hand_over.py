"""A ticket that is transferred while requests fail: a retry of the operation completes it, once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from chalicelib.domain.cards import cards
from chalicelib.domain.tickets import gifts, refund_requests, tickets
from chalicelib.domain.tickets.gifts import GiftInput
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Event
from chalicelib.table.places import whose
from chalicelib.table.ranges import Begins
from tests.faults.belongings import (
    Held,
    gifts_of,
    hold,
    make_show,
    move,
    opened_by,
    own_card,
    shelved,
    waiting,
)
from tests.support.factories import make_customer, unused_number
from tests.support.wire import Fault, befall, befallings, requests_of

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("test_hand_over"), pytest.mark.timeout(900)]

BEFALLING = (Fault.DROPPED, Fault.ANSWER_LOST, Fault.CONFLICT)


@dataclass(frozen=True)
class HandOver:
    """Something that is done to a ticket, with what must be seen of it afterwards, however often it was tried."""

    act: Callable[[], object]
    outcome: Callable[[], object]
    expected: object


def _where(held: Held, taker: Account) -> dict[str, Any]:
    """Return all items that show the owner of a ticket, and whether it moved more than once."""
    ticket = tickets.get(held.ticket.ticket_id)
    return {
        "owner": ticket.customer_id,
        "credential": ticket.credential,
        "pledged": ticket.pledge is not None,
        "on her card": held.ticket.ticket_id in opened_by(held.card),
        "on his card": [uid for uid in _uids_of(taker) if held.ticket.ticket_id in _opens(uid)] == [ticket.card_uid],
        "on her shelf": held.ticket.ticket_id in shelved(held.owner),
        "on his shelf": held.ticket.ticket_id in shelved(taker),
        "gifts": gifts_of(held),
    }


def _uids_of(customer: Account) -> list[str]:
    raws = operations.query(keys.cards.customer_cards(customer.account_id).pk, index="gsi1")
    return [whose(operations.key_of(raw).pk) for raw in raws]


def _opens(uid: str) -> list[str]:
    card = cards.find(uid)
    assert card is not None
    return opened_by(card)


def _moved(taker: Account, *ended: str) -> dict[str, Any]:
    return {
        "owner": taker.account_id,
        "credential": 2,
        "pledged": False,
        "on her card": False,
        "on his card": True,
        "on her shelf": False,
        "on his shelf": True,
        "gifts": list(ended),
    }


def _stayed(held: Held, *ended: str, pledged: bool = False) -> dict[str, Any]:
    return {
        "owner": held.owner.account_id,
        "credential": 1,
        "pledged": pledged,
        "on her card": True,
        "on his card": False,
        "on her shelf": True,
        "on his shelf": False,
        "gifts": list(ended),
    }


def transferred(show: Event, taker: Account) -> HandOver:
    held, operation_id = hold(show, make_customer()), new_id("op")
    return HandOver(lambda: move(held, taker, operation_id=operation_id), lambda: _where(held, taker), _moved(taker))


def _give(held: Held, to: str, operation_id: str) -> object:
    return gifts.give(held.owner.account_id, GiftInput(held.ticket.ticket_id, to), operation_id=operation_id)


def given_to_a_customer(show: Event, taker: Account) -> HandOver:
    held, operation_id = hold(show, make_customer()), new_id("op")
    _give(held, unused_number(), new_id("op"))
    return HandOver(
        lambda: _give(held, taker.mobile_number, operation_id),
        lambda: {**_where(held, taker), "gifts": sorted(gifts_of(held))},
        _moved(taker, "cancelled", "claimed"),
    )


def given_to_a_number(show: Event, taker: Account) -> HandOver:
    held, operation_id, to = hold(show, make_customer()), new_id("op"), unused_number()
    return HandOver(
        lambda: _give(held, to, operation_id),
        lambda: (waiting(to), _where(held, taker)),
        (1, _stayed(held, pledged=True)),
    )


def taken_back(show: Event, taker: Account) -> HandOver:
    held, operation_id, to = hold(show, make_customer()), new_id("op"), unused_number()
    _give(held, to, new_id("op"))
    return HandOver(
        lambda: _give(held, held.owner.mobile_number, operation_id),
        lambda: (waiting(to), _where(held, taker)),
        (0, _stayed(held, "cancelled")),
    )


def claimed(show: Event, _: Account) -> HandOver:
    held, to = hold(show, make_customer()), unused_number()
    _give(held, to, new_id("op"))
    taker = make_customer(mobile_number=to)
    own_card(taker)
    return HandOver(
        lambda: gifts.claim_all(taker),
        lambda: (waiting(to), _where(held, taker)),
        (0, _moved(taker, "claimed")),
    )


def asked_back(show: Event, taker: Account) -> HandOver:
    held, operation_id = hold(show, make_customer()), new_id("op")
    ticket_id = held.ticket.ticket_id

    def outcome() -> object:
        requests = operations.query(keys.tickets.ticket(ticket_id).pk, Begins("REFUND#"), consistent=True)
        return len(requests), _where(held, taker)

    return HandOver(
        lambda: refund_requests.ask(held.owner.account_id, ticket_id, reason="ill", operation_id=operation_id),
        outcome,
        (1, _stayed(held, pledged=True)),
    )


@pytest.mark.parametrize("make", [transferred, given_to_a_customer, given_to_a_number, taken_back, claimed, asked_back])
def test_whichever_request_fails_the_same_again_brings_it_to_its_end_once(
    make: Callable[[Event, Account], HandOver],
) -> None:
    taker = make_customer(name="Bilal Ahmed")
    own_card(taker)
    whole = make(make_show(), taker)
    requests = requests_of(whole.act)
    assert whole.outcome() == whole.expected
    for place, fault in befallings(requests, BEFALLING):
        one = make(make_show(), taker)  # the number of one event's tickets on a card is limited
        befall(one.act, place, fault)
        one.act()
        assert one.outcome() == one.expected, (place, fault)
        one.act()
        assert one.outcome() == one.expected, (place, fault)
