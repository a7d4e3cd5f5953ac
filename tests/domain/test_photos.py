"""Photos: the largest picture that is decoded."""

import io

import pytest
from PIL import Image

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
