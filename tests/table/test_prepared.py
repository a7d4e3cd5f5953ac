"""A prepared write equals the one that PynamoDB composes for the same values."""

import pytest

from chalicelib.table import keys, operations
from chalicelib.table.items import Ticket
from chalicelib.table.prepared import Prepared


def _write(event_id: str, number: str, ticket_id: str) -> operations.Write:
    return operations.change(
        keys.tickets.ticket(ticket_id),
        [Ticket.number.set(number)],
        (Ticket.event_id == event_id) & Ticket.admission.does_not_exist(),
    )


def test_a_filled_write_equals_a_composed_one_and_leaves_the_next_as_it_was() -> None:
    prepared = Prepared(_write("e?", "n?", "t?"), event_id=(Ticket.event_id, "e?"), number=(Ticket.number, "n?"))
    for event_id, number in (("evt_1", "1"), ("evt_2", "2")):
        place = keys.tickets.ticket(f"tkt_{number}")
        filled = prepared.fill(place, {"event_id": event_id, "number": number})
        assert filled == _write(event_id, number, f"tkt_{number}")


def test_an_example_that_two_places_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="2 times"):
        Prepared(_write("same", "same", "t?"), event_id=(Ticket.event_id, "same"))


def test_a_value_that_is_left_out_is_refused() -> None:
    prepared = Prepared(_write("e?", "n?", "t?"), event_id=(Ticket.event_id, "e?"), number=(Ticket.number, "n?"))
    with pytest.raises(ValueError, match="are not the values"):
        prepared.fill(keys.tickets.ticket("tkt_1"), {"number": "1"})
