"""The check of the photos of a record, in the background: a job for each record with photos.

It takes uploads that nobody has said to be complete, looks for the same bytes and the same picture in the campus,
reads the codes that a photo shows, and has the record judged again. It waits for photos that are still missing until
ten minutes after the submission.

Every step may be repeated, also at the same moment. A photo is marked as checked after all that the check has found is
written, so a step that was interrupted is done again as a whole.
"""

from collections.abc import Sequence
from datetime import timedelta

from msgspec import Struct
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.clients import files
from chalicelib.domain.campus.attendance import (
    photo_check_jobs,
    photo_findings,
    photo_uploads,
    picture_index,
    resubmission,
    retention_days,
)
from chalicelib.domain.campus.attendance.photo_findings import Findings, KnownPhoto
from chalicelib.domain.campus.events import campus_events, rotating_codes
from chalicelib.domain.campus.evidence import picture_hash, screenshots
from chalicelib.errors import InvalidState, NotFound, UnsupportedMediaType, ValidationFailed
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import AttendancePhoto, AttendanceRecord, CampusEvent
from chalicelib.vocabulary.campus import ErasedKind, PhotoSide
from chalicelib.vocabulary.work import JobStatus

# While an upload is on its way.
_PAUSE = timedelta(seconds=30)
# Levels of grey between the darkest and the lightest part of a picture; below this there is nothing to compare.
_LEAST_CONTRAST = 24


def run_step(job_id: str) -> bool | timedelta:
    """Check what has arrived of a record's photos; return after which pause to look again, if at all."""
    job = operations.get(keys.attendance.photo_check(job_id))
    if job is None or job.status != JobStatus.OPEN:
        return False
    record = operations.get(keys.attendance.record(job.attendance_id))
    event = campus_events.find(record.event_id) if record is not None else None
    if record is None or event is None or record.erased_at is not None:
        photo_check_jobs.complete(job)
        return False
    photos = [_taken(photo, record) for photo in _photos(record)]
    fresh = [photo for photo in photos if _is_to_check(photo, record)]
    for photo in fresh:
        check(photo, event)
    waits = _waits(event, record, photos)
    if fresh or waits is None:
        resubmission.rejudge(record.attendance_id)
    if waits is None:
        photo_check_jobs.complete(job)
        return False
    photo_check_jobs.put_off(job, until=photo_check_jobs.deadline(record))
    return waits


def check(photo: AttendancePhoto, event: CampusEvent) -> None:
    """Check one photo and write what was found to it, and to the photos that it is compared with."""
    content = files.read(photo.key or "", limit=photo_uploads.MAX_BYTES)
    if content is None:
        return  # replaced meanwhile
    look = _look(content)
    until = retention_days.ends_at(event, ErasedKind.PHOTOS)
    mine, campus_id = photo_findings.known(photo), event.campus_id
    others: list[tuple[KnownPhoto, int | None]] = []
    same = picture_index.keep_bytes(photo, campus_id=campus_id, until=until)
    if same is not None:
        others.append((same, None))
    if look.hashed is not None:
        picture_index.keep_hash(photo, look.hashed, campus_id=campus_id, until=until)
        others += picture_index.near(photo, look.hashed, campus_id=campus_id)
    for other, bits in others:
        _note(mine, other, bits=bits)

    def add(findings: Findings) -> None:
        findings.update(_shown(look, photo, event), is_screenshot=look.is_screenshot)

    def mark() -> list[Action]:
        return [
            AttendancePhoto.checked_at.set(clock.now()),
            AttendancePhoto.indexed_in.set(campus_id),
            AttendancePhoto.picture_hash.set(look.hashed) if look.hashed else AttendancePhoto.picture_hash.remove(),
        ]

    photo_findings.update(mine, add, mark)
    logger.info("photo checked", extra={"attendance_id": photo.attendance_id, "side": str(photo.side)})


