"""The index of pictures of a campus: the same bytes by their SHA-256, near pictures by the bands of their hash.

Two hashes that differ in at most 16 bits share one of their 17 bands. So a photo is written under each of its bands,
and compared with the newest photos of the same bands. A photo is written before it compares: of two at the same moment
at least one sees the other. Entries have the TTL of their event's photos, and are also erased by key.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from pynamodb.expressions.condition import Condition

from chalicelib import clock
from chalicelib.domain.campus.attendance.photo_findings import KnownPhoto, known
from chalicelib.domain.campus.evidence import picture_hash, thresholds
from chalicelib.errors import Unavailable
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import AttendancePhoto, PictureBand, PictureKeeper
from chalicelib.table.places import Place, joined

# Compared photos of one band, the newest first: bounds the reads of a check.
MOST_OF_A_BAND = 50


def keep_bytes(photo: AttendancePhoto, *, campus_id: str, until: datetime) -> KnownPhoto | None:
    """Make a photo the keeper of its bytes if it is the earliest; return the other photo with them, if there is one.

    Raises Unavailable.
    """
    mine = known(photo)
    place = keys.attendance.picture_keeper(campus_id, photo.sha256 or "")
    keeper = PictureKeeper(
        *place,
        event_id=photo.event_id,
        attendance_id=photo.attendance_id,
        side=photo.side,
        uploaded_at=photo.uploaded_at,
        ttl=int(until.timestamp()),
    )
    as_read: Condition = PictureKeeper.pk.does_not_exist()
    other: KnownPhoto | None = None
    for _ in retries.attempts():
        try:
            operations.record(operations.put(keeper, as_read))
        except operations.ConditionFailed as failure:
            found = failure.found(PictureKeeper)
            if found is None:
                as_read = PictureKeeper.pk.does_not_exist()
                continue
            there = KnownPhoto(found.attendance_id, found.side, found.uploaded_at)
            if there == mine:
                return other
            if not there.is_place_of(mine):
                other = there
                if there.rank < mine.rank:
                    return other
            # A later photo, or an earlier one that this one replaced.
            as_read = (PictureKeeper.attendance_id == found.attendance_id) & (
                PictureKeeper.uploaded_at == found.uploaded_at
            )
            continue
        return other
    raise Unavailable(retry_after=1)


def keep_hash(photo: AttendancePhoto, hashed: bytes, *, campus_id: str, until: datetime) -> None:
    """Write a photo under the bands of its hash; idempotent."""
    operations.put_many(
        PictureBand(
            *place,
            event_id=photo.event_id,
            attendance_id=photo.attendance_id,
            side=photo.side,
            picture_hash=hashed,
            uploaded_at=photo.uploaded_at,
            ttl=int(until.timestamp()),
        )
        for place in _bands(photo, hashed, campus_id)
    )


def near(photo: AttendancePhoto, hashed: bytes, *, campus_id: str) -> Iterator[tuple[KnownPhoto, int]]:
    """Yield other photos that are the same picture, also the record's other one, with the distance in bits."""
    seen: set[KnownPhoto] = set()
    for band in picture_hash.bands(hashed):
        place = keys.attendance.picture_band(campus_id, band)
        raws = operations.query(place.pk, newest_first=True, limit=MOST_OF_A_BAND, consistent=True)
        for raw in raws:
            entry = PictureBand.from_raw_data(raw)
            other = KnownPhoto(entry.attendance_id, entry.side, entry.uploaded_at)
            if other in seen or other.is_place_of(known(photo)):
                continue
            seen.add(other)
            bits = picture_hash.differing_bits(hashed, bytes(entry.picture_hash))
            if bits <= thresholds.SAME_PICTURE_BITS:
                yield other, bits


def forget(photo: AttendancePhoto, *, campus_id: str) -> None:
    """Erase all entries of a photo; idempotent."""
    if photo.picture_hash is not None:
        operations.remove_many(_bands(photo, bytes(photo.picture_hash), campus_id))
    if photo.sha256 is not None:
        is_mine = (PictureKeeper.attendance_id == photo.attendance_id) & (PictureKeeper.side == photo.side)
        place = keys.attendance.picture_keeper(campus_id, photo.sha256)
        try:
            operations.record(operations.remove(place, is_mine))
        except operations.ConditionFailed:
            return  # another photo keeps these bytes, or none does


def _bands(photo: AttendancePhoto, hashed: bytes, campus_id: str) -> Sequence[Place[PictureBand]]:
    entry = joined(clock.to_text(photo.uploaded_at), photo.attendance_id, photo.side)
    return [keys.attendance.picture_band(campus_id, band, entry) for band in picture_hash.bands(hashed)]
