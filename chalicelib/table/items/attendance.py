"""Items of attendance: a submission in progress, the record, its versions, and the evidence.

The items of one student at one event share a partition, named by the id that the two of them always give.
"""

from pynamodb.attributes import (
    BinaryAttribute,
    BooleanAttribute,
    JSONAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
)

from chalicelib.table.items.attributes import EnumAttribute, IntegerAttribute, MomentAttribute
from chalicelib.table.items.item import Item
from chalicelib.table.items.jobs import Job
from chalicelib.vocabulary.campus import (
    AppealStatus,
    AttendanceMethod,
    AttendanceStatus,
    ErasedKind,
    PhotoSide,
    VerificationStatus,
)


class AttendanceDraft(Item, discriminator="attendance_draft"):
    """A submission from its verified code on; a fresh verification replaces it, with a fresh nonce.

    `born_at` is the second in which the code was made, which the signed token carries. `device_mac` and `position_mac`
    are keyed hashes. `distance_m` and `accuracy_m` are metres, of the last checked position. `address_hint`, `agent`
    and `read_at_m` are of the reading, for its log.
    """

    user_id = UnicodeAttribute()
    event_id = UnicodeAttribute()
    nonce = UnicodeAttribute()
    method = EnumAttribute(AttendanceMethod)
    verified_at = MomentAttribute()
    born_at = MomentAttribute()
    expires_at = MomentAttribute()
    device_mac = UnicodeAttribute(null=True)
    distance_m = NumberAttribute(null=True)
    accuracy_m = NumberAttribute(null=True)
    position_mac = UnicodeAttribute(null=True)
    address_hint = UnicodeAttribute(null=True)
    agent = UnicodeAttribute(null=True)
    read_at_m = NumberAttribute(null=True)
    submitted_at = MomentAttribute(null=True)


class AttendanceRecord(Item, discriminator="attendance"):
    """Whether one person was at one event: the newest version; `version` counts from 1.

    `factors` is {factor: [passed, detail?]}, `flags` is {flag: evidence}; their messages are made when shown.
    `corrected` is true once staff changed the status. Earlier versions are items of their own and never change.
    `appeal` is the newest appeal: {"statement", "at", "status", "answer"?, "answered_at"?, "answered_by"?}.
    """

    attendance_id = UnicodeAttribute()
    event_id = UnicodeAttribute()
    user_id = UnicodeAttribute()
    campus_id = UnicodeAttribute()
    organizer_id = UnicodeAttribute()
    department = UnicodeAttribute()
    year_level = UnicodeAttribute(null=True)
    status = EnumAttribute(AttendanceStatus)
    verification_status = EnumAttribute(VerificationStatus)
    method = EnumAttribute(AttendanceMethod)
    submitted_at = MomentAttribute()
    # From the verified code to the submission; absent for records by hand.
    seconds = NumberAttribute(null=True)
    location_verified = BooleanAttribute(null=True)
    distance_m = NumberAttribute(null=True)
    factors: JSONAttribute = JSONAttribute(default=dict)
    flags: JSONAttribute = JSONAttribute(default=dict)
    device_mac = UnicodeAttribute(null=True)
    # The rest of the evidence that the judgement is made of again, when photos were checked or others came along.
    nonce = UnicodeAttribute(null=True)
    code_age = NumberAttribute(null=True)
    accuracy_m = NumberAttribute(null=True)
    position_mac = UnicodeAttribute(null=True)
    is_mock = BooleanAttribute(null=True)
    # Of a request with an Idempotency-Key, so that its retry gets the first answer again.
    operation_id = UnicodeAttribute(null=True)
    # Who decided last, when, and what they wrote; `marked_by` made a record by hand.
    verified_by = UnicodeAttribute(null=True)
    verified_at = MomentAttribute(null=True)
    note = UnicodeAttribute(null=True)
    marked_by = UnicodeAttribute(null=True)
    appeal: JSONAttribute = JSONAttribute(null=True)
    appeal_status = EnumAttribute(AppealStatus, null=True)
    corrected = BooleanAttribute(default=False)
    # Set once by erasure of the person: the record stays for the counts, without name.
    erased_at = MomentAttribute(null=True)
    version = IntegerAttribute(default=1)


class AttendanceVersion(Item, discriminator="attendance_version"):
    """A version of a record as it was before a decision, and who replaced it, when and why; only ever added."""

    attendance_id = UnicodeAttribute()
    version = IntegerAttribute()
    content: JSONAttribute = JSONAttribute()
    replaced_at = MomentAttribute()
    replaced_by = UnicodeAttribute()
    reason = UnicodeAttribute(null=True)


class AttendanceAppeal(Item, discriminator="attendance_appeal"):
    """A person's statement against a record, or against having none; its answer. Statements are never removed.

    `number` counts the appeals of one person at one event from 1; only the newest may be open.
    """

    appeal_id = UnicodeAttribute()
    attendance_id = UnicodeAttribute()
    number = IntegerAttribute()
    event_id = UnicodeAttribute()
    user_id = UnicodeAttribute()
    campus_id = UnicodeAttribute()
    organizer_id = UnicodeAttribute()
    statement = UnicodeAttribute()
    filed_at = MomentAttribute()
    status = EnumAttribute(AppealStatus)
    answer = UnicodeAttribute(null=True)
    answered_by = UnicodeAttribute(null=True)
    answered_at = MomentAttribute(null=True)


