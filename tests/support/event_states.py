"""Events that staff change, and states that a test needs at once, such as that of a cancelled event."""

from typing import Any

from chalicelib.domain.events import categories, gate_control
from chalicelib.domain.organizers import event_changes
from chalicelib.table import keys, operations
from chalicelib.table.items import Event
from chalicelib.vocabulary.events import EventStatus


def change(event_id: str, **given: Any) -> None:
    """Change an event as the route of staff does; `given` has the contract's names."""
    event_changes.change(event_id, given)


def put_into(event_id: str, status: EventStatus) -> None:
    """Store an event with a status, regardless of its own; a cancellation is an act apart, and an end takes time."""
    store(event_id, status=status)


def store(event_id: str, **values: Any) -> None:
    """Store values of an event that no route sets, or not in the event's present state; None removes one."""
    named = {name: getattr(Event, name) for name in values}
    actions = [named[name].remove() if value is None else named[name].set(value) for name, value in values.items()]
    operations.record(operations.change(keys.events.event(event_id), actions, Event.pk.exists()))
    gate_control.forget()
    categories.forget()
