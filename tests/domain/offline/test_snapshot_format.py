"""The encoder against tests/vectors/snapshot.json, which is packed from docs/offline.md without it."""

import json
import zlib
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chalicelib.domain.offline import snapshot_format
from chalicelib.domain.offline.snapshot_format import GateCard, GateTicket
from tests.support import snapshot_reader
from tests.vectors import snapshots

VECTORS = json.loads(snapshots.FILE.read_text(encoding="utf-8"))
KEY, PUBLIC_KEY = bytes.fromhex(VECTORS["fingerprint_key"]), bytes.fromhex(VECTORS["public_key"])
SIGNER = Ed25519PrivateKey.from_private_bytes(snapshots.SEED)
EPOCH = snapshots.EPOCH


def states(made: tuple[list[dict[str, Any]], list[dict[str, Any]]]) -> tuple[list[GateTicket], list[GateCard]]:
    tickets = [GateTicket(**each) for each in made[0]]
    cards = [
        GateCard(ticket_ids=tuple(each["tickets"]), **{k: v for k, v in each.items() if k != "tickets"})
        for each in made[1]
    ]
    return tickets, cards


def columns(content: bytes) -> bytes:
    return zlib.decompress(content, wbits=-15)


def test_the_file_is_what_the_vectors_make() -> None:
    stored, made = json.loads(snapshots.FILE.read_text(encoding="utf-8")), snapshots.content()
    # The bytes of DEFLATE may differ between two versions of zlib.
    for kept in (stored, made):
        for each in kept["snapshots"]:
            content = bytes.fromhex(each.pop("hex"))
            end = 12 + int.from_bytes(content[8:12], "big")
            each["columns"] = columns(content[end:-64]).hex()
        kept["refused"] = [each["name"] for each in kept["refused"]]
    assert stored == made


@pytest.mark.parametrize(("name", "made"), [("full", snapshots.FULL), ("delta", snapshots.DELTA)])
def test_the_encoder_packs_what_the_page_describes(name: str, made: Any) -> None:
    body = snapshot_format.body(*states(made), key=KEY, epoch=EPOCH)
    wanted = next(each for each in VECTORS["snapshots"] if each["name"] == name)
    packed, sections = snapshots.tables(*made)
    assert columns(body.content) == packed
    assert body.sections == sections == wanted["head"]["sections"]
    sealed = snapshot_format.sealed(wanted["head"], body.content, signed_by=SIGNER)
    read = snapshot_reader.read(sealed, PUBLIC_KEY)
    assert read.head == wanted["head"]
    for each in wanted["tickets"]:
        expected = {field: each[field] for field in ("status", "presence", "disputed", "credential", "last_at")}
        assert read.tickets[bytes.fromhex(each["fingerprint"])] == expected
    assert len(read.tickets) == len(wanted["tickets"])
    assert len(read.cards) == len(wanted["cards"])


def test_a_delta_after_a_full_snapshot_gives_the_states_of_both() -> None:
    full, delta = (snapshot_reader.read(bytes.fromhex(each["hex"]), PUBLIC_KEY) for each in VECTORS["snapshots"])
    full.apply(delta)
    assert set(full.tickets) == {bytes.fromhex(each["fingerprint"]) for each in VECTORS["after"]["tickets"]}
    for lookup in VECTORS["lookups"]:
        expected = lookup["expected"]
        if "uid" in lookup:
            found = full.card(lookup["uid"])
            opens = expected and [snapshots.ticket_mark(each) for each in expected["tickets"]]
            assert (found and found["tickets"]) == opens
        else:
            found = full.ticket(lookup["ticket_id"])
            assert (found and found["presence"]) == (expected and expected["presence"])


@pytest.mark.parametrize(
    "name", ["one bit is changed", "it is signed by another key", "it is signed without the label"]
)
def test_what_is_not_signed_by_the_platform_is_refused(name: str) -> None:
    content = next(each["hex"] for each in VECTORS["refused"] if each["name"] == name)
    with pytest.raises(InvalidSignature):
        snapshot_reader.read(bytes.fromhex(content), PUBLIC_KEY)


def test_two_tickets_of_one_fingerprint_are_seen() -> None:
    one = GateTicket(ticket_id=snapshots.TICKETS[0], status=0)
    alike = GateTicket(ticket_id="x" + snapshots.TICKETS[0], status=0)
    assert snapshot_format.body([one, alike], [], key=KEY, epoch=EPOCH).has_twins
    assert not snapshot_format.body([one, one], [], key=KEY, epoch=EPOCH).has_twins


def test_a_card_has_no_link_to_a_ticket_that_is_not_there() -> None:
    card = GateCard(uid=snapshots.UIDS[0], status=0, ticket_ids=(snapshots.TICKETS[3], snapshots.TICKETS[0]))
    body = snapshot_format.body([GateTicket(ticket_id=snapshots.TICKETS[0], status=0)], [card], key=KEY, epoch=EPOCH)
    assert body.sections["links"] == 1


def test_the_names_of_the_file_open_with_the_devices_key() -> None:
    wanted = VECTORS["snapshots"][0]
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(VECTORS["device_seed"]))
    found = snapshot_reader.read(bytes.fromhex(wanted["hex"]), PUBLIC_KEY)
    assert snapshot_reader.names_of(found, key) == wanted["names"]
