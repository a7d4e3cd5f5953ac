"""Bugs of photos of attendance: whose nonce they carry, who copied whom, and what the privacy clock leaves behind."""

from tests.mutants.seeded.mutant import Mutant

_UPLOADS = "chalicelib/domain/campus/attendance/photo_uploads.py"
_CHECKS = "chalicelib/domain/campus/attendance/photo_checks.py"
_SENT = "tests/portals/campus/test_photos.py"
_CHECKED = "tests/domain/campus/test_photo_checks.py"
_KEPT = "tests/domain/campus/test_retention.py"

MUTANTS = (
    Mutant(
        name="photo-nonce-unchecked",
        bug="a photo that was offered for an earlier submission counts for the present one",
        file=_UPLOADS,
        before="        photo.nonce = of.nonce if of else draft.nonce\n",
        after="        photo.nonce = draft.nonce\n",
        tests=(_SENT,),
    ),
    Mutant(
        name="photo-replaced-after-submission",
        bug="a student replaces a photo after the record was submitted",
        file=_UPLOADS,
        before="        if present.submitted_at is not None and not is_missing(before, present.nonce):\n",
        after="        if present.submitted_at is not None and before is None:\n",
        tests=(_SENT,),
    ),
    Mutant(
        name="picture-index-skipped",
        bug="a photo that is encoded again is no copy any more",
        file=_CHECKS,
        before="        others += picture_index.near(photo, look.hashed, campus_id=campus_id)\n",
        after="",
        tests=(_CHECKED,),
    ),
    Mutant(
        name="first-photo-blamed",
        bug="who is checked last is taken for the copier, so an honest student is flagged",
        file=_CHECKS,
        before="    if mine.rank > other.rank:\n",
        after="    if mine.rank != other.rank:\n",
        tests=(_CHECKED,),
    ),
    Mutant(
        name="erasure-of-newest-version",
        bug="the privacy clock hides a file, and leaves its versions in the bucket",
        file="chalicelib/clients/files.py",
        before='Key=version["Key"], VersionId=version["VersionId"])\n    return len(versions)\n',
        after='Key=version["Key"])\n        break\n    return 0\n',
        tests=(_KEPT,),
    ),
    Mutant(
        name="traces-outlive-their-days",
        bug="who shared a device is still readable after the days of devices are over",
        file="chalicelib/domain/campus/privacy/evidence_erasing.py",
        before="keys.attendance.trace(record.event_id, kind.value, mac) for mac in sorted(macs)",
        after="keys.attendance.trace(record.event_id, kind.value, mac) for mac in ()",
        tests=(_KEPT,),
    ),
)
