"""The states of tickets and cards: from their items, from stored attributes, and through the feed."""

from datetime import timedelta
from itertools import product

from chalicelib import clock
from chalicelib.domain.offline import states
from chalicelib.domain.offline.states import States
from chalicelib.table import keys, operations
from chalicelib.table.items import Card, Ticket
from chalicelib.table.items.tickets import Passage
from chalicelib.vocabulary.cards import CardStatus, CardType
from chalicelib.vocabulary.gate import Presence
from chalicelib.vocabulary.tickets import TicketStatus


def passage(*, minutes: int, scanned: bool) -> Passage:
    at = clock.now() + timedelta(minutes=minutes)
    scanned_at = at - timedelta(hours=2) if scanned else None
    return Passage(scan_id="scn_1", caller_id="ush_1", log_id="log_1", decided_at=at, scanned_at=scanned_at)


TICKETS = [
    Ticket(
        *keys.tickets.ticket("tkt_1"),
        ticket_id="tkt_1",
        event_id="evt_1",
        number="N-1",
        holder_name="Ayesha",
        status=status,
        presence=presence,
        disputed=disputed,
        credential=3,
        issued_at=clock.now(),
        admission=passage(minutes=1, scanned=scanned) if presence else None,
        passage=passage(minutes=5, scanned=scanned) if presence is Presence.OUTSIDE else None,
    )
    for status, presence, disputed, scanned in product(TicketStatus, [None, *Presence], [None, True], [False, True])
]
CARDS = [
    Card(
        *keys.cards.card("04A1B2C3D4E5F6"),
        card_id="crd_1",
        uid="04A1B2C3D4E5F6",
        type=kind,
        status=status,
        tickets=opens,
        sun_counter=counter,
    )
    for status, kind, opens, counter in product(
        CardStatus, CardType, [{}, {"evt_1": ["tkt_1", "tkt_2"]}, {"evt_2": ["tkt_3"]}], [-1, 41]
    )
]


def test_a_stored_ticket_has_the_state_of_its_item() -> None:
    for ticket in TICKETS:
        assert states.of_raw_ticket(operations.put(ticket).arguments["Item"]) == states.of_ticket(ticket)


def test_a_stored_card_has_the_state_of_its_item() -> None:
    for card, event_id in product(CARDS, ("evt_1", "evt_2")):
        assert states.of_raw_card(operations.put(card).arguments["Item"], event_id) == states.of_card(card, event_id)


def test_states_come_out_of_the_feed_as_they_went_in() -> None:
    some = States({"tkt_1": states.of_ticket(TICKETS[-1])}, {CARDS[-1].uid: states.of_card(CARDS[-1], "evt_2")})
    assert states.unpacked(states.packed(some)) == some
