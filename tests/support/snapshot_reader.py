"""Reads a snapshot as a device does, from docs/offline.md alone."""

import base64
import hashlib
import hmac
import json
import zlib
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from ulid import ULID

EPOCH_SHIFT = 2**31


@dataclass
class ReadSnapshot:
    """A snapshot as read: its head, and states by fingerprint."""

    head: dict[str, Any]
    tickets: dict[bytes, dict[str, Any]] = field(default_factory=dict)
    cards: dict[bytes, dict[str, Any]] = field(default_factory=dict)

    def ticket(self, ticket_id: str) -> dict[str, Any] | None:
        """Return the state of a ticket, or None."""
        return self.tickets.get(self._mark(b"ticket\x00" + ULID.from_str(ticket_id.rpartition("_")[2]).bytes))

    def card(self, uid: str) -> dict[str, Any] | None:
        """Return the state of a card, or None."""
        return self.cards.get(self._mark(b"card\x00" + bytes.fromhex(uid)))

    def _mark(self, thing: bytes) -> bytes:
        key = unpadded(self.head["fingerprint_key"])
        return hmac.new(key, thing, hashlib.sha256).digest()[:6]

    def apply(self, delta: "ReadSnapshot") -> None:
        """Apply a delta that begins where this ends."""
        assert delta.head["since"] == self.head["cursor"]
        assert delta.head["epoch"] == self.head["epoch"]
        for mine, fresh in ((self.tickets, delta.tickets), (self.cards, delta.cards)):
            mine.update(fresh)
            for mark in [mark for mark, state in fresh.items() if state["status"] == 7]:
                del mine[mark]
        self.head = delta.head


def unpadded(text: str) -> bytes:
    """Return the bytes of base64url without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def read(content: bytes, public_key: bytes) -> ReadSnapshot:
    """Return what a snapshot says. Raises InvalidSignature, ValueError."""
    unsigned, signature = content[:-64], content[-64:]
    Ed25519PublicKey.from_public_bytes(public_key).verify(signature, b"gatehouse snapshot\x00" + unsigned)
    if unsigned[:8] != b"GHSNAP\x00\x01":
        raise ValueError("unknown format")
    found = ReadSnapshot(json.loads(unsigned[12 : _end_of_head(content)]))
    _read_tables(found, columns_of(content))
    return found


def columns_of(content: bytes) -> bytes:
    """Return the tables of a snapshot, unpacked."""
    return zlib.decompress(content[_end_of_head(content) : -64], wbits=-15)


def _end_of_head(content: bytes) -> int:
    return 12 + int.from_bytes(content[8:12], "big")


def _read_tables(found: ReadSnapshot, columns: bytes) -> None:
    at = 0

    def column(count: int, width: int) -> list[bytes]:
        nonlocal at
        values = [columns[at + n * width : at + (n + 1) * width] for n in range(count)]
        at += count * width
        return values

    sections = found.head["sections"]
    prints, states = column(sections["tickets"], 6), column(sections["tickets"], 1)
    credentials, passages = column(sections["tickets"], 2), column(sections["tickets"], 4)
    assert prints == sorted(prints)
    for mark, state, credential, passage in zip(prints, states, credentials, passages, strict=True):
        since = int.from_bytes(passage, "big")
        found.tickets[mark] = {
            "status": state[0] & 7,
            "presence": state[0] >> 3 & 3,
            "disputed": bool(state[0] >> 5),
            "credential": int.from_bytes(credential, "big"),
            "last_at": since - EPOCH_SHIFT + found.head["epoch"] if since else None,
        }
    marks, states = column(sections["cards"], 6), column(sections["cards"], 1)
    counts, links = column(sections["cards"], 1), column(sections["links"], 3)
    assert marks == sorted(marks)
    for mark, state, count in zip(marks, states, counts, strict=True):
        mine, links = links[: count[0]], links[count[0] :]
        found.cards[mark] = {
            "status": state[0] & 7,
            "secure": bool(state[0] >> 3),
            "counter": None,
            "tickets": [prints[int.from_bytes(link, "big")] for link in mine],
        }
    for place, counter in zip(column(sections["secure"], 3), column(sections["secure"], 3), strict=True):
        found.cards[marks[int.from_bytes(place, "big")]]["counter"] = int.from_bytes(counter, "big")
    if at != len(columns) or links:
        raise ValueError("the tables have another length")


def names_of(found: ReadSnapshot, key: Ed25519PrivateKey) -> dict[str, list[str | None]]:
    """Return the names in a head, opened with the device's own key."""
    sealed = unpadded(found.head["names"])
    mine = X25519PrivateKey.from_private_bytes(hashlib.sha512(key.private_bytes_raw()).digest()[:32])
    shared = mine.exchange(X25519PublicKey.from_public_bytes(sealed[:32]))
    salt = sealed[:32] + mine.public_key().public_bytes_raw()
    cipher = AESGCM(HKDF(SHA256(), 32, salt=salt, info=b"gatehouse snapshot names").derive(shared))
    packed = cipher.decrypt(bytes(12), sealed[32:], found.head["cursor"].encode())
    names: dict[str, list[str | None]] = json.loads(zlib.decompress(packed, wbits=-15))
    return names
