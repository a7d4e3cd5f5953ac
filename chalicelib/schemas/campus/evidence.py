"""Bodies of photos and signatures of a submission."""

from typing import Annotated

from pydantic import Field, StringConstraints

from chalicelib.schemas.profiles import UploadKey
from chalicelib.schemas.wire import Id, In, Moment, Out
from chalicelib.vocabulary.campus import PhotoSide

SubmissionId = Annotated[Id, Field(description="From the verification of the code.")]
_MediaType = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, min_length=1, max_length=100)]


class EvidencePhotoIn(In):
    """A photo: in a form the picture itself; in JSON its type, or the key of an upload that is complete."""

    submission_id: SubmissionId
    content_type: _MediaType | None = Field(
        default=None, description="Asks for an upload to the bucket: image/jpeg, image/png or image/webp."
    )
    uploaded: UploadKey | None = Field(
        default=None, description="The key of the upload, once it is complete. Without this the check finds it later."
    )
    photo: None = Field(default=None, description="Null in JSON: send the picture as a part of multipart/form-data.")


class PhotoUploadOut(Out):
    """A form for an upload: send its fields, then the file as the field `file`."""

    url: str
    fields: dict[str, str]
    key: str
    max_bytes: int
    expires_at: Moment


class EvidencePhotoOut(Out):
    """A photo that is stored, or how to upload it."""

    message: str
    submission_id: str
    side: PhotoSide
    stored: bool = Field(description="Whether the photo is stored. False while `upload` is still to be used.")
    uploaded_at: Moment | None
    upload: PhotoUploadOut | None


class SignatureIn(In):
    """A drawn signature."""

    submission_id: SubmissionId
    signature: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)] = Field(
        description="A PNG as a data URL in base64, or an SVG path: its data, or an SVG document of paths alone."
    )


class SignatureOut(Out):
    """A signature that is stored."""

    message: str
    submission_id: str
    captured_at: Moment
