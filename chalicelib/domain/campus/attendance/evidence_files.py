"""Where the photos and signatures of attendance are in the bucket.

A prefix holds one kind of evidence of one event, and below it of one person: an erasure deletes by prefix.
"""

import secrets

from chalicelib.table.places import joined
from chalicelib.vocabulary.campus import ErasedKind, PhotoSide

_UPLOADS = "uploads/campus/"
_KEPT = "campus/"


def new_upload(event_id: str, attendance_id: str, side: PhotoSide) -> str:
    """Return a fresh key for an upload; the bucket deletes what is left there after a day."""
    return f"{_UPLOADS}{event_id}/{attendance_id}/{side}-{secrets.token_hex(16)}"


def new_photo(event_id: str, attendance_id: str, side: PhotoSide) -> str:
    """Return a fresh key for a photo."""
    return f"{_folder(event_id, ErasedKind.PHOTOS, attendance_id)}{side}-{secrets.token_hex(16)}.jpg"


def new_signature(event_id: str, attendance_id: str) -> str:
    """Return a fresh key for a signature."""
    return f"{_folder(event_id, ErasedKind.SIGNATURE, attendance_id)}{secrets.token_hex(16)}.png"


def photo_entry(attendance_id: str, side: PhotoSide) -> str:
    """Return what lists a photo among the evidence of its event."""
    return joined(ErasedKind.PHOTOS, attendance_id, side)


def signature_entry(attendance_id: str) -> str:
    """Return what lists a signature among the evidence of its event."""
    return joined(ErasedKind.SIGNATURE, attendance_id)


def position_entry(attendance_id: str) -> str:
    """Return what lists kept coordinates among the evidence of their event."""
    return joined(ErasedKind.POSITION, attendance_id)


def entries(kind: ErasedKind) -> str:
    """Return the beginning of the entries of one kind of evidence of an event."""
    return joined(kind, "")


def prefixes(event_id: str, kind: ErasedKind, attendance_id: str = "") -> tuple[str, ...]:
    """Return the beginnings of the keys of one kind of evidence of an event; with a record, of that record's."""
    person = f"{attendance_id}/" if attendance_id else ""
    if kind is ErasedKind.PHOTOS:
        return _folder(event_id, kind, attendance_id), f"{_UPLOADS}{event_id}/{person}"
    if kind is ErasedKind.SIGNATURE:
        return (_folder(event_id, kind, attendance_id),)
    return ()


def _folder(event_id: str, kind: ErasedKind, attendance_id: str) -> str:
    person = f"{attendance_id}/" if attendance_id else ""
    return f"{_KEPT}{event_id}/{kind}/{person}"
