"""Photos of a submission: sent in a form, or uploaded to the bucket by a form of the bucket's own.

A photo carries the nonce of the submission that it was uploaded for, so that one of an earlier submission does not
count. What is kept is decoded and encoded again, without metadata. Until the submission a second photo of one camera
replaces the first. Afterwards a photo is taken only where it was missing.

An offered upload is noted with its key. The first of two takes it from there: the client that says it is complete,
or the check of the photos (D-CAMPUS-50). A further offer leaves those before it open, since it may never be used.
"""

import copy
import hashlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from msgspec import Struct
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.clients import files
from chalicelib.domain import photos
from chalicelib.domain.campus.attendance import (
    attendance_ids,
    evidence_files,
    offered_uploads,
    open_submissions,
    photo_check_jobs,
)
from chalicelib.domain.campus.attendance.offered_uploads import NotedOffer
from chalicelib.errors import (
    InvalidState,
    NotFound,
    Refusal,
    TooLarge,
    Unavailable,
    UnsupportedMediaType,
    ValidationFailed,
)
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import AttendanceDraft, AttendancePhoto
from chalicelib.vocabulary.campus import PhotoSide

MAX_BYTES = 8 * 1024 * 1024
# An event of Lambda has at most 6 MB, in which the body is in base64 (AWS: "Lambda quotas").
MAX_FORM_BYTES = 4_400_000
# For reading a table or a face, and small enough for a PDF of 500 people.
_SIDE = 1280
# The check has 256 MB: a PNG with opacity takes eight bytes a pixel while it is scaled. Cameras of phones have 12.6.
_MOST_PLAIN = 13_000_000
_FORM_LIFETIME = timedelta(minutes=10)
_TAKEN = "JPEG, PNG or WebP"
_TYPES = ("image/jpeg", "image/png", "image/webp")
# Kinds of pictures that are not taken, by the bytes that they begin with; ISO/IEC 23008-12 for HEIC and AVIF.
_OTHER_PICTURES = (b"GIF8", b"BM", b"II*\x00", b"MM\x00*", b"\x00\x00\x00\x0cjP  ", b"\xff\x0a", b"8BPS")
_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis")
_FIELD = "photo"


class PhotoChange(Struct, frozen=True):
    """A photo before and after a change, and whether its record was submitted by then."""

    before: AttendancePhoto | None
    after: AttendancePhoto
    is_submitted: bool


class OfferedUpload(Struct, frozen=True):
    """The form that uploads a photo to the bucket; its field `key` names the upload."""

    url: str
    fields: dict[str, str]
    key: str
    expires_at: datetime


def receive(submission_id: str, side: PhotoSide, content: bytes, *, user_id: str) -> AttendancePhoto:
    """Keep a photo that came in a request. Raises NotFound, ValidationFailed, UnsupportedMediaType, TooLarge, and
    InvalidState where a submitted record has another one."""
    draft = open_submissions.get(submission_id, user_id=user_id)
    drawn = drawn_of(content)
    try:
        kept = _keep(draft, side, content, drawn)
    except InvalidState:
        photo = _kept(draft, side)
        if photo is None or photo.sha256 != _sha256(content):
            raise
        return photo  # the answer to the request that brought it may be lost
    _check_again(kept)
    return kept.after


def offer(submission_id: str, side: PhotoSide, *, content_type: str, user_id: str) -> OfferedUpload:
    """Return the form of an upload to the bucket, and note its key.

    Raises NotFound, ValidationFailed, UnsupportedMediaType, and InvalidState where a submitted record has a photo.
    """
    if content_type not in _TYPES:
        raise UnsupportedMediaType(f"The photo must be {_TAKEN}.")
    draft = open_submissions.get(submission_id, user_id=user_id)
    attendance_id = attendance_ids.attendance_of(submission_id)
    key = evidence_files.new_upload(draft.event_id, attendance_id, side)
    url, fields, expires_at = files.upload_form(
        key, content_type=content_type, limit=MAX_BYTES, lifetime=_FORM_LIFETIME
    )

    gone: list[NotedOffer] = []

    def note(photo: AttendancePhoto) -> None:
        offers = [NotedOffer(key, draft.nonce, clock.now()), *offered_uploads.of(photo)]
        offered_uploads.note(photo, offers[: offered_uploads.MOST])
        gone[:] = offers[offered_uploads.MOST :]

    _check_again(_change(draft, side, note))
    _delete(gone)
    return OfferedUpload(url, fields, key, expires_at)


