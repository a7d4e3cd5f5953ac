"""Ids: a short prefix and a ULID, so that they sort by creation.

A card's id carries its UID, so either of the two names finds the card with one read (D-CARD-01).
"""

import hashlib
import re
from datetime import UTC, datetime

from ulid import ULID

# ISO/IEC 14443-3 knows UIDs of 4, 7 and 10 bytes; a FeliCa IDm has 8 (JIS X 6319-4).
UID_LENGTHS = (4, 7, 8, 10)
_UID = re.compile(r"[0-9A-F]+")
_CARD_ID = re.compile(r"crd_[0-7][0-9A-HJKMNP-TV-Z]{25}")


# Milliseconds of the year 10,000, which `datetime` does not know and a ULID can name.
_AFTER_LAST_YEAR = 253_402_300_800_000
# The prefix of the operation ids of requests without an Idempotency-Key.
_UNKEYED = "req"


def new_id(prefix: str) -> str:
    """Return a fresh id such as `tkt_01J…`."""
    return f"{prefix}_{ULID()}"


def unkeyed_operation_id() -> str:
    """Return the operation id of a request without an Idempotency-Key."""
    return new_id(_UNKEYED)


def is_unkeyed(operation_id: str) -> bool:
    """Whether an operation id is of a request without an Idempotency-Key."""
    return operation_id.startswith(f"{_UNKEYED}_")


def id_of_operation(prefix: str, operation_id: str) -> str:
    """Return an id made now whose random part is the same for all tries of an operation."""
    return f"{prefix}_{ULID.from_bytes(ULID().bytes[:6] + hashlib.sha256(operation_id.encode()).digest()[:10])}"


def id_of_fact(prefix: str, fact_id: str) -> str:
    """Return the id that a fact always gives, however often it is published; it does not say when it was made."""
    return f"{prefix}_{ULID.from_bytes(hashlib.sha256(fact_id.encode()).digest()[:16])}"


def id_of_moment(prefix: str, fact_id: str, *, at: datetime) -> str:
    """Return the id that a fact of a moment always gives; it sorts by that moment."""
    random = hashlib.sha256(fact_id.encode()).digest()[:10]
    return f"{prefix}_{ULID.from_bytes(int(at.timestamp() * 1000).to_bytes(6) + random)}"


def ulid_of(value: str) -> ULID | None:
    """Return the ULID in an id, or None for ids that were given by hand, such as `evt_demo`."""
    try:
        return ULID.from_str(value.rpartition("_")[2])
    except ValueError:
        return None


def beginning_of_ids(prefix: str, *, made_at: datetime) -> str:
    """Return what the ids of this prefix begin with that were made at a moment; text order is time order."""
    return f"{prefix}_{ULID.from_datetime(made_at)}"[: len(prefix) + 11]


def ticket_number(prefix: str, number: int) -> str:
    """Return the number of a numbered ticket as it is printed, such as `VIP-000001`."""
    return f"{prefix}-{number:06d}"


def parse_uid(text: str) -> str | None:
    """Return a UID as upper-case hex without separators, or None where it is none."""
    plain = text.replace(":", "").replace("-", "").upper()
    if _UID.fullmatch(plain) and len(plain) % 2 == 0 and len(plain) // 2 in UID_LENGTHS:
        return plain
    return None


def masked_uid(name: str) -> str:
    """Return the last four digits of a UID, which may be named by its card's id."""
    return f"…{(uid_of_card_id(name) or name)[-4:]}"


def card_id_of(uid: str, *, created_at: datetime) -> str:
    """Return the id of the card with this UID.

    The 80 random bits of the ULID hold the UID, padded; the two low bits of its time say how long it is.
    """
    raw = bytes.fromhex(uid)
    size = UID_LENGTHS.index(len(raw))
    milliseconds = int(created_at.timestamp() * 1000) & ~0b11 | size
    padding = hashlib.sha256(raw).digest()[: 10 - len(raw)]
    return f"crd_{ULID.from_bytes(milliseconds.to_bytes(6) + raw + padding)}"


def uid_of_card_id(card_id: str) -> str | None:
    """Return the UID in a card's id, or None where the text is no card id."""
    if not _CARD_ID.fullmatch(card_id):
        return None
    raw = ULID.from_str(card_id[4:]).bytes
    return raw[6 : 6 + UID_LENGTHS[raw[5] & 0b11]].hex().upper()


def log_id_of(scan_key: str, *, decided_at: datetime) -> str:
    """Return the id of a scan's log entry: the same for the same scan and moment, sorted by time."""
    milliseconds = int(decided_at.timestamp() * 1000)
    return f"log_{ULID.from_bytes(milliseconds.to_bytes(6) + hashlib.sha256(scan_key.encode()).digest()[:10])}"


def entry_id_of(uid: str, number: int, *, at: datetime) -> str:
    """Return the id of a line of a card's ledger: the same for the same line, sorted by time and then by number."""
    milliseconds = int(at.timestamp() * 1000)
    rest = hashlib.sha256(uid.encode()).digest()[:4] + number.to_bytes(6)
    return f"ent_{ULID.from_bytes(milliseconds.to_bytes(6) + rest)}"


def created_at(value: str) -> datetime | None:
    """Return when an id was made, or None where it does not say, or names a moment that no calendar has."""
    parsed = ulid_of(value)
    if parsed is None or parsed.milliseconds >= _AFTER_LAST_YEAR:
        return None
    return datetime.fromtimestamp(parsed.milliseconds / 1000, UTC)
