"""An item as its customer may read it: sealed attributes opened, and without secrets and the keys of the table."""

import base64
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from chalicelib import clock
from chalicelib.domain.audit import states
from chalicelib.domain.crypto.encryption import Envelope
from chalicelib.table.items import AuditEntry, Item

# Keys of the table, and secrets that prove something or guard a way in.
_KEYS = {"pk", "sk", "gsi1pk", "gsi1sk", "gsi2pk", "gsi2sk", "ttl", "due_tries", "due_failed_at", "version", "revision"}
_PROOFS = {"password_hash", "token_hash", "mac", "number_mac", "pending", "known_devices", "pledged_to", "wrapped"}
_PROVIDERS = {"sealed_client_secret", "sealed_action", "token_digest"}
_OF_CHIPS = {"sun_counter", "sun_scan_key", "sun_key"}
_SECOND_FACTOR = {"totp_sealed", "totp_pending", "totp_step", "totp_pending_until"}
_OF_ACTS = ("entry_id", "at", "actor_id", "role", "action", "entity_type", "entity_id", "result")
_LEFT_OUT = frozenset(_KEYS | _PROOFS | _PROVIDERS | _OF_CHIPS | _SECOND_FACTOR)


def of(item: Item, envelope: Envelope) -> dict[str, Any]:
    """Return what an item says of its customer."""
    if isinstance(item, AuditEntry):
        return _act(item, envelope)
    said: dict[str, Any] = {"kind": type(item).__name__}
    for name in item.get_attributes():
        value = getattr(item, name)
        if name in _LEFT_OUT or name == "kind" or value is None:
            continue
        sealed_as = _SEALED.get((said["kind"], name))
        said[name] = _opened(envelope, sealed_as(item), value) if sealed_as else _plain(value)
    return said


def _act(entry: AuditEntry, envelope: Envelope) -> dict[str, Any]:
    """Return what staff did, without where they sat."""
    content = entry.content
    said = {"kind": "AuditEntry", **{name: content[name] for name in _OF_ACTS}}
    is_sealed = content.get("personal_to") == envelope.owner_id
    for name in ("before", "after"):
        state = content.get(name)
        if state is not None:
            text = envelope.open(states.field_of(name), bytes.fromhex(state)) if is_sealed else state
            said[name] = json.loads(text)
    return said


def _opened(envelope: Envelope, field: str, sealed: Any) -> Any:
    text = envelope.open(field, bytes(sealed))
    try:
        return json.loads(text)
    except ValueError:
        return text


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return clock.to_text(value)
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    if isinstance(value, set | frozenset):
        return sorted(_plain(each) for each in value)
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if hasattr(value, "attribute_values"):
        return {name: _plain(each) for name, each in value.attribute_values.items()}
    return value if isinstance(value, bool | int | float) else str(value)


def _named(name: str) -> Callable[[Any], str]:
    return lambda _: name


def _of_dependent(name: str) -> Callable[[Any], str]:
    return lambda dependent: f"dependent/{dependent.dependent_id}/{name}"


# The field that an attribute is sealed as, by the item's kind and the attribute.
_SEALED: Mapping[tuple[str, str], Callable[[Any], str]] = {
    ("Profile", "emergency_contact"): _named("emergency_contact"),
    ("Profile", "blood_type"): _named("blood_type"),
    ("Profile", "bank_account"): _named("bank_account"),
    ("Dependent", "blood_type"): _of_dependent("blood_type"),
    ("Dependent", "emergency_contact"): _of_dependent("emergency_contact"),
    ("CardRequest", "address"): _named("card_request_address"),
    ("CardBalance", "auto_token"): _named("auto_reload_token"),
}