def confirm(submission_id: str, side: PhotoSide, *, upload_key: str, user_id: str) -> AttendancePhoto:
    """Take the upload that was offered; idempotent. Raises as `receive` does."""
    draft = open_submissions.get(submission_id, user_id=user_id)
    try:
        taken = _confirmed(draft, side, upload_key)
    except (NotFound, InvalidState, ValidationFailed):
        photo = _kept(draft, side)
        if photo is None or photo.taken_upload != upload_key:
            raise
        return photo  # by an earlier request, whose answer may be lost, or by the check
    _check_again(taken)
    return taken.after


def _confirmed(draft: AttendanceDraft, side: PhotoSide, upload_key: str) -> PhotoChange:
    photo = operations.get(keys.attendance.photo(_record_of(draft), side))
    offers = [each for each in offered_uploads.of(photo) if each.key == upload_key] if photo is not None else []
    if photo is None or not offers:
        raise NotFound("There is no such upload for this submission.")
    taken = _take(photo, offers[0])
    if taken is None:
        raise ValidationFailed(details=[{"field": "uploaded", "message": "names no upload; upload the photo first"}])
    return taken


def _kept(draft: AttendanceDraft, side: PhotoSide) -> AttendancePhoto | None:
    """Return the photo that is kept of a side, if there is one."""
    photo = operations.get(keys.attendance.photo(_record_of(draft), side))
    return photo if photo is not None and photo.key is not None else None


def take(photo: AttendancePhoto) -> "PhotoChange | None":
    """Keep the newest photo that was uploaded as it was offered; None while all uploads are missing.

    Of several offers those of a former submission are left alone. Raises ValidationFailed or UnsupportedMediaType where
    it is no photo; then the upload and its offer are removed.
    """
    offers = offered_uploads.of(photo)
    for offer in offers:
        if offer.nonce == offers[0].nonce and (taken := _take(photo, offer)) is not None:
            return taken
    return None


def _take(photo: AttendancePhoto, offer: NotedOffer) -> "PhotoChange | None":
    """Keep the photo of one offer; None while its upload is missing. Raises as `take` does."""
    content = files.read(offer.key, limit=MAX_BYTES)
    if content is None:
        return None
    draft = operations.get(keys.attendance.draft(photo.attendance_id))
    if draft is None:
        return None
    try:
        drawn = drawn_of(content)
    except (ValidationFailed, UnsupportedMediaType):
        withdraw(photo, [offer])
        raise
    kept = _keep(draft, photo.side, content, drawn, of=offer)
    _delete([offer])
    return kept


def drawn_of(content: bytes) -> bytes:
    """Return a photo as it is kept. Raises ValidationFailed, UnsupportedMediaType, TooLarge."""
    if not content:
        raise ValidationFailed(details=[{"field": _FIELD, "message": "is empty"}])
    if len(content) > MAX_BYTES:
        raise TooLarge(f"The photo has {len(content)} bytes; {MAX_BYTES} are taken.")
    if content.startswith(_OTHER_PICTURES) or (content[4:8] == b"ftyp" and content[8:12] in _BRANDS):
        raise UnsupportedMediaType(f"The photo must be {_TAKEN}; this is another kind of picture, such as HEIC.")
    return photos.redrawn(content, field=_FIELD, side=_SIDE, most_plain=_MOST_PLAIN)


def is_missing(photo: AttendancePhoto | None, nonce: str) -> bool:
    """Whether a submission has no photo of its own."""
    return photo is None or photo.key is None or photo.nonce != nonce


def _keep(
    draft: AttendanceDraft, side: PhotoSide, content: bytes, drawn: bytes, *, of: NotedOffer | None = None
) -> PhotoChange:
    """Store a photo and make it the record's; then delete the one that it replaces, and older uploads."""
    key = evidence_files.new_photo(draft.event_id, _record_of(draft), side)
    # The bytes come first: an item never names a file that is missing. What a crash leaves is erased by its prefix.
    files.write(key, drawn, content_type="image/jpeg")
    uploaded_at = _uploaded_at(of)
    gone: list[NotedOffer] = []

    def keep(photo: AttendancePhoto) -> None:
        photo.key = key
        photo.sha256 = _sha256(content)
        photo.taken_upload = of.key if of else None
        photo.nonce = of.nonce if of else draft.nonce
        photo.uploaded_at = uploaded_at
        photo.picture_hash = photo.checked_at = photo.findings = photo.erased_at = None
        # What was offered later may still replace it.
        offers = offered_uploads.of(photo)
        later = offers[: [each.key for each in offers].index(of.key)] if of else []
        offered_uploads.note(photo, later)
        gone[:] = offers[len(later) :]

    try:
        kept = _change(draft, side, keep, of=of)
    except Unavailable:
        raise  # the write may have been done all the same, and its photo must not be without its file
    except Refusal:
        files.delete(key)
        raise
    if kept.before is not None and kept.before.key is not None:
        files.delete(kept.before.key)
    _delete(each for each in gone if of is None or each.key != of.key)
    return kept


