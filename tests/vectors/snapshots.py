"""Make snapshot.json: a full snapshot and a delta in bytes, what they say, and what must be refused.

The bytes are packed here, field by field from docs/offline.md. The implementation is not asked.
"""

import base64
import hashlib
import hmac
import json
import struct
import zlib
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

FILE = Path(__file__).with_name("snapshot.json")
Thing = dict[str, Any]

SEED = bytes(range(32))
KEY = bytes(range(100, 132))
DEVICE_SEED = bytes(range(200, 232))
EPHEMERAL = bytes(range(50, 82))
EPOCH = 1795456800  # 2026-11-23T18:00:00Z
TICKETS = [f"tkt_01KAQ3G5Z0000000000000000{n}" for n in range(7)]
UIDS = ["04A1B2C3D4E5F6", "04DE5F1EACC040", "DEADBEEF", "0102030405060708"]
MAGIC, LABEL = b"GHSNAP\x00\x01", b"gatehouse snapshot\x00"
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def ticket(number: int, **changes: Any) -> Thing:
    """Return a ticket as the file names it."""
    usual = {"status": 0, "presence": 0, "disputed": False, "credential": 1, "last_at": None}
    return {"ticket_id": TICKETS[number], **usual, **changes}


def card(number: int, *opens: int, **changes: Any) -> Thing:
    """Return a card as the file names it; `opens` are the numbers of its tickets."""
    usual = {"status": 0, "secure": False, "counter": None}
    return {"uid": UIDS[number], **usual, "tickets": [TICKETS[n] for n in opens], **changes}


FULL = (
    [
        ticket(0),
        ticket(1, presence=1, last_at=EPOCH - 60),
        ticket(2, presence=2, credential=3, last_at=EPOCH - 7_200),
        ticket(3, status=3),
        ticket(4, status=1),
        ticket(5, disputed=True, credential=70_000),
    ],
    [card(0, 1, 0, 2), card(1, 5, secure=True, counter=41), card(2, status=1)],
)
DELTA = (
    [
        ticket(0, presence=1, last_at=EPOCH + 30),
        ticket(1, presence=1, last_at=EPOCH - 60),
        ticket(6),
        ticket(4, status=7),
    ],
    [card(0, 0, 1), card(1, 0, secure=True, counter=16_777_215), card(2, status=7), card(3, 6)],
)


def ulid_bytes(ticket_id: str) -> bytes:
    """Return the 16 bytes of a ULID in Crockford's base 32."""
    number = 0
    for letter in ticket_id.removeprefix("tkt_"):
        number = number * 32 + _ALPHABET.index(letter)
    return number.to_bytes(16, "big")


def mark(kind: bytes, thing: bytes) -> bytes:
    """Return a fingerprint."""
    return hmac.new(KEY, kind + b"\x00" + thing, hashlib.sha256).digest()[:6]


def ticket_mark(ticket_id: str) -> bytes:
    """Return the fingerprint of a ticket."""
    return mark(b"ticket", ulid_bytes(ticket_id))


def card_mark(uid: str) -> bytes:
    """Return the fingerprint of a card."""
    return mark(b"card", bytes.fromhex(uid))


def tables(tickets: list[Thing], cards: list[Thing]) -> tuple[bytes, dict[str, int]]:
    """Return the columns and the length of each table."""
    tickets = sorted(tickets, key=lambda each: ticket_mark(each["ticket_id"]))
    cards = sorted(cards, key=lambda each: card_mark(each["uid"]))
    places = {each["ticket_id"]: n for n, each in enumerate(tickets)}
    links = [places[ticket_id] for each in cards for ticket_id in each["tickets"]]
    secure = [(n, each["counter"]) for n, each in enumerate(cards) if each["secure"] and each["counter"] is not None]
    columns = b"".join(ticket_mark(each["ticket_id"]) for each in tickets)
    columns += bytes(each["status"] + 8 * each["presence"] + 32 * each["disputed"] for each in tickets)
    columns += b"".join(struct.pack(">H", min(each["credential"], 65_535)) for each in tickets)
    for each in tickets:
        columns += struct.pack(">I", 0 if each["last_at"] is None else each["last_at"] - EPOCH + 2**31)
    columns += b"".join(card_mark(each["uid"]) for each in cards)
    columns += bytes(each["status"] + 8 * each["secure"] for each in cards)
    columns += bytes(len(each["tickets"]) for each in cards)
    columns += b"".join(struct.pack(">I", place)[1:] for place in links)
    columns += b"".join(struct.pack(">I", place)[1:] for place, _ in secure)
    columns += b"".join(struct.pack(">I", counter)[1:] for _, counter in secure)
    return columns, {"tickets": len(tickets), "cards": len(cards), "links": len(links), "secure": len(secure)}


