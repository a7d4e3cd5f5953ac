"""Keyed hashes of devices and positions: two are compared, and neither is kept.

Each purpose has a key of its own. A position's hash is of its event too, so that it links no two events.
"""

import base64
import hashlib
import hmac

from msgspec import Struct

from chalicelib.clients.secrets import SESSIONS
from chalicelib.domain.campus.evidence import distances
from chalicelib.domain.campus.evidence.evidence import EventPlace
from chalicelib.table.items import CampusEvent

_DEVICE, _POSITION = "campus device", "campus position"
# 96 bits: no two of a platform's devices share them, and a record stays short.
_BYTES = 12


class GivenPosition(Struct, frozen=True):
    """A position as a phone states it: WGS 84 degrees, and its accuracy in metres."""

    latitude: float
    longitude: float
    accuracy: float | None = None

    def metres_to(self, event: CampusEvent) -> float:
        """Return the geodesic distance from the centre of an event, to a tenth of a metre."""
        return round(distances.metres(self.latitude, self.longitude, to=place_of(event)), 1)


def place_of(event: CampusEvent) -> EventPlace:
    """Return where an event is."""
    return EventPlace(float(event.latitude), float(event.longitude), event.location_radius)


def device_mac(device_key: str | None, *, session_id: str) -> str:
    """Return the hash of a device: of the key that its client keeps, else of the log-in session."""
    # Apart, so that nobody passes for a session by sending its id as a key.
    return _mac(_DEVICE, f"key {device_key}" if device_key else f"session {session_id}")


def position_mac(position: GivenPosition, *, event_id: str) -> str:
    """Return the hash of exactly these coordinates at an event."""
    return _mac(_POSITION, f"{event_id} {position.latitude!r} {position.longitude!r}")


def _mac(purpose: str, text: str) -> str:
    digest = hmac.digest(SESSIONS.current(purpose), text.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest[:_BYTES]).decode()
