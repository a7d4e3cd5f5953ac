"""Photos of customers: uploaded by their browser straight to the bucket, looked at before they are believed.

What is shown is never what was uploaded: it is decoded, turned upright, made small and encoded anew, so that
nothing of the file but its picture remains.
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
_SIDE = 512
_FORMATS = ("JPEG", "PNG", "WEBP")
_QUALITY = 85
_UPLOAD_LIFETIME = timedelta(minutes=15)
_LINK_LIFETIME = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Upload:
    """The form to post a photo with, and until when it is taken."""

    url: str
    fields: dict[str, str]
    expires_at: datetime


def offer(customer_id: str, *, content_type: str) -> Upload:
    """Return the form by which a customer uploads a photo; `fields["key"]` names it afterwards."""
    key = f"{_uploads(customer_id)}{secrets.token_hex(16)}"
    return Upload(*files.upload_form(key, content_type=content_type, limit=MAX_BYTES, lifetime=_UPLOAD_LIFETIME))


def link(photo_key: str) -> str:
    """Return the address of a photo, good for an hour."""
    return files.link(photo_key, lifetime=_LINK_LIFETIME)


def take(customer_id: str, upload_key: str, *, present: str | None) -> str:
    """Make an upload of the customer's into a photo and return its key; the same upload gives the same.

    `present` is the key of the photo that they have. Raises ValidationFailed where it is not theirs, or no photo.
    """
    name = upload_key.removeprefix(_uploads(customer_id))
    if name == upload_key or not name.isalnum():
        raise _wrong("must be the key of an upload of yours")
    photo_key = f"photos/{customer_id}/{name}.jpg"
    if photo_key == present:
        return photo_key  # taken already: the upload is gone
    content = files.read(upload_key, limit=MAX_BYTES)
    if content is None:
        raise _wrong("names no upload; upload the photo first")
    files.write(photo_key, _redrawn(content), content_type="image/jpeg")
    return photo_key


def discard(key: str) -> None:
    """Remove an upload, or a photo that is shown no more."""
    files.delete(key)


def _uploads(customer_id: str) -> str:
    return f"uploads/{customer_id}/"


def _wrong(problem: str) -> ValidationFailed:
    return ValidationFailed(details=[{"field": "photo_key", "message": problem}])


def _redrawn(content: bytes) -> bytes:
    """Return the picture in a file as a small JPEG without anything else. Raises ValidationFailed."""
    # Imported here: only this needs it, and every function would pay for it at its cold start.
    from PIL import Image, ImageOps, UnidentifiedImageError

    bombs = (Image.DecompressionBombError, Image.DecompressionBombWarning)
    try:
        # Reads the header only.
        image: Image.Image = Image.open(io.BytesIO(content), formats=_FORMATS)
        if image.width * image.height > MAX_PIXELS:
            raise _wrong(f"has more than {MAX_PIXELS // 10**6} million pixels")
        # A JPEG is decoded near the size that is wanted.
        image.draft("RGB", (2 * _SIDE, 2 * _SIDE))
        image = ImageOps.exif_transpose(image)
        image.thumbnail((_SIDE, _SIDE))
        # A picture of its own, which knows nothing of where and with what it was taken.
        plain = Image.new("RGB", image.size, "white")
        opaque = image.convert("RGBA")
        plain.paste(opaque, mask=opaque)
    except (UnidentifiedImageError, *bombs, OSError, SyntaxError, ValueError, EOFError) as error:
        raise _wrong("must be a JPEG, PNG or WebP picture") from error
    drawn = io.BytesIO()
    plain.save(drawn, "JPEG", quality=_QUALITY, optimize=True)
    return drawn.getvalue()
