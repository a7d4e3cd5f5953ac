"""The hash of a picture: the same picture re-encoded is near, two photos of one screen are not."""

import io
import json
import random
import resource
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from chalicelib.domain.campus.evidence import picture_hash as hashing
from chalicelib.domain.campus.evidence.screenshots import is_screenshot
from chalicelib.domain.campus.evidence.thresholds import SAME_PICTURE_BITS
from tests.support import campus_pictures as pictures
from tests.support.campus_pictures import Picture, Seat
from tests.support.explore import explore

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "picture_hash.json").read_text(encoding="utf-8"))["cases"]
MIDDLE = Seat(0, 0.4)


def hash_of(content: bytes) -> bytes:
    return hashing.picture_hash(hashing.opened(content))


def bits_between(one: Picture, other: Picture) -> int:
    return hashing.differing_bits(*(hash_of(pictures.encoded(image)) for image in (one, other)))


@pytest.fixture(scope="module")
def photo() -> Picture:
    return pictures.photograph(pictures.hall(7, code=7), MIDDLE, 7, width=640)


@pytest.mark.parametrize("case", VECTORS, ids=lambda case: f"{case['pattern']} {case['size']}")
def test_the_hash_is_that_of_imagehash(case: dict[str, Any]) -> None:
    width, height = case["size"]
    assert hashing.picture_hash(pictures.pattern(case["pattern"], (width, height))).hex() == case["hash"]


@pytest.mark.parametrize("quality", [95, 75, 50, 30])
@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_a_picture_re_encoded_is_the_same(photo: Picture, kind: str, quality: int) -> None:
    again = hash_of(pictures.encoded(photo, quality=quality, kind=kind))
    assert hashing.differing_bits(hash_of(pictures.encoded(photo, kind="PNG")), again) <= SAME_PICTURE_BITS


@pytest.mark.parametrize("factor", [0.25, 0.5, 1.5])
def test_a_resized_picture_is_the_same(photo: Picture, factor: float) -> None:
    assert bits_between(photo, pictures.scaled(photo, factor)) <= SAME_PICTURE_BITS


@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_a_slightly_brighter_picture_is_the_same(photo: Picture, factor: float) -> None:
    assert bits_between(photo, pictures.brightened(photo, factor)) <= SAME_PICTURE_BITS


def test_a_picture_turned_by_its_metadata_is_the_same(photo: Picture) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    lying = photo.transpose(Image.Transpose.ROTATE_90)
    file = io.BytesIO()
    lying.save(file, "JPEG", quality=90, exif=exif)
    assert hashing.differing_bits(hash_of(file.getvalue()), hash_of(pictures.encoded(photo))) <= SAME_PICTURE_BITS


def test_photos_of_one_screen_by_neighbours_are_different_pictures() -> None:
    found = []
    for number in range(24):
        scene, chance = pictures.hall(number % 4, code=number), random.Random(number)  # noqa: S311 - repeatable, no secret
        seat = Seat(chance.uniform(-1, 1), chance.random())
        one, other = (
            pictures.photograph(scene, seat, number),
            pictures.photograph(scene, seat.neighbour(), 500 + number),
        )
        found.append(bits_between(one, other))
    assert min(found) > SAME_PICTURE_BITS


@explore(most=100, fewest=100)
@given(st.binary(min_size=32, max_size=32), st.sets(st.integers(0, 255), max_size=SAME_PICTURE_BITS))
def test_hashes_of_one_picture_share_a_band(hashed: bytes, flipped: set[int]) -> None:
    number = int.from_bytes(hashed, "big")
    for bit in flipped:
        number ^= 1 << bit
    near = number.to_bytes(32, "big")
    assert hashing.differing_bits(hashed, near) == len(flipped)
    assert set(hashing.bands(hashed)) & set(hashing.bands(near))


def test_the_bands_cover_each_bit_once() -> None:
    none = hashing.bands(bytes(32))
    touched = [
        [own != other for own, other in zip(none, hashing.bands((1 << bit).to_bytes(32, "big")), strict=True)].index(
            True
        )
        for bit in range(hashing.BITS)
    ]
    # One more band than bits may differ: some band is always untouched.
    assert len(none) == len(set(touched)) == SAME_PICTURE_BITS + 1
    assert all(
        sum(a != b for a, b in zip(none, hashing.bands((1 << bit).to_bytes(32, "big")), strict=True)) == 1
        for bit in range(hashing.BITS)
    )


def test_a_photo_of_12_megapixels_is_hashed_within_the_budget() -> None:
    content = pictures.encoded(pictures.scaled(pictures.hall(3), 5))
    before, memory = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    image = hashing.opened(content)
    hashing.picture_hash(image)
    is_screenshot(image)
    assert time.process_time() - before < 0.75
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 128 * 1024


def test_a_page_drawn_by_a_computer_is_a_screenshot_and_a_photo_is_not(photo: Picture) -> None:
    assert is_screenshot(hashing.opened(pictures.encoded(pictures.screenshot(5), quality=60)))
    assert is_screenshot(pictures.scaled(pictures.screenshot(6), 0.5))
    assert not is_screenshot(hashing.opened(pictures.encoded(photo)))
    # An overexposed or a black photo has one grey, not two.
    assert not is_screenshot(Image.new("L", (64, 64), 255))
