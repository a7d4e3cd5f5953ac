"""The rotating code as staff show it: token, picture, digits. Nothing is written, and nothing read but the event."""

import base64
import io
from datetime import datetime
from functools import lru_cache

from msgspec import Struct

from chalicelib import clock
from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.campus.events import campus_events, event_records, rotating_codes
from chalicelib.table.items import CampusEvent

# Pixels per module, and modules of quiet zone (ISO/IEC 18004 requires four): sharp on a projector.
_SCALE, _BORDER = 10, 4
# Level M recovers about a seventh of a damaged code; a higher level makes the modules smaller.
_ERROR_CORRECTION = "m"
# Screens of one event that ask in the same second get the same picture.
_PICTURES_KEPT = 64


class ShownCode(Struct, frozen=True):
    """What a screen shows until `expires_at`."""

    event_id: str
    token: str
    code: str
    expires_at: datetime

    @property
    def picture(self) -> str:
        """The QR code as a PNG in base64."""
        return _picture(self.token)


def show(event_id: str, caller: Principal) -> ShownCode:
    """Return the code of an event to show now. Raises Forbidden, NotFound."""
    return of(campus_events.require_staff_of(event_id, caller))


def refresh(event_id: str, *, by: Principal, operation_id: str) -> ShownCode:
    """Void all earlier codes of an event and return the next. Raises Forbidden, NotFound, Unavailable."""
    return of(event_records.refresh_code(event_id, by=by, operation_id=operation_id))


def of(event: CampusEvent) -> ShownCode:
    """Return the code of an event to show now."""
    now = clock.now()
    return ShownCode(
        event_id=event.event_id,
        token=rotating_codes.token(event, now),
        code=rotating_codes.code(event, now),
        expires_at=rotating_codes.expires_at(now),
    )


@lru_cache(maxsize=_PICTURES_KEPT)
def _picture(token: str) -> str:
    import segno  # its tables would slow the cold start of every route

    drawn = io.BytesIO()
    segno.make(token, error=_ERROR_CORRECTION, micro=False).save(drawn, kind="png", scale=_SCALE, border=_BORDER)
    return base64.b64encode(drawn.getvalue()).decode()
