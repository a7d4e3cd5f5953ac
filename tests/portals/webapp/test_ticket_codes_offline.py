"""The codes on tickets as a gate without a network checks them: with the public key, the standard and nothing else."""

import hashlib

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from ulid import ULID

from chalicelib.domain.cards import cards
from chalicelib.domain.crypto import signing
from chalicelib.domain.tickets import tickets
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Ticket
from chalicelib.vocabulary.tickets import TicketStatus
from tests.portals.webapp.evening import Evening, ask, card_of

# RFC 9285, table 1.
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"

pytestmark = pytest.mark.usefixtures("moto_cloud")


def from_base45(text: str) -> bytes:
    """Decode as RFC 9285 has it, section 4."""
    raw = bytearray()
    for start in range(0, len(text), 3):
        chunk = [ALPHABET.index(character) for character in text[start : start + 3]]
        value = sum(digit * 45**place for place, digit in enumerate(chunk))
        raw += value.to_bytes(len(chunk) - 1)
    return bytes(raw)


def payload(owner: Account, ticket: Ticket) -> str:
    answer = ask(owner, "GET", f"{ticket.ticket_id}/qr-code/")
    assert answer.status == 200, answer.text
    return str(answer.json["payload"])


def test_a_gate_proves_a_code_with_the_public_key_alone(evening: Evening, ayesha: Account) -> None:
    key = Ed25519PublicKey.from_public_bytes(signing.public_keys(signing.TICKET_CODES)[0])
    ticket = evening.sell(ayesha)
    shown = payload(ayesha, ticket)
    # In QR's alphanumeric mode, and short enough for a phone's screen.
    assert shown.startswith("GH1:")
    assert set(shown) <= set(ALPHABET)
    assert len(shown) < 160
    raw = from_base45(shown.removeprefix("GH1:"))
    body, signature = raw[:31], raw[31:]
    key.verify(signature, b"gatehouse ticket code\x00" + body)
    kid = hashlib.sha256(signing.public_keys(signing.TICKET_CODES)[0]).digest()[:4]
    event_tag = hashlib.sha256(evening.event.event_id.encode()).digest()[:8]
    assert body == b"\x01" + kid + ULID.from_str(ticket.ticket_id[4:]).bytes + b"\x00\x01" + event_tag
    for place in range(len(body)):
        forged = bytearray(body)
        forged[place] ^= 1
        with pytest.raises(InvalidSignature):
            key.verify(signature, b"gatehouse ticket code\x00" + bytes(forged))


def test_a_claimed_gift_leaves_the_givers_code_and_card_dead(evening: Evening, ayesha: Account, bilal: Account) -> None:
    hers = card_of(ayesha, "04AA0000000001")
    ticket = evening.sell(ayesha)
    old = payload(ayesha, ticket)
    answer = ask(ayesha, "POST", f"{ticket.ticket_id}/gift/", {"mobile_number": bilal.mobile_number})
    assert answer.json["status"] == "claimed"
    assert evening.scan(qr=old) == ("invalid", "stale_credential")
    assert evening.scan(card_id=hers.uid) == ("not_found", None)
    assert evening.scan(qr=payload(bilal, ticket)) == ("valid", None)


def test_a_refunded_ticket_opens_nothing_by_code_or_card(evening: Evening, ayesha: Account) -> None:
    hers = card_of(ayesha, "04AA0000000001")
    ticket = evening.sell(ayesha)
    old = payload(ayesha, ticket)
    tickets.set_status(ticket.ticket_id, TicketStatus.REFUNDED)
    assert evening.scan(qr=old)[0] == "invalid"
    assert evening.scan(card_id=hers.uid)[0] == "invalid"
    refused = ask(ayesha, "GET", f"{ticket.ticket_id}/qr-code/")
    assert (refused.status, refused.code) == (409, "INVALID_STATE")
    stored = operations.get(keys.tickets.ticket(ticket.ticket_id))
    assert stored is not None
    assert stored.admission is None
    assert cards.find(hers.uid) is not None
