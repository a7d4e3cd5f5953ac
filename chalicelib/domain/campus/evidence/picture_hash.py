"""The perceptual hash of a picture: 256 bits that stay nearly the same when the picture is re-encoded or resized.

The algorithm is that of the package imagehash (`phash` with a size of 16): the signs of the 16 by 16 lowest
coefficients of a discrete cosine transform of the picture in 64 by 64 greys, against their median. It is written here
without numpy and scipy, which take 200 MB (D-CAMPUS-20).
"""

import io
import itertools
import math
import statistics
from collections.abc import Sequence
from functools import lru_cache
from operator import add, mul, sub
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

BITS = 256
_SIDE, _GREYS = 16, 64
# A JPEG is decoded at an eighth to a half of its size where that is still at least this many pixels wide and high.
_DECODED = (4 * _GREYS, 4 * _GREYS)
# Two hashes within SAME_PICTURE_BITS (16) differ in at most 16 of 17 bands, so at least one band is equal.
BANDS = 17


def opened(content: bytes) -> "Image.Image":
    """Return a photo that was checked before (format, size) as a small grey picture, upright."""
    # Imported here: only workers need it, and a module-level import slows every cold start.
    from PIL import Image, ImageOps

    image: Image.Image = Image.open(io.BytesIO(content), formats=("JPEG", "PNG", "WEBP"))
    image.draft("L", _DECODED)
    grey = image.convert("L")
    grey.getexif().update(image.getexif())
    return ImageOps.exif_transpose(grey)


def picture_hash(image: "Image.Image") -> bytes:
    """Return the hash of a picture, 32 bytes."""
    from PIL import Image

    grey = image.convert("L").resize((_GREYS, _GREYS), Image.Resampling.LANCZOS).tobytes()
    # Along the rows, then along the columns; higher coefficients are never computed.
    along = [_transformed(grey[start : start + _GREYS]) for start in range(0, len(grey), _GREYS)]
    down = [_transformed(column) for column in zip(*along, strict=True)]
    lowest = [value for row in zip(*down, strict=True) for value in row]
    middle = statistics.median(lowest)
    number = 0
    for value in lowest:
        number = number << 1 | (value > middle)
    return number.to_bytes(BITS // 8, "big")


def differing_bits(one: bytes, other: bytes) -> int:
    """Return the Hamming distance of two hashes."""
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).bit_count()


def bands(hashed: bytes) -> tuple[str, ...]:
    """Return the 17 bands of a hash, each with its number, for an index of near duplicates.

    The bands are disjoint and cover all bits. Hashes that differ in at most 16 bits share at least one band.
    """
    text = f"{int.from_bytes(hashed, 'big'):0{BITS}b}"
    edges = [BITS * number // BANDS for number in range(BANDS + 1)]
    return tuple(
        f"{number:02}:{int(text[start:end], 2):04x}" for number, (start, end) in enumerate(itertools.pairwise(edges))
    )


def _transformed(samples: Sequence[float]) -> list[float]:
    """Return the 16 lowest coefficients of the transform of 64 samples."""
    # Waves of an even order are the same from both ends, those of an odd order opposite: half of each is enough.
    half, back = samples[: _GREYS // 2], samples[: _GREYS // 2 - 1 : -1]
    ends = tuple(map(add, half, back)), tuple(map(sub, half, back))
    return [sum(map(mul, wave, ends[order % 2])) for order, wave in enumerate(_cosines())]


@lru_cache(maxsize=1)
def _cosines() -> tuple[tuple[float, ...], ...]:
    """Return the first halves of the 16 lowest waves of the transform (DCT-II) over 64 samples."""
    return tuple(
        tuple(math.cos(math.pi * order * (2 * at + 1) / (2 * _GREYS)) for at in range(_GREYS // 2))
        for order in range(_SIDE)
    )
