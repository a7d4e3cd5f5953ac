"""Keyed hashes of devices and positions: two are compared, and neither is kept.

Each purpose has a key of its own. A position's hash is of its event too, so that it links no two events.
"""

import base64
import hashlib
import hmac

from chalicelib.clients.secrets import SESSIONS
from chalicelib.domain.campus.evidence.evidence import Position

_DEVICE, _POSITION = "campus device", "campus position"
# 96 bits: no two of a platform's devices share them, and a record stays short.
_BYTES = 12


def device_mac(device_key: str | None, *, session_id: str) -> str:
    """Return the hash of a device: of the key that its client keeps, else of the log-in session."""
    # Apart, so that nobody passes for a session by sending its id as a key.
    return _mac(_DEVICE, f"key {device_key}" if device_key else f"session {session_id}")


def position_mac(position: Position, *, event_id: str) -> str:
    """Return the hash of exactly these coordinates at an event."""
    return _mac(_POSITION, f"{event_id} {position.latitude!r} {position.longitude!r}")


def _mac(purpose: str, text: str) -> str:
    digest = hmac.digest(SESSIONS.current(purpose), text.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest[:_BYTES]).decode()