class AttendancePosition(Item, discriminator="attendance_position"):
    """The coordinates of a submission, only where the event keeps them for some days; erased by key."""

    latitude = NumberAttribute()
    longitude = NumberAttribute()
    accuracy_m = NumberAttribute(null=True)
    taken_at = MomentAttribute()


class LastPlace(Item, discriminator="last_place"):
    """The place of the event of a person's last verified record: where the event was, not where the person was."""

    event_id = UnicodeAttribute()
    latitude = NumberAttribute()
    longitude = NumberAttribute()
    submitted_at = MomentAttribute()


class EvidenceTrace(Item, discriminator="evidence_trace"):
    """Who used one device, or was at exactly one position, at an event: `users` has the first few, by id.

    `last_at` is when the last of them submitted.
    """

    event_id = UnicodeAttribute()
    users = UnicodeSetAttribute()
    last_at = MomentAttribute(null=True)


class QrScan(Item, discriminator="qr_scan"):
    """One reading of a code, good or bad. Addresses are stored as hints, never whole; `reason` is absent if good."""

    user_id = UnicodeAttribute()
    event_id = UnicodeAttribute(null=True)
    at = MomentAttribute()
    reason = UnicodeAttribute(null=True)
    age_seconds = NumberAttribute(null=True)
    address_hint = UnicodeAttribute(null=True)
    agent = UnicodeAttribute(null=True)
    distance_m = NumberAttribute(null=True)


class AttendancePhoto(Item, discriminator="attendance_photo"):
    """A photo of a submission. `nonce` is the submission's at the upload; `checked_at` is set by the check.

    `sha256` is of the bytes that were uploaded, `picture_hash` the 256-bit perceptual hash of the picture (32 bytes).
    `upload_key` is where an upload was offered that is not taken yet, for the submission with `upload_nonce`;
    `earlier_uploads` are those that were offered before it (domain/campus/attendance/offered_uploads.py), and
    `taken_upload` is the one that the photo came by.
    `indexed_in` is the campus in whose index of pictures the check has put it; the event may move to another one.
    `findings` are those of the check (domain/campus/attendance/photo_findings.py). `revision` counts the changes.
    """

    attendance_id = UnicodeAttribute()
    event_id = UnicodeAttribute()
    user_id = UnicodeAttribute()
    side = EnumAttribute(PhotoSide)
    nonce = UnicodeAttribute()
    key = UnicodeAttribute(null=True)
    sha256 = UnicodeAttribute(null=True)
    picture_hash = BinaryAttribute(legacy_encoding=False, null=True)
    uploaded_at = MomentAttribute()
    upload_key = UnicodeAttribute(null=True)
    upload_nonce = UnicodeAttribute(null=True)
    offered_at = MomentAttribute(null=True)
    earlier_uploads: JSONAttribute = JSONAttribute(null=True)
    taken_upload = UnicodeAttribute(null=True)
    checked_at = MomentAttribute(null=True)
    indexed_in = UnicodeAttribute(null=True)
    findings: JSONAttribute = JSONAttribute(null=True)
    erased_at = MomentAttribute(null=True)
    revision = IntegerAttribute(default=1)


class AttendanceSignature(Item, discriminator="attendance_signature"):
    """The drawn signature of a submission, as a file in the bucket."""

    attendance_id = UnicodeAttribute()
    event_id = UnicodeAttribute()
    user_id = UnicodeAttribute()
    nonce = UnicodeAttribute()
    key = UnicodeAttribute(null=True)
    captured_at = MomentAttribute()
    erased_at = MomentAttribute(null=True)


class PictureKeeper(Item, discriminator="picture_keeper"):
    """The first photo that had exactly these bytes, in one campus."""

    event_id = UnicodeAttribute()
    attendance_id = UnicodeAttribute()
    side = EnumAttribute(PhotoSide)
    uploaded_at = MomentAttribute()


class PictureBand(Item, discriminator="picture_band"):
    """A photo under one of the bands of its perceptual hash: pictures that are near share at least one band."""

    event_id = UnicodeAttribute()
    attendance_id = UnicodeAttribute()
    side = EnumAttribute(PhotoSide)
    picture_hash = BinaryAttribute(legacy_encoding=False)
    uploaded_at = MomentAttribute()


class PhotoCheck(Job, discriminator="photo_check"):
    """The job that checks the photos of one record, and judges the record again with what it found."""

    attendance_id = UnicodeAttribute()


class EvidenceErasure(Job, discriminator="evidence_erasure"):
    """The job that erases one kind of evidence of an event; it is due once the evidence's days are over.

    `position` is where the walk over the event's records goes on. `erased` counts what was erased.
    """

    event_id = UnicodeAttribute()
    erases = EnumAttribute(ErasedKind)
    due_on = MomentAttribute()
    position = UnicodeAttribute(null=True)
    erased = IntegerAttribute(default=0)
