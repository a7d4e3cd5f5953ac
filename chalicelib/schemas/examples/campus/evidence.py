"""The examples of campus: photos and signature."""

from chalicelib.schemas.examples.shared import ULID, Example

_SUBMISSION = f"sub_{ULID}"
_AT = "2026-11-20T08:32:10.000Z"


def _offered(side: str) -> Example:
    return Example(
        {"submission_id": _SUBMISSION, "content_type": "image/jpeg"},
        {
            "message": "Upload the photo to the url",
            "submission_id": _SUBMISSION,
            "side": side,
            "stored": False,
            "uploaded_at": None,
            "upload": {
                "url": "https://gatehouse-files.s3.amazonaws.com/",
                "fields": {"key": f"uploads/campus/cev_{ULID}/att_{ULID}/{side}-5f0c1f3e7a544a0e", "policy": "eyJ…"},
                "key": f"uploads/campus/cev_{ULID}/att_{ULID}/{side}-5f0c1f3e7a544a0e",
                "max_bytes": 8388608,
                "expires_at": "2026-11-20T08:42:10.000Z",
            },
        },
    )


OPERATIONS: dict[str, Example] = {
    "campus_upload_front_photo": _offered("front"),
    "campus_upload_back_photo": _offered("back"),
    "campus_capture_signature": Example(
        {"submission_id": _SUBMISSION, "signature": "M10 40C20 10 30 10 40 40S60 70 80 20L120 35"},
        {"message": "Signature captured successfully", "submission_id": _SUBMISSION, "captured_at": _AT},
    ),
}
