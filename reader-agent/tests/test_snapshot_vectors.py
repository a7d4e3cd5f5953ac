"""The agent's decoder, held against the platform's vectors of the snapshot's format."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from reader_agent import ticket_code
from reader_agent.snapshot import Package, Snapshot, SnapshotRefused
from reader_agent.snapshot.names import Name, open_names

FILE = Path(__file__).parents[2] / "tests" / "vectors" / "snapshot.json"
VECTORS: dict[str, Any] = json.loads(FILE.read_text())
KEY = Ed25519PublicKey.from_public_bytes(bytes.fromhex(VECTORS["public_key"]))
KEYS = {ticket_code.key_id(KEY): KEY}
PARTS = {part["name"]: part for part in VECTORS["snapshots"]}
HEAD = PARTS["full"]["head"]
TICKETS = ["valid", "reserved", "cancelled", "refunded", "transferred"]
CARDS = ["active", "blocked", "lost", "stock", "held", "replaced"]
PRESENCES = [None, "inside", "outside"]


def package(text: str) -> Package:
    return Package.read(bytes.fromhex(text), KEYS, event_id=HEAD["event_id"], device_id=HEAD["device_id"])


def ticket_shown(snapshot: Snapshot, expected: dict[str, Any]) -> bool:
    found = snapshot.ticket(int(expected["fingerprint"], 16))
    assert found is not None
    assert snapshot.fingerprint_of_ticket_id(expected["ticket_id"]) == found.fingerprint
    assert found.status == TICKETS[expected["status"]]
    assert found.presence == PRESENCES[expected["presence"]]
    assert (found.credential, found.is_disputed) == (expected["credential"], expected["disputed"])
    assert (found.since.timestamp() if found.since else None) == expected["last_at"]
    return True


def card_shown(snapshot: Snapshot, expected: dict[str, Any]) -> bool:
    found = snapshot.card(expected["uid"])
    assert found is not None
    assert found.fingerprint == int(expected["fingerprint"], 16)
    assert found.status == CARDS[expected["status"]]
    assert found.is_secure == expected["secure"]
    assert found.counter == (-1 if expected["counter"] is None else expected["counter"])
    assert found.tickets == tuple(snapshot.fingerprint_of_ticket_id(each) for each in expected["tickets"])
    return True


def test_a_full_snapshot_says_what_was_packed() -> None:
    part = PARTS["full"]
    snapshot = Snapshot.of(package(part["hex"]))
    assert all(ticket_shown(snapshot, each) for each in part["tickets"])
    assert all(card_shown(snapshot, each) for each in part["cards"])


def test_the_states_after_the_delta() -> None:
    snapshot = Snapshot.of(package(PARTS["full"]["hex"])).with_delta(package(PARTS["delta"]["hex"]))
    assert snapshot.head.cursor == "cursor-2"
    assert snapshot.head.hub is not None
    for look in VECTORS["lookups"]:
        if look["expected"] is not None:
            assert (card_shown if "uid" in look else ticket_shown)(snapshot, look["expected"])
        elif "uid" in look:
            assert snapshot.card(look["uid"]) is None
        else:
            fingerprint = snapshot.fingerprint_of_ticket_id(look["ticket_id"])
            assert fingerprint is not None
            assert snapshot.ticket(fingerprint) is None


def test_names_open_with_the_devices_key_only() -> None:
    head = package(PARTS["full"]["hex"]).head
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(VECTORS["device_seed"]))
    assert open_names(head, key) == {int(mark, 16): Name(*parts) for mark, parts in PARTS["full"]["names"].items()}
    assert open_names(head, Ed25519PrivateKey.generate()) == {}


def use(case: dict[str, Any]) -> Snapshot:
    found = package(case["hex"])
    if "after" in case:
        return Snapshot.of(package(PARTS[case["after"]]["hex"])).with_delta(found)
    return Snapshot.of(found)


@pytest.mark.parametrize("case", VECTORS["refused"], ids=lambda case: case["name"])
def test_what_must_be_refused(case: dict[str, Any]) -> None:
    with pytest.raises(SnapshotRefused):
        use(case)
