"""Photos of customers and organizers: uploaded to the bucket by form, or sent in a request.

Uploads are decoded, rotated upright, scaled down and re-encoded. The original bytes, including metadata, are never
served.
"""

import io
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from chalicelib.clients import files
from chalicelib.errors import ValidationFailed

if TYPE_CHECKING:
    from PIL import Image

MAX_BYTES = 5 * 1024 * 1024
# Covers photos of phone cameras, and bounds memory: a decoded image has four bytes a pixel.
MAX_PIXELS = 30_000_000
_TOO_MANY = f"has more than {MAX_PIXELS // 10**6} million pixels"
_SIDE = 512
_FORMATS = ("JPEG", "PNG", "WEBP")
# Decoded near the target size; MPO is a JPEG with several pictures, as some phones write it.
_SCALED = ("JPEG", "MPO")
_QUALITY = 85
_UPLOAD_LIFETIME = timedelta(minutes=15)
_LINK_LIFETIME = timedelta(hours=1)


class PhotoUpload(Struct, frozen=True):
    """The form for the upload of a photo, the key that identifies the upload afterwards, and the form's expiry."""

    url: str
    fields: dict[str, str]
    expires_at: datetime
    key: str


def offer(owner_id: str, *, content_type: str) -> PhotoUpload:
    """Return the form for an owner's upload."""
    key = f"{_uploads(owner_id)}{secrets.token_hex(16)}"
    form = files.upload_form(key, content_type=content_type, limit=MAX_BYTES, lifetime=_UPLOAD_LIFETIME)
    return PhotoUpload(*form, key=key)


def link(photo_key: str) -> str:
    """Return the URL of a photo, valid for an hour."""
    return files.link(photo_key, lifetime=_LINK_LIFETIME)


def take(owner_id: str, upload_key: str, *, present: str | None, field: str = "photo_key") -> str:
    """Convert an owner's upload to a photo and return its key. Idempotent per upload.

    `present` is the key of the owner's current photo. Raises ValidationFailed, naming `field`, if the upload is not
    the owner's or not a photo.
    """
    name = upload_key.removeprefix(_uploads(owner_id))
    if name == upload_key or not name.isalnum():
        raise _wrong(field, "must be the key of an upload of yours")
    photo_key = _photo(owner_id, name)
    if photo_key == present:
        return photo_key  # converted already, and the upload deleted
    content = files.read(upload_key, limit=MAX_BYTES)
    if content is None and files.read(photo_key, limit=MAX_BYTES) is not None:
        return photo_key  # converted by the same request, which came twice at once
    if content is None:
        raise _wrong(field, "names no upload; upload the photo first")
    try:
        drawn = redrawn(content, field=field)
    except ValidationFailed:
        files.delete(upload_key)  # unknown content is not kept
        raise
    files.write(photo_key, drawn, content_type="image/jpeg")
    return photo_key


def keep(owner_id: str, content: bytes, *, field: str) -> str:
    """Convert the content of a request to a photo and return its key, a new one each time.

    Raises ValidationFailed, naming `field`, if it is too large or not a photo.
    """
    if len(content) > MAX_BYTES:
        raise _wrong(field, f"has more than {MAX_BYTES} bytes")
    drawn = redrawn(content, field=field)
    photo_key = _photo(owner_id, secrets.token_hex(16))
    files.write(photo_key, drawn, content_type="image/jpeg")
    return photo_key


def discard(key: str) -> None:
    """Delete an upload or a photo that is no longer used."""
    files.delete(key)


def folders(owner_id: str) -> tuple[str, str]:
    """Return the beginnings of the keys of an owner's uploads and photos."""
    return _uploads(owner_id), f"photos/{owner_id}/"


def _uploads(owner_id: str) -> str:
    return f"uploads/{owner_id}/"


def _photo(owner_id: str, name: str) -> str:
    return f"photos/{owner_id}/{name}.jpg"


def _wrong(field: str, problem: str) -> ValidationFailed:
    return ValidationFailed(details=[{"field": field, "message": problem}])


def redrawn(content: bytes, *, field: str, side: int = _SIDE, most_plain: int = MAX_PIXELS) -> bytes:
    """Return an image as a JPEG of at most `side` pixels a side, upright and without metadata.

    Of an animation the first picture is taken. `most_plain` bounds the pixels of PNG and WebP, which are decoded at
    full size. Raises ValidationFailed, naming `field`.
    """
    # Imported here: only this function needs it, and a module-level import slows every cold start.
    from PIL import Image, UnidentifiedImageError

    bombs = (Image.DecompressionBombError, Image.DecompressionBombWarning)
    try:
        # Reads the header only.
        image: Image.Image = Image.open(io.BytesIO(content), formats=_FORMATS)
        most = MAX_PIXELS if image.format in _SCALED else most_plain
        if image.width * image.height > most:
            raise _wrong(field, f"has more than {most // 10**6} million pixels")
        # Decodes a JPEG near the target size, to save memory and time.
        image.draft("RGB", (2 * side, 2 * side))
        image = _of_eight_bits(image)
        # Before it is turned, so that only the small picture is copied.
        image.thumbnail((side, side))
        image = _upright(image)
        # A new image, so that no metadata (location, camera) is copied.
        plain = Image.new("RGB", image.size, "white")
        opaque = image.convert("RGBA")
        plain.paste(opaque, mask=opaque)
    except bombs as error:
        raise _wrong(field, _TOO_MANY) from error
    except UnidentifiedImageError as error:
        raise _wrong(field, "must be a JPEG, PNG or WebP picture") from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise _wrong(field, "is cut off or damaged; send it again") from error
    drawn = io.BytesIO()
    plain.save(drawn, "JPEG", quality=_QUALITY, optimize=True)
    return drawn.getvalue()


def _upright(image: "Image.Image") -> "Image.Image":
    """Return a picture turned as its metadata says. Damaged metadata says nothing; the picture is taken as it is."""
    from PIL import ExifTags, Image  # as above

    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # noqa: BLE001  # of many kinds, by what is damaged
        return image
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    turn = turns.get(orientation) if isinstance(orientation, int) else None
    return image if turn is None else image.transpose(turn)


def _of_eight_bits(image: "Image.Image") -> "Image.Image":
    """Return a picture with grey values of 16 bits as one of 8 bits, which a conversion would only cut off."""
    if not image.mode.startswith("I"):
        return image
    return image.convert("F").point(lambda value: value / 256).convert("L")
