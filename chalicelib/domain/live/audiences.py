"""What each portal sees of a live message: the least that it needs (D-SEC-51).

A channel stores its messages as a gate sees them. What leaves for another portal is cut down at each send, so a
message from before a change of these rules is cut down as well.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chalicelib.identifiers import masked_uid
from chalicelib.vocabulary.access import Portal
from chalicelib.vocabulary.messages import LiveType

# Organizers hear what happens at the gates, not who passes. A type that is not listed has no data for them.
OF_ORGANIZERS: Mapping[LiveType, frozenset[str]] = {
    LiveType.CHECK_IN: frozenset(
        ("id", "event_id", "result", "reason", "direction", "gate", "tier", "scanned_at", "received_at")
    ),
    LiveType.COUNTERS: frozenset(
        ("tickets_sold", "admitted", "on_leave", "inside", "counted_without_ticket", "last_scan_at")
    ),
    LiveType.STATUS: frozenset(
        (
            "active",
            "scanning_enabled",
            "starts_at",
            "ends_at",
            "tickets_sold",
            "admitted",
            "on_leave",
            "inside",
            "counted_without_ticket",
            "last_scan_at",
            "server_time",
        )
    ),
}
# The fields of any depth that name a card.
UID_FIELDS = frozenset(("card_id", "card_uid", "uid"))


def seen_by(portal: str, messages: Sequence[str]) -> list[str]:
    """Return messages as a portal sees them. Ushers see all; customers and organizations have channels of their own."""
    if portal == Portal.ORGANIZER:
        return [_with_data(message, _of_organizers) for message in messages]
    if portal == Portal.ADMIN:
        return [_with_data(message, lambda _, data: masked(data)) for message in messages]
    return list(messages)


def masked(data: Any) -> Any:
    """Return JSON in which each UID is masked, at any depth."""
    if isinstance(data, dict):
        return {name: _masked_field(name, value) for name, value in data.items()}
    return [masked(each) for each in data] if isinstance(data, list) else data


def _masked_field(name: str, value: Any) -> Any:
    return masked_uid(value) if name in UID_FIELDS and isinstance(value, str) else masked(value)


def _of_organizers(type_: str, data: Mapping[str, Any]) -> dict[str, Any]:
    shown = OF_ORGANIZERS.get(LiveType(type_), frozenset())
    return {name: value for name, value in data.items() if name in shown}


def _with_data(message: str, change: Callable[[str, Any], Any]) -> str:
    fields = json.loads(message)
    fields["data"] = change(fields["type"], fields["data"])
    return json.dumps(fields, separators=(",", ":"), ensure_ascii=False)
