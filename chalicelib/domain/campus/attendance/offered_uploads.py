"""Uploads that were offered for a photo and are not taken yet, the newest first.

A client asks again when an upload is slow or fails, and may finish any of them or none. So an offer never takes the
place of the one before: what has arrived in the bucket counts, whichever form brought it.
"""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from chalicelib import clock
from chalicelib.table.items import AttendancePhoto

# Of one camera; a submission has ten minutes.
MOST = 5


class NotedOffer(Struct, frozen=True):
    """An upload that was offered: its key, the nonce of the submission then, and when."""

    key: str
    nonce: str
    offered_at: datetime


def of(photo: AttendancePhoto) -> list[NotedOffer]:
    """Return the open offers of a photo, the newest first."""
    if photo.upload_key is None or photo.upload_nonce is None:
        return []
    newest = NotedOffer(photo.upload_key, photo.upload_nonce, photo.offered_at or photo.uploaded_at)
    earlier = [NotedOffer(key, nonce, datetime.fromisoformat(at)) for key, nonce, at in photo.earlier_uploads or []]
    return [newest, *earlier]


def note(photo: AttendancePhoto, offers: Sequence[NotedOffer]) -> None:
    """Make these the open offers of a photo, the newest first."""
    newest, earlier = (offers[0] if offers else None), offers[1:]
    photo.upload_key = newest.key if newest else None
    photo.upload_nonce = newest.nonce if newest else None
    photo.offered_at = newest.offered_at if newest else None
    photo.earlier_uploads = [[each.key, each.nonce, clock.to_text(each.offered_at)] for each in earlier] or None
