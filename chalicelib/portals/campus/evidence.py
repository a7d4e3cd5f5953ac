"""Campus: photos and signature of a submission."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.campus.attendance import photo_uploads, signatures
from chalicelib.portals.http.auth import CAMPUS
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, FormBody, Route
from chalicelib.schemas.campus import evidence as schema
from chalicelib.vocabulary.campus import PhotoSide

bp = Blueprint(__name__)
_BASE = "/api/campus/attendance"
_REFUSES = (errors.NotFound, errors.UnsupportedMediaType, errors.InvalidState, errors.Unavailable)
_FORM = FormBody(
    photo_uploads.MAX_FORM_BYTES,
    files=("photo",),
    beyond="Upload a larger photo to the bucket: send JSON with submission_id and content_type.",
)
# In base64 and with its name; two of the least that is refused do not fit.
_SIGNATURE_BYTES = 1_000_000


def _photo(call: Call[schema.EvidencePhotoIn, None], side: PhotoSide) -> schema.EvidencePhotoOut:
    body, user_id = call.body, call.principal.id
    content = call.files.get("photo")
    if content is None and body.content_type is not None and body.uploaded is None:
        offered = photo_uploads.offer(body.submission_id, side, content_type=body.content_type, user_id=user_id)
        upload = schema.PhotoUploadOut(
            url=offered.url,
            fields=offered.fields,
            key=offered.key,
            max_bytes=photo_uploads.MAX_BYTES,
            expires_at=offered.expires_at,
        )
        return _shown(body.submission_id, side, message="Upload the photo to the url", upload=upload)
    if content is None and body.uploaded is None:
        raise errors.ValidationFailed(details=[{"field": "photo", "message": "is missing; or send content_type"}])
    if content is not None:
        taken = photo_uploads.receive(body.submission_id, side, content, user_id=user_id)
    else:
        taken = photo_uploads.confirm(body.submission_id, side, upload_key=body.uploaded or "", user_id=user_id)
    out = _shown(body.submission_id, side, message="Photo uploaded successfully", upload=None)
    return out.model_copy(update={"stored": True, "uploaded_at": taken.uploaded_at})


def _shown(
    submission_id: str, side: PhotoSide, *, message: str, upload: schema.PhotoUploadOut | None
) -> schema.EvidencePhotoOut:
    return schema.EvidencePhotoOut(
        message=message, submission_id=submission_id, side=side, stored=False, uploaded_at=None, upload=upload
    )


@door(
    bp,
    Route(
        "POST",
        f"{_BASE}/upload-front-photo",
        guard=CAMPUS,
        body=schema.EvidencePhotoIn,
        reply=schema.EvidencePhotoOut,
        form=_FORM,
        refuses=_REFUSES,
    ),
)
def campus_upload_front_photo(call: Call[schema.EvidencePhotoIn, None]) -> schema.EvidencePhotoOut:
    """Store the photo of the front camera, or offer an upload of it."""
    return _photo(call, PhotoSide.FRONT)


@door(
    bp,
    Route(
        "POST",
        f"{_BASE}/upload-back-photo",
        guard=CAMPUS,
        body=schema.EvidencePhotoIn,
        reply=schema.EvidencePhotoOut,
        form=_FORM,
        refuses=_REFUSES,
    ),
)
def campus_upload_back_photo(call: Call[schema.EvidencePhotoIn, None]) -> schema.EvidencePhotoOut:
    """Store the photo of the back camera, or offer an upload of it."""
    return _photo(call, PhotoSide.BACK)


@door(
    bp,
    Route(
        "POST",
        f"{_BASE}/capture-signature",
        guard=CAMPUS,
        body=schema.SignatureIn,
        reply=schema.SignatureOut,
        limit=_SIGNATURE_BYTES,
        refuses=(errors.NotFound, errors.InvalidState, errors.Unavailable),
    ),
)
def campus_capture_signature(call: Call[schema.SignatureIn, None]) -> schema.SignatureOut:
    """Store the drawn signature of a submission."""
    body = call.body
    kept = signatures.capture(body.submission_id, body.signature, user_id=call.principal.id)
    return schema.SignatureOut(
        message="Signature captured successfully", submission_id=body.submission_id, captured_at=kept.captured_at
    )
