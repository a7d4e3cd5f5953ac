"""Makes campus_qr.json: rotating codes of campus events, by hmac and hashlib alone, without code of the platform.

python -m tests.vectors.campus_qr
"""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("campus_qr.json")
SECRET, BEFORE = "the secret of the vectors", "the secret before it"
EVENT, NEIGHBOUR = "cev_01KB3V9Q8ZJ6M4T7R2X5C0D1EF", "cev_01KB3V9Q8ZJ6M4T7R2X5C0D1EG"
EPOCH = 7
AT = 1_795_770_010  # ten seconds into a time step


def master(secret: str) -> bytes:
    """Derive the key of the purpose: HKDF-SHA-256 (RFC 5869) with one block of output."""
    extracted = hmac.new(b"gatehouse", secret.encode(), hashlib.sha256).digest()
    return hmac.new(extracted, b"campus rotating code\x01", hashlib.sha256).digest()


def _own_key(secret: str, event_id: str, epoch: int) -> bytes:
    return hmac.new(master(secret), f"{event_id}|{epoch}".encode(), hashlib.sha256).digest()


def token(born: int, *, secret: str = SECRET, event_id: str = EVENT, epoch: int = EPOCH) -> str:
    """Return a token, as docs/campus.md describes it."""
    content = bytes([1, len(event_id)]) + event_id.encode() + epoch.to_bytes(4) + born.to_bytes(5)
    mac = hmac.new(_own_key(secret, event_id, epoch), b"token|" + content, hashlib.sha256).digest()[:16]
    return base64.urlsafe_b64encode(content + mac).decode().rstrip("=")


def code(born: int, *, secret: str = SECRET, event_id: str = EVENT, epoch: int = EPOCH) -> str:
    """Return eight digits, as docs/campus.md describes them."""
    mac = hmac.new(_own_key(secret, event_id, epoch), b"code|" + (born // 30).to_bytes(8), hashlib.sha256).digest()
    offset = mac[31] % 16
    return str(int.from_bytes(mac[offset : offset + 4]) % 2**31 % 100_000_000).zfill(8)


def flipped(text: str, bit: int) -> str:
    """Return a token with one bit of its bytes changed."""
    raw = bytearray(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    raw[bit // 8] ^= 1 << (bit % 8)
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def cases() -> list[dict[str, Any]]:
    """Return all cases: a token and digits, when they are read, and the reason of the refusal or null."""
    made: list[tuple[str, int, dict[str, Any], str | None]] = [
        ("made in this second", AT, {}, None),
        ("made at the first second of the step before", AT - 40, {}, None),
        ("two steps old by one second", AT - 41, {}, "expired"),
        ("of the next step", AT + 20, {}, "future"),
        ("made before a refresh", AT, {"epoch": EPOCH - 1}, "old_epoch"),
        ("of another event", AT, {"event_id": NEIGHBOUR}, "other_event"),
        ("made with the secret before a rotation", AT, {"secret": BEFORE}, None),
        ("made with a secret that was never one", AT, {"secret": "forged"}, "changed"),
    ]
    # Nothing in eight digits says what they are of.
    of_digits = {"other_event": "unknown", "changed": "unknown"}
    return [
        {
            "id": name,
            "at": datetime.fromtimestamp(AT, UTC).isoformat(),
            "token": token(born, **how),
            "code": code(born, **how),
            "refused": refused,
            "code_refused": of_digits.get(refused or "", refused),
        }
        for name, born, how, refused in made
    ]


def content() -> dict[str, Any]:
    """Return the content of the file."""
    return {"format": 1, "secret": SECRET, "secret_before": BEFORE, "event": EVENT, "epoch": EPOCH, "cases": cases()}


if __name__ == "__main__":
    FILE.write_text(json.dumps(content(), indent=1) + "\n")
