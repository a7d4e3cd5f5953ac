"""Pictures of customers and organizers: uploaded by their browser to the bucket, or sent to us; looked at before they
are believed.

What is shown is never what came: it is decoded, turned upright, made small and encoded anew, so that nothing of the
file but its picture remains.
"""

import io
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.clients import files
from chalicelib.errors import ValidationFailed

MAX_BYTES = 5 * 1024 * 1024
# What a phone's camera makes and one more; decoded it has four bytes a pixel.
MAX_PIXELS = 30_000_000
_TOO_MANY = f"has more than {MAX_PIXELS // 10**6} million pixels"
_SIDE = 512
_FORMATS = ("JPEG", "PNG", "WEBP")
_QUALITY = 85
_UPLOAD_LIFETIME = timedelta(minutes=15)
_LINK_LIFETIME = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class PhotoUpload:
    """The form to post a photo with, and until when it is taken."""

    url: str
    fields: dict[str, str]
    expires_at: datetime


def offer(owner_id: str, *, content_type: str) -> PhotoUpload:
    """Return the form by which an owner uploads a photo; `fields["key"]` names it afterwards."""
    key = f"{_uploads(owner_id)}{secrets.token_hex(16)}"
    return PhotoUpload(*files.upload_form(key, content_type=content_type, limit=MAX_BYTES, lifetime=_UPLOAD_LIFETIME))


def link(photo_key: str) -> str:
    """Return the address of a photo, good for an hour."""
    return files.link(photo_key, lifetime=_LINK_LIFETIME)


def take(owner_id: str, upload_key: str, *, present: str | None, field: str = "photo_key") -> str:
    """Make an upload of the owner's into a photo and return its key; the same upload gives the same.

    `present` is the key of the photo that they have. Raises ValidationFailed, of `field`, where it is not theirs, or
    no photo.
    """
    name = upload_key.removeprefix(_uploads(owner_id))
    if name == upload_key or not name.isalnum():
        raise _wrong(field, "must be the key of an upload of yours")
    photo_key = _photo(owner_id, name)
    if photo_key == present:
        return photo_key  # taken already: the upload is gone
    content = files.read(upload_key, limit=MAX_BYTES)
    if content is None:
        raise _wrong(field, "names no upload; upload the photo first")
    try:
        drawn = _redrawn(content, field)
    except ValidationFailed:
        files.delete(upload_key)  # nobody has a use for it, and what it is nobody knows
        raise
    files.write(photo_key, drawn, content_type="image/jpeg")
    return photo_key


def keep(owner_id: str, content: bytes, *, field: str) -> str:
    """Make a file that came with the request into a photo and return its key, a new one each time.

    Raises ValidationFailed, of `field`, where it is too large or no photo.
    """
    if len(content) > MAX_BYTES:
        raise _wrong(field, f"has more than {MAX_BYTES} bytes")
    drawn = _redrawn(content, field)
    photo_key = _photo(owner_id, secrets.token_hex(16))
    files.write(photo_key, drawn, content_type="image/jpeg")
    return photo_key


def discard(key: str) -> None:
    """Remove an upload, or a photo that is shown no more."""
    files.delete(key)


def _uploads(owner_id: str) -> str:
    return f"uploads/{owner_id}/"


def _photo(owner_id: str, name: str) -> str:
    return f"photos/{owner_id}/{name}.jpg"


def _wrong(field: str, problem: str) -> ValidationFailed:
    return ValidationFailed(details=[{"field": field, "message": problem}])


def _redrawn(content: bytes, field: str) -> bytes:
    """Return the picture in a file as a small JPEG without anything else. Raises ValidationFailed."""
    # Imported here: only this needs it, and every function would pay for it at its cold start.
    from PIL import Image, ImageOps, UnidentifiedImageError

    bombs = (Image.DecompressionBombError, Image.DecompressionBombWarning)
    try:
        # Reads the header only.
        image: Image.Image = Image.open(io.BytesIO(content), formats=_FORMATS)
        if image.width * image.height > MAX_PIXELS:
            raise _wrong(field, _TOO_MANY)
        # A JPEG is decoded near the size that is wanted.
        image.draft("RGB", (2 * _SIDE, 2 * _SIDE))
        image = ImageOps.exif_transpose(image)
        image.thumbnail((_SIDE, _SIDE))
        # A picture of its own, which knows nothing of where and with what it was taken.
        plain = Image.new("RGB", image.size, "white")
        opaque = image.convert("RGBA")
        plain.paste(opaque, mask=opaque)
    except bombs as error:
        raise _wrong(field, _TOO_MANY) from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
        raise _wrong(field, "must be a JPEG, PNG or WebP picture") from error
    drawn = io.BytesIO()
    plain.save(drawn, "JPEG", quality=_QUALITY, optimize=True)
    return drawn.getvalue()