def _check_again(changed: PhotoChange) -> None:
    """Have a photo checked that came after its record was submitted; else the submission starts the check."""
    if changed.is_submitted:
        photo_check_jobs.start(changed.after.attendance_id, user_id=changed.after.user_id)


def _uploaded_at(of: NotedOffer | None) -> datetime:
    """Return when a photo arrived: now, or when the bucket took an offered upload."""
    now = clock.now()
    if of is None:
        return now
    stored_at = files.written_at(of.key) or now
    return max(of.offered_at, min(stored_at, now))


def _change(
    draft: AttendanceDraft,
    side: PhotoSide,
    change: Callable[[AttendancePhoto], None],
    *,
    of: NotedOffer | None = None,
) -> PhotoChange:
    """Change the photo of a side in one transaction with a look at the submission.

    Raises InvalidState where the submitted record has a photo, and NotFound where the offer `of` is not open any more.
    """
    attendance_id = _record_of(draft)
    place, of_draft = keys.attendance.photo(attendance_id, side), keys.attendance.draft(attendance_id)
    for _ in retries.attempts():
        present, before = operations.get(of_draft), operations.get(place)
        if present is None:
            raise NotFound
        if of is not None and (before is None or of not in offered_uploads.of(before)):
            raise NotFound("This upload was taken, or replaced by another one.")
        if present.submitted_at is not None and not is_missing(before, present.nonce):
            raise InvalidState("This record has its photo already.")
        photo = copy.deepcopy(before) if before is not None else _fresh(draft, side)
        change(photo)
        as_read: Condition = AttendancePhoto.pk.does_not_exist()
        if before is not None:
            as_read = AttendancePhoto.revision == before.revision
            photo.revision = before.revision + 1
        try:
            operations.commit(
                operations.put(photo, as_read), operations.check(of_draft, open_submissions.is_same(present))
            )
        except operations.ConditionFailed:
            continue  # the photo or the submission changed after the read
        return PhotoChange(before, photo, is_submitted=present.submitted_at is not None)
    raise Unavailable(retry_after=1)


def _fresh(draft: AttendanceDraft, side: PhotoSide) -> AttendancePhoto:
    attendance_id = _record_of(draft)
    return AttendancePhoto(
        *keys.attendance.photo(attendance_id, side),
        gsi1=keys.attendance.evidence_of_event(draft.event_id, evidence_files.photo_entry(attendance_id, side)),
        gsi2=keys.attendance.evidence_of_person(draft.user_id, attendance_id),
        attendance_id=attendance_id,
        event_id=draft.event_id,
        user_id=draft.user_id,
        side=side,
        nonce=draft.nonce,
        uploaded_at=clock.now(),
    )


def withdraw(photo: AttendancePhoto, offers: Sequence[NotedOffer] | None = None) -> None:
    """Remove offered uploads that are not taken, all of them or some: what was uploaded, and their notes."""
    noted = offered_uploads.of(photo)
    gone = noted if offers is None else [each for each in noted if each in offers]
    if not gone:
        return
    _delete(gone)
    left = copy.deepcopy(photo)
    offered_uploads.note(left, [each for each in noted if each not in gone])
    actions: list[Action] = [AttendancePhoto.revision.add(1)]
    for name in ("upload_key", "upload_nonce", "offered_at", "earlier_uploads"):
        attribute, value = getattr(AttendancePhoto, name), getattr(left, name)
        actions.append(attribute.remove() if value is None else attribute.set(value))
    with suppress(operations.ConditionFailed):  # another upload was offered meanwhile
        as_read = (AttendancePhoto.upload_key == photo.upload_key) & (AttendancePhoto.revision == photo.revision)
        operations.record(operations.change(photo.place, actions, as_read))


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _delete(offers: Iterable[NotedOffer]) -> None:
    for offer in offers:
        files.delete(offer.key)


def _record_of(draft: AttendanceDraft) -> str:
    return attendance_ids.attendance_id(draft.event_id, draft.user_id)
