"""Snapshots as the platform makes them, by the layout of docs/offline.md; it knows nothing of the agent's code."""

import base64
import hashlib
import hmac
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from ulid import ULID

EPOCH = 2**31
STATUS = {"valid": 0, "reserved": 1, "cancelled": 2, "refunded": 3, "transferred": 4, "removed": 7}
CARD = {"active": 0, "blocked": 1, "lost": 2, "stock": 3, "held": 4, "replaced": 5, "removed": 7}
PRESENCE = {None: 0, "inside": 1, "outside": 2}
PRIME = 2**255 - 19


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass
class TicketRow:
    ulid: ULID
    status: str = "valid"
    presence: str | None = None
    credential: int = 1
    since: datetime | None = None

    @property
    def id(self) -> str:
        return f"tkt_{self.ulid}"


@dataclass
class CardRow:
    uid: str
    tickets: tuple[TicketRow, ...]
    status: str = "active"
    secure: bool = False
    counter: int | None = None


@dataclass
class Signer:
    """The platform's key of ticket codes."""

    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    @property
    def public(self) -> str:
        return b64(self.key.public_key().public_bytes_raw())

    @property
    def keys(self) -> dict[str, Ed25519PublicKey]:
        """The key as the agent holds it."""
        return {self.kid: self.key.public_key()}

    @property
    def kid(self) -> str:
        return hashlib.sha256(self.key.public_key().public_bytes_raw()).hexdigest()[:8]

    def code(self, ticket: TicketRow, *, event_id: str = "evt_demo", credential: int | None = None) -> str:
        number = ticket.credential if credential is None else credential
        body = b"\x01" + bytes.fromhex(self.kid) + ticket.ulid.bytes + number.to_bytes(2, "big")
        body += hashlib.sha256(event_id.encode()).digest()[:8]
        return "GH1:" + base45(body + self.key.sign(b"gatehouse ticket code\x00" + body))


def base45(data: bytes) -> str:
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
    text = ""
    for start in range(0, len(data), 2):
        pair = data[start : start + 2]
        value = int.from_bytes(pair, "big")
        for _ in range(len(pair) + 1):
            value, digit = divmod(value, 45)
            text += alphabet[digit]
    return text


def event(now: datetime, **changes: Any) -> dict[str, Any]:
    return {
        "event_id": "evt_demo", "status": "live", "opens_at": moment(now - timedelta(hours=2)),
        "closes_at": moment(now + timedelta(days=3)), "scanning_enabled": True, "re_entry_allowed": False,
        "timezone": "Asia/Karachi",
    } | changes  # fmt: skip


def fingerprint(key: bytes, content: bytes) -> bytes:
    return hmac.new(key, content, hashlib.sha256).digest()[:6]


def columns(rows: Sequence[tuple[int, ...]], widths: tuple[int, ...]) -> bytes:
    return b"".join(b"".join(row[at].to_bytes(width, "big") for row in rows) for at, width in enumerate(widths))


def make(  # noqa: PLR0913  # a head has many fields
    signer: Signer,
    tickets: list[TicketRow],
    cards: list[CardRow],
    *,
    now: datetime,
    epoch: datetime | None = None,
    cursor: str = "c1",
    since: str | None = None,
    fingerprint_key: bytes = bytes(32),
    device_id: str = "dev_00000000000000000000000000",
    **head: Any,
) -> bytes:
    epoch = epoch or now
    by_print = sorted(
        (int.from_bytes(fingerprint(fingerprint_key, b"ticket\x00" + row.ulid.bytes), "big"), row.id, row)
        for row in tickets
    )
    place = {row.id: number for number, (_, _, row) in enumerate(by_print)}
    cards_by_print = sorted(
        (int.from_bytes(fingerprint(fingerprint_key, b"card\x00" + bytes.fromhex(row.uid)), "big"), row.uid, row)
        for row in cards
    )
    body = columns(
        [
            (
                mark,
                STATUS[row.status] | PRESENCE[row.presence] << 3,
                row.credential,
                int(row.since.timestamp()) - int(epoch.timestamp()) + EPOCH if row.since else 0,
            )
            for mark, _, row in by_print
        ],
        (6, 1, 2, 4),
    )
    body += columns([(m, CARD[c.status] | c.secure << 3, len(c.tickets)) for m, _, c in cards_by_print], (6, 1, 1))
    links = [(place[ticket.id],) for _, _, row in cards_by_print for ticket in row.tickets]
    body += columns(links, (3,))
    secure = [(at, c.counter) for at, (_, _, c) in enumerate(cards_by_print) if c.counter is not None]
    body += columns(secure, (3, 3))
    packer = zlib.compressobj(level=6, wbits=-15)
    head = {
        "event_id": "evt_demo", "device_id": device_id, "cursor": cursor, "since": since, "epoch": moment(epoch),
        "generated_at": moment(now), "expires_at": moment(now + timedelta(hours=24)), "count": len(tickets),
        "key_id": signer.kid, "fingerprint_key": b64(fingerprint_key), "peers": [], "hub": None,
        "sections": {"tickets": len(tickets), "cards": len(cards), "links": len(links), "secure": len(secure)},
        "event": event(now), "names": None,
    } | head  # fmt: skip
    text = json.dumps(head).encode()
    return seal(
        signer, b"GHSNAP\x00\x01" + len(text).to_bytes(4, "big") + text + packer.compress(body) + packer.flush()
    )


def seal(signer: Signer, unsigned: bytes) -> bytes:
    return unsigned + signer.key.sign(b"gatehouse snapshot\x00" + unsigned)


def names_for(device_key: bytes, names: dict[str, list[str]], *, cursor: str) -> str:
    """Return names that only the device with this Ed25519 key can read: its X25519 form is of the same curve."""
    y = int.from_bytes(device_key, "little") & (2**255 - 1)
    theirs = ((1 + y) * pow(1 - y, -1, PRIME) % PRIME).to_bytes(32, "little")
    fresh = X25519PrivateKey.generate()
    ours = fresh.public_key().public_bytes_raw()
    shared = fresh.exchange(X25519PublicKey.from_public_bytes(theirs))
    key = HKDF(SHA256(), 32, ours + theirs, b"gatehouse snapshot names").derive(shared)
    packer = zlib.compressobj(wbits=-15)
    packed = packer.compress(json.dumps(names).encode()) + packer.flush()
    return b64(ours + AESGCM(key).encrypt(bytes(12), packed, cursor.encode()))
