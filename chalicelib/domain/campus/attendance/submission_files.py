"""A front photo and a signature that come with the submission itself, kept as those that were uploaded before it."""

import base64
import binascii

from chalicelib.domain.campus.attendance import attendance_ids, photo_uploads, signatures
from chalicelib.errors import InvalidState, Refusal, ValidationFailed
from chalicelib.table.items import AttendanceDraft
from chalicelib.vocabulary.campus import PhotoSide

SELFIE = "selfie_image"


def sent(text: str | None) -> str | None:
    """Return a text that has content; clients send an empty field as one of these."""
    return None if text is None or text.strip() in ("", "null", "undefined") else text


def decoded(text: str | None) -> bytes | None:
    """Return the bytes of a photo that came as a data URL, or as base64. Raises ValidationFailed."""
    text = sent(text)
    if text is None:
        return None
    content = text.partition(",")[2] if text.startswith("data:") else text
    try:
        return base64.b64decode(content.strip(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _wrong("must be a photo as a data URL in base64") from error


def keep(draft: AttendanceDraft, *, selfie: bytes | None, signature: str | None) -> None:
    """Keep the photo and the signature of a submission that is about to be made.

    Raises ValidationFailed, UnsupportedMediaType and TooLarge for what is none of the two.
    """
    submission_id = attendance_ids.submission_id(draft.event_id, draft.user_id)
    try:
        if selfie is not None:
            photo_uploads.receive(submission_id, PhotoSide.FRONT, selfie, user_id=draft.user_id)
        if signature is not None:
            signatures.capture(submission_id, signature, user_id=draft.user_id)
    except InvalidState:
        return  # another request has just submitted, which the submission finds next
    except Refusal as refusal:
        # The door of photos names its own field.
        for problem in refusal.details or []:
            if problem["field"] == "photo":
                problem["field"] = SELFIE
        raise


def _wrong(problem: str) -> ValidationFailed:
    return ValidationFailed(details=[{"field": SELFIE, "message": problem}])