def _note(mine: KnownPhoto, other: KnownPhoto, *, bits: int | None) -> None:
    """Write to both photos that they are the same; where the other one came later, its record is judged again."""
    if mine.rank > other.rank:
        photo_findings.note_copy(mine, other, bits=bits)
    elif photo_findings.note_copy(other, mine, bits=bits):
        resubmission.rejudge(other.attendance_id)


class PhotoLook(Struct, frozen=True):
    """What is seen in one photo. `hashed` is None where it is all of one shade."""

    hashed: bytes | None
    is_screenshot: bool
    codes: tuple[str, ...]


def _look(content: bytes) -> PhotoLook:
    picture = picture_hash.opened(content)
    low, high = picture.reduce(max(1, min(picture.size) // 32)).getextrema()
    has_content = isinstance(low, int) and isinstance(high, int) and high - low >= _LEAST_CONTRAST
    return PhotoLook(
        hashed=picture_hash.picture_hash(picture) if has_content else None,
        is_screenshot=screenshots.is_screenshot(picture),
        codes=_codes(content),
    )


def _codes(content: bytes) -> tuple[str, ...]:
    """Return the texts of the QR codes in a picture."""
    # Imported here: they are heavy, and only workers need them.
    import io

    import zxingcpp
    from PIL import Image

    picture: Image.Image = Image.open(io.BytesIO(content), formats=("JPEG",)).convert("L")
    qr_codes = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    return tuple(code.text for code in zxingcpp.read_barcodes(picture, formats=qr_codes))


def _shown(look: PhotoLook, photo: AttendancePhoto, event: CampusEvent) -> Findings:
    """Return what the codes in a picture say of it; texts that are no codes of ours say nothing."""
    claims = [claims for claims in map(rotating_codes.read, look.codes) if claims is not None]
    ages = [
        max(0.0, (photo.uploaded_at - each.born_at).total_seconds())
        for each in claims
        if each.event_id == event.event_id
    ]
    found: Findings = {"shows_other_code": any(each.event_id != event.event_id for each in claims)}
    if ages:
        found["shown_code_age"] = min(ages)
    return found


def _photos(record: AttendanceRecord) -> list[AttendancePhoto]:
    places = [keys.attendance.photo(record.attendance_id, side) for side in PhotoSide]
    return [*operations.get_many(places).values()]


def _taken(photo: AttendancePhoto, record: AttendanceRecord) -> AttendancePhoto:
    """Return a photo with its offered upload taken, if it has arrived and the record still lacks it."""
    if photo.upload_key is None or photo.erased_at is not None:
        return photo
    if not photo_uploads.is_missing(photo, record.nonce or ""):
        photo_uploads.withdraw(photo)
        return operations.get(photo.place) or photo
    try:
        taken = photo_uploads.take(photo)
    except (ValidationFailed, UnsupportedMediaType):
        logger.info("upload is no photo", extra={"attendance_id": photo.attendance_id})
        return operations.get(photo.place) or photo
    except (NotFound, InvalidState):
        return operations.get(photo.place) or photo  # the client has confirmed it meanwhile
    return taken.after if taken is not None else photo


def _is_to_check(photo: AttendancePhoto, record: AttendanceRecord) -> bool:
    is_bound = not photo_uploads.is_missing(photo, record.nonce or "")
    return is_bound and photo.checked_at is None and photo.erased_at is None


def _waits(event: CampusEvent, record: AttendanceRecord, photos: Sequence[AttendancePhoto]) -> bool | timedelta | None:
    """Return after which pause to look again, False to wait for an upload or the deadline, None if all is done."""
    if clock.now() >= photo_check_jobs.deadline(record):
        for photo in photos:
            photo_uploads.withdraw(photo)
        return None
    missing = len(PhotoSide) - sum(not photo_uploads.is_missing(photo, record.nonce or "") for photo in photos)
    if any(photo.upload_key is not None for photo in photos):
        return _PAUSE
    return False if event.require_photos and missing else None