def signed(head: Thing, columns: bytes, *, seed: bytes = SEED, label: bytes = LABEL) -> bytes:
    """Return a whole snapshot."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    text = json.dumps(head).encode()
    unsigned = MAGIC + struct.pack(">I", len(text)) + text + packer.compress(columns) + packer.flush()
    return unsigned + Ed25519PrivateKey.from_private_bytes(seed).sign(label + unsigned)


def public(seed: bytes) -> bytes:
    """Return the public key of a seed."""
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def head(cursor: str, since: str | None, sections: dict[str, int], **changes: Any) -> Thing:
    """Return a head."""
    return {
        "event_id": "evt_01KAQ3G5Z00000000000000EVT",
        "device_id": "dev_01KAQ3G5Z00000000000000DEV",
        "cursor": cursor,
        "since": since,
        "epoch": EPOCH,
        "generated_at": "2026-11-23T18:00:00.000Z",
        "expires_at": "2026-11-24T18:00:00.000Z",
        "count": 6,
        "key_id": hashlib.sha256(public(SEED)).hexdigest()[:8],
        "sections": sections,
        "fingerprint_key": text(KEY),
        "peers": [
            {"device_id": "dev_01KAQ3G5Z00000000000000DEV", "gate": "A", "public_key": text(public(DEVICE_SEED))}
        ],
        "hub": None,
        "event": {
            "event_id": "evt_01KAQ3G5Z00000000000000EVT",
            "status": "live",
            "opens_at": "2026-11-23T16:00:00.000Z",
            "closes_at": "2026-11-23T23:00:00.000Z",
            "scanning_enabled": True,
            "re_entry_allowed": True,
            "timezone": "Asia/Karachi",
        },
        "names": None,
        **changes,
    }


def text(content: bytes) -> str:
    """Return bytes in base64url without padding."""
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def names(cursor: str) -> tuple[str, dict[str, list[str | None]]]:
    """Return names as they are sealed for the device, and what they say."""
    plain: dict[str, list[str | None]] = {
        ticket_mark(TICKETS[0]).hex(): ["Zoë Ahmed", "VIP"],
        ticket_mark(TICKETS[1]).hex(): ["Bilal Khan", None],
    }
    # The X25519 key of an Ed25519 seed is the first half of its SHA-512 (RFC 8032, section 5.1.5; X25519 clamps it).
    device = X25519PrivateKey.from_private_bytes(hashlib.sha512(DEVICE_SEED).digest()[:32])
    fresh = X25519PrivateKey.from_private_bytes(EPHEMERAL)
    ours, theirs = fresh.public_key().public_bytes_raw(), device.public_key().public_bytes_raw()
    shared = fresh.exchange(device.public_key())
    key = HKDF(SHA256(), 32, salt=ours + theirs, info=b"gatehouse snapshot names").derive(shared)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(json.dumps(plain, ensure_ascii=False).encode()) + packer.flush()
    return text(ours + AESGCM(key).encrypt(bytes(12), packed, cursor.encode())), plain


def shown(tickets: list[Thing], cards: list[Thing]) -> Thing:
    """Return states with their fingerprints, as a decoder finds them."""
    return {
        "tickets": [
            {"fingerprint": ticket_mark(each["ticket_id"]).hex(), **each, "credential": min(each["credential"], 65_535)}
            for each in sorted(tickets, key=lambda each: ticket_mark(each["ticket_id"]))
        ],
        "cards": [
            {"fingerprint": card_mark(each["uid"]).hex(), **each}
            for each in sorted(cards, key=lambda each: card_mark(each["uid"]))
        ],
    }


def after_both() -> Thing:
    """Return the states after the delta, without what was removed."""
    tickets = {each["ticket_id"]: each for part in (FULL, DELTA) for each in part[0]}
    cards = {each["uid"]: each for part in (FULL, DELTA) for each in part[1]}
    return shown(
        [each for each in tickets.values() if each["status"] != 7],
        [each for each in cards.values() if each["status"] != 7],
    )


def content() -> Thing:
    """Return everything in the file."""
    full_columns, full_sections = tables(*FULL)
    delta_columns, delta_sections = tables(*DELTA)
    sealed_names, plain_names = names("cursor-1")
    full_head = head("cursor-1", None, full_sections, names=sealed_names)
    delta_head = head(
        "cursor-2", "cursor-1", delta_sections, count=4, hub={"device_id": "dev_hub", "address": "10.0.0.5:8443"}
    )
    full, delta = signed(full_head, full_columns), signed(delta_head, delta_columns)
    other = head("cursor-1", None, full_sections, event_id="evt_other")
    late = head("cursor-3", "cursor-x", delta_sections)
    broken = bytearray(full)
    broken[len(full) // 2] ^= 1
    after = after_both()
    opens = {each["uid"]: each for each in after["cards"]}
    states = {each["ticket_id"]: each for each in after["tickets"]}
    return {
        "format": 1,
        "public_key": public(SEED).hex(),
        "fingerprint_key": KEY.hex(),
        "device_seed": DEVICE_SEED.hex(),
        "snapshots": [
            {"name": "full", "hex": full.hex(), "head": full_head, **shown(*FULL), "names": plain_names},
            {"name": "delta", "hex": delta.hex(), "head": delta_head, **shown(*DELTA), "names": None},
        ],
        "after": after,
        "lookups": [
            *({"uid": uid, "expected": opens.get(uid)} for uid in [*UIDS, "04FFFFFFFFFFFF"]),
            *({"ticket_id": ticket_id, "expected": states.get(ticket_id)} for ticket_id in TICKETS),
        ],
        "refused": [
            {"name": "one bit is changed", "hex": bytes(broken).hex()},
            {"name": "its end is missing", "hex": full[:-1].hex()},
            {"name": "it has a byte too many", "hex": (full + b"\x00").hex()},
            {"name": "it is of a later version", "hex": (full[:7] + b"\x02" + full[8:]).hex()},
            {"name": "it is signed by another key", "hex": signed(full_head, full_columns, seed=DEVICE_SEED).hex()},
            {"name": "it is signed without the label", "hex": signed(full_head, full_columns, label=b"").hex()},
            {"name": "it is of another event", "hex": signed(other, full_columns).hex()},
            {"name": "a delta begins elsewhere", "after": "full", "hex": signed(late, delta_columns).hex()},
            {"name": "a column is short", "hex": signed(full_head, full_columns[:-1]).hex()},
        ],
    }


def write() -> str:
    """Write the file and return a line about it."""
    FILE.write_text(json.dumps(content(), ensure_ascii=False, indent=1) + "\n")
    return f"{len(content()['lookups'])} lookups in {FILE.name}"
