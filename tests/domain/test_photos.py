"""Photos: the largest picture that is decoded, and how its metadata turns it."""

import io
import struct

import pytest
from PIL import Image, ImageOps

from chalicelib.clients import files
from chalicelib.domain import photos
from chalicelib.errors import ValidationFailed

pytestmark = pytest.mark.usefixtures("moto_cloud")

# Their product is the accepted limit; the library's own limit is far above it.
WIDTH, HEIGHT = 6000, 5000


def whole_picture(height: int) -> bytes:
    """Return a valid picture that decodes: a few KB at any number of pixels."""
    made = io.BytesIO()
    Image.new("1", (WIDTH, height), 1).save(made, "PNG")
    return made.getvalue()


def test_a_picture_of_thirty_million_pixels_is_taken() -> None:
    photo_key = photos.keep("cus_1", whole_picture(HEIGHT), field="image")
    shown = Image.open(io.BytesIO(files.read(photo_key, limit=photos.MAX_BYTES) or b""))
    assert (shown.format, shown.size) == ("JPEG", (512, 427))


def test_a_picture_of_one_row_more_is_refused() -> None:
    with pytest.raises(ValidationFailed) as refused:
        photos.keep("cus_1", whole_picture(HEIGHT + 1), field="image")
    assert refused.value.details == [{"field": "image", "message": "has more than 30 million pixels"}]


def metadata(orientation: int, *damaged: tuple[int, int, int]) -> bytes:
    """Return EXIF data with an orientation and further entries, each a tag with a type and a count."""
    entries = [(0x0112, 3, 1, struct.pack(">HH", orientation, 0)), *((*entry, b"\0\1\2\3") for entry in damaged)]
    packed = b"".join(struct.pack(">HHI4s", *entry) for entry in entries)
    return b"Exif\0\0MM\0*\0\0\0\x08" + struct.pack(">H", len(entries)) + packed + b"\0\0\0\0"


def picture(exif: bytes, form: str) -> bytes:
    """Return a picture whose corners differ, of 60 by 40 pixels."""
    made, drawn = io.BytesIO(), Image.new("RGB", (60, 40), "white")
    drawn.paste("red", (0, 0, 20, 20))
    drawn.paste("blue", (40, 0, 60, 20))
    drawn.save(made, form, exif=exif)
    return made.getvalue()


def kept(content: bytes) -> Image.Image:
    photo_key = photos.keep("cus_1", content, field="image")
    return Image.open(io.BytesIO(files.read(photo_key, limit=photos.MAX_BYTES) or b""))


def corners(shown: Image.Image) -> list[tuple[bool, bool]]:
    """Return of each corner whether it is red, and whether it is blue."""
    width, height = shown.size
    pixels = [shown.getpixel((x, y)) for y in (5, height - 6) for x in (5, width - 6)]
    return [(pixel[0] > 200 > pixel[2], pixel[2] > 200 > pixel[0]) for pixel in pixels if isinstance(pixel, tuple)]


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(10))
def test_a_picture_is_kept_upright(orientation: int, form: str) -> None:
    content = picture(metadata(orientation), form)
    shown, upright = kept(content), ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
    assert (shown.size, corners(shown)) == (upright.size, corners(upright.convert("RGB")))


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    "entry",
    [(0x011A, 2, 1), (0x0103, 4, 1), (0x0103, 7, 1), (0x010F, 11, 1)],
    ids=["resolution in words", "compression of four bytes", "compression of no type", "maker as a number"],
)
def test_a_picture_with_damaged_metadata_is_kept_upright(entry: tuple[int, int, int], form: str) -> None:
    assert kept(picture(metadata(6, entry), form)).size == (40, 60)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.parametrize("length", range(7, 32, 5))
def test_a_picture_whose_metadata_is_cut_off_is_kept(length: int) -> None:
    shown = kept(picture(metadata(6, (0x011A, 5, 1))[:length], "JPEG"))
    assert sorted(shown.size) == [40, 60]
