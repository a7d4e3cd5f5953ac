"""The pictures of a report: signatures and photos from the bucket, made small enough to print hundreds of them."""

import io
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from msgspec import Struct, field

from chalicelib.clients import files
from chalicelib.table import keys, operations
from chalicelib.table.items import AttendancePhoto
from chalicelib.table.places import Place
from chalicelib.vocabulary.campus import PhotoSide

if TYPE_CHECKING:
    from PIL import Image

# Pixels: 25 mm at 240 dots an inch for a signature, 17 mm at 225 for a photo.
_SIGNATURE_SIZE, _PHOTO_SIZE = (240, 110), (150, 150)
_QUALITY = 65
_MOST_BYTES = 9 * 1024 * 1024
# Files that are read at a time.
_READERS = 16
# More pixels than a kept picture has.
_MOST_PIXELS = 20_000_000


class EvidencePictures(Struct):
    """The pictures of some records by attendance id, and how many of them were erased or cannot be read."""

    signatures: dict[str, bytes] = field(default_factory=dict)
    photos: dict[tuple[str, PhotoSide], bytes] = field(default_factory=dict)
    missing: int = 0
    with_photos: bool = False


def read(attendance_ids: Sequence[str], *, with_photos: bool) -> EvidencePictures:
    """Return the signatures of these records, and their photos where asked for. Raises Unavailable."""
    signatures = operations.get_many(keys.attendance.signature(each) for each in attendance_ids)
    wanted: list[tuple[tuple[str, PhotoSide | None], str]] = []
    found = EvidencePictures(with_photos=with_photos)
    for signature in signatures.values():
        if signature.key is not None:
            wanted.append(((signature.attendance_id, None), signature.key))
        else:
            found.missing += 1
    photos = _photos(attendance_ids) if with_photos else ()
    for photo in photos:
        if photo.key is not None:
            wanted.append(((photo.attendance_id, photo.side), photo.key))
        elif photo.erased_at is not None:  # else offered, and never uploaded
            found.missing += 1
    with ThreadPoolExecutor(_READERS) as readers:
        for (name, side), small in zip(
            (each for each, _ in wanted), readers.map(_small, (key for _, key in wanted)), strict=True
        ):
            if small is None:
                found.missing += 1
            elif side is None:
                found.signatures[name] = small
            else:
                found.photos[name, side] = small
    return found


def _photos(attendance_ids: Sequence[str]) -> Iterable[AttendancePhoto]:
    places: list[Place[AttendancePhoto]] = [
        keys.attendance.photo(each, side) for each in attendance_ids for side in PhotoSide
    ]
    return operations.get_many(places).values()


def _small(key: str) -> bytes | None:
    content = files.read(key, limit=_MOST_BYTES)
    return None if content is None else thumbnail(content)


def thumbnail(content: bytes) -> bytes | None:
    """Return a picture small enough to print; None where it is no picture that can be read."""
    from PIL import Image, UnidentifiedImageError  # heavy, and only reports with pictures need it

    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG", "WEBP")) as picture:
            if picture.width * picture.height > _MOST_PIXELS:
                return None
            is_drawing = picture.format == "PNG"
            picture.draft("RGB", _PHOTO_SIZE)
            picture.load()
            if is_drawing:
                return _drawing(picture)
            small = picture.convert("RGB")
            small.thumbnail(_PHOTO_SIZE)
            file = io.BytesIO()
            small.save(file, "JPEG", quality=_QUALITY)
            return file.getvalue()
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def _drawing(picture: "Image.Image") -> bytes:
    """Return a drawing in sixteen greys on white."""
    from PIL import Image

    if picture.mode in ("RGBA", "LA", "P"):
        layer = picture.convert("RGBA")
        ground = Image.new("RGBA", layer.size, "white")
        ground.alpha_composite(layer)
        picture = ground
    small = picture.convert("L")
    small.thumbnail(_SIGNATURE_SIZE)
    file = io.BytesIO()
    # The document decodes it again and compresses the pixels itself, so the best compression here is lost time.
    small.save(file, "PNG", compress_level=1)
    return file.getvalue()
