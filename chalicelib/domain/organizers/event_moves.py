"""What refuses a move of an event in time: closed books, and people who were admitted for the date that it leaves.

A used ticket opens no gate again. Its holder would have no seat at the new date and could not return it (D-MONEY-08).
"""

from datetime import datetime

from chalicelib.domain import timezones
from chalicelib.errors import InvalidState
from chalicelib.table import keys, operations
from chalicelib.table.items import Counters, Event, Settlement
from chalicelib.table.operations import Write


def conditions(event: Event, *, starts_at: datetime) -> list[Write]:
    """Return the conditions of an event's move, to be written with it. Raises InvalidState."""
    books, gates = keys.money.settlement(event.event_id), keys.gate.counters(event.event_id)
    found = operations.get_many([books, gates])
    if books in found:
        # What it sells at another time would never be paid out (D-MONEY-03).
        raise InvalidState("The books of this event are closed, so it does not move any more. Make another event.")
    met = [operations.check(books, Settlement.pk.does_not_exist())]
    if _date(event, starts_at) == _date(event, event.starts_at):
        return met
    counted = found.get(gates)
    admitted = counted.admitted if isinstance(counted, Counters) else 0
    if admitted:
        raise InvalidState(
            f"{admitted} tickets of this event were admitted already, so it does not move to another date. Cancel it, "
            "which refunds these too, and make another event.",
            extra={"present": {"admitted": admitted}},
        )
    nobody = Counters.pk.does_not_exist() | Counters.admitted.does_not_exist() | (Counters.admitted == 0)
    return [*met, operations.check(gates, nobody)]


def _date(event: Event, moment: datetime) -> object:
    return timezones.local(moment, event.timezone).date()
