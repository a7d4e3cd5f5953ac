"""What a change of an event writes: the attributes that differ from what was read, and their form for the audit log."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.table.items import Event

# Fields that are stored as they are sent, whether the event is on sale or not.
PLAIN = (
    "category",
    "featured",
    "children_enabled",
    "re_entry_allowed",
    "offline_names",
    "scanning_enabled",
    "scanning_opens_at",
    "scanning_closes_at",
)
EDITED = ("title", "description", "image_url")
# The stored attributes that a change may write.
_WRITTEN = (
    *PLAIN,
    *EDITED,
    "timezone",
    "starts_at",
    "ends_at",
    "refunds_until",
    "moved_at",
    "venue",
    "gates",
    "organizer_id",
    "organizer_name",
    "fee_basis_points",
    "status",
    "review",
    "review_note",
    "drafted_categories",
    "gsi1pk",
    "gsi1sk",
    "gsi2pk",
    "gsi2sk",
)
UNSHOWN = ("gsi1pk", "gsi1sk", "gsi2pk", "gsi2sk", "drafted_categories", "organizer_name")


def unversioned() -> Condition:
    """Return the condition that an event was never changed."""
    never: Condition = Event.version.does_not_exist() | (Event.version == 0)
    return never


def difference(before: Event, after: Event) -> tuple[list[Action], dict[str, Any], dict[str, Any]]:
    """Return the actions that make an event so, and the fields that they change, as they were and as they will be."""
    actions: list[Action] = []
    was: dict[str, Any] = {}
    now: dict[str, Any] = {}
    for name in _WRITTEN:
        old, new = getattr(before, name), getattr(after, name)
        if plain(old) == plain(new):
            continue
        attribute = getattr(Event, name)
        actions.append(attribute.remove() if new is None else attribute.set(new))
        if name not in UNSHOWN:
            was[name], now[name] = plain(old), plain(new)
    return actions, was, now


def state(event: Event) -> dict[str, Any]:
    """Return the shown attributes that a change may write, in their plain form."""
    return {name: plain(getattr(event, name)) for name in _WRITTEN if name not in UNSHOWN}


def plain(value: Any) -> Any:
    """Return a stored value in a form that can be compared and written as JSON."""
    if isinstance(value, datetime):
        return clock.to_text(value)
    if hasattr(value, "attribute_values"):
        return {name: plain(part) for name, part in sorted(value.attribute_values.items())}
    return list(value) if isinstance(value, list) else value


def wire(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields under the names that callers use."""
    return {"refund_deadline" if name == "refunds_until" else name: value for name, value in fields.items()}
