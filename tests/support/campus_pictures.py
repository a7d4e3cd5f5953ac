"""Pictures for tests of photos: a hall with a screen, photographs of it from seats, and what people make of files."""

import io
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

_SCENE = (800, 600)
Picture = Image.Image


def pattern(name: str, size: tuple[int, int]) -> Picture:
    """Return a grey picture by a formula in whole numbers: the same on every machine."""
    width, height = size
    formulas: dict[str, Callable[[int, int], int]] = {
        "hatch": lambda x, y: (x * x + 3 * y * x + 7 * y) % 251,
        "discs": lambda x, y: ((x - width // 3) ** 2 + (y - height // 2) ** 2) // 37 % 256,
        "slope": lambda x, y: (x * 255 // width + y * 128 // height) % 256,
        "blocks": lambda x, y: ((x // 19) * 73 + (y // 23) * 151 + (x // 19) * (y // 23) * 31) % 256,
    }
    make = formulas[name]
    grey = Image.new("L", size)
    grey.putdata([make(x, y) for y in range(height) for x in range(width)])
    return grey


def hall(seed: int, *, code: int = 0, size: tuple[int, int] = _SCENE) -> Picture:
    """Return a hall with its furniture, and a screen that shows a code of random modules."""
    width, height = size
    chance = random.Random(seed)  # noqa: S311 - repeatable, no secret
    scene = Image.new("L", size, chance.randrange(110, 200))
    draw = ImageDraw.Draw(scene)
    for _ in range(25):
        x, y = chance.randrange(width), chance.randrange(height)
        wide, high = chance.randrange(width // 20, width // 4), chance.randrange(height // 20, height // 4)
        draw.rectangle((x, y, x + wide, y + high), fill=chance.randrange(256))
    for _ in range(12):
        x, y, across = chance.randrange(width), chance.randrange(height * 2 // 3, height), chance.randrange(20, 60)
        draw.ellipse((x, y, x + across, y + across), fill=chance.randrange(20, 120))
    side = height // 2
    module = side // 33
    left, top = width // 2 - side // 2, height // 5
    draw.rectangle((left - 40, top - 20, left + side + 40, top + side + 20), fill=235)
    modules = random.Random(code)  # noqa: S311 - repeatable, no secret
    for row in range(33):
        for column in range(33):
            if modules.random() < 0.5:
                x, y = left + column * module, top + row * module
                draw.rectangle((x, y, x + module - 1, y + module - 1), fill=25)
    return scene


@dataclass(frozen=True, slots=True)
class Seat:
    """Where somebody sits: to the side of the middle (-1 to 1), and how far from the screen (0 to 1)."""

    side: float
    depth: float

    def neighbour(self) -> "Seat":
        """Return the next seat: half a metre of twenty to the side."""
        return Seat(self.side + 0.05, self.depth)


def photograph(scene: Picture, seat: Seat, seed: int, *, width: int = 320) -> Picture:
    """Return a photo of a scene from a seat, with the framing of a hand and the noise of a camera.

    The seat gives the perspective: what is seen from the side is narrower at the far end, what is far is smaller. The
    hand adds its own aim, distance and tilt, the camera exposure, focus and noise: `seed` draws them.
    """
    chance = random.Random(seed)  # noqa: S311 - repeatable, no secret
    wide, high = scene.size
    # How much of the scene is in the frame: people who sit far back zoom in, but not all the way.
    share = min(0.95, (0.55 + 0.3 * seat.depth) * chance.gauss(1, 0.07))
    middle_x = wide * (0.5 + 0.04 * seat.side + chance.gauss(0, 0.04))
    middle_y = high * (0.45 + chance.gauss(0, 0.04))
    skew = 0.18 * seat.side * (1 - 0.6 * seat.depth)
    quad: list[float] = []
    for x, y in ((-1, -1), (-1, 1), (1, 1), (1, -1)):
        # The end of the screen that is nearer looks higher, so the window on it is smaller.
        quad += [middle_x + x * share * wide / 2 * (1 + abs(skew)), middle_y + y * share * high / 2 * (1 + x * skew)]
    frame = (width, width * 3 // 4)
    seen = scene.transform(frame, Image.Transform.QUAD, quad, Image.Resampling.BILINEAR, fillcolor=128)
    seen = seen.rotate(chance.gauss(0, 1.5), Image.Resampling.BILINEAR, fillcolor=128)
    seen = ImageEnhance.Brightness(seen).enhance(chance.uniform(0.85, 1.15))
    seen = seen.filter(ImageFilter.GaussianBlur(chance.uniform(0.4, 1.0)))
    tile = _noise()
    left, top = chance.randrange(tile.width - frame[0]), chance.randrange(tile.height - frame[1])
    return Image.blend(seen, tile.crop((left, top, left + frame[0], top + frame[1])), chance.uniform(0.03, 0.08))


@lru_cache(maxsize=1)
def _noise() -> Picture:
    """Return the noise of a camera, the same in every run; a share of 3 to 8 % has a deviation of 2 to 6 greys."""
    side = 1024
    return Image.frombytes("L", (side, side), random.Random(0).randbytes(side * side))  # noqa: S311 - repeatable


def cropped(image: Picture, share: float, *, at: tuple[float, float] = (0.5, 0.5)) -> Picture:
    """Return a picture without a share of its width and height, `at` says which part of the cut is left and above."""
    width, height = image.size
    left, top = round(width * share * at[0]), round(height * share * at[1])
    return image.crop((left, top, left + round(width * (1 - share)), top + round(height * (1 - share))))


def encoded(image: Picture, *, quality: int = 85, kind: str = "JPEG") -> bytes:
    """Return a picture as the bytes of a file."""
    file = io.BytesIO()
    image.save(file, kind, **({} if kind == "PNG" else {"quality": quality}))
    return file.getvalue()


def decoded(content: bytes) -> Picture:
    """Return the picture of a file."""
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def brightened(image: Picture, factor: float) -> Picture:
    """Return a picture that is brighter (factor over 1) or darker."""
    return ImageEnhance.Brightness(image).enhance(factor)


def scaled(image: Picture, factor: float) -> Picture:
    """Return a picture at another size."""
    return ImageOps.scale(image, factor, Image.Resampling.BICUBIC)


def screenshot(code: int, *, size: Sequence[int] = (360, 640)) -> Picture:
    """Return a page of a phone with a code, as a computer draws it."""
    page = Image.new("L", (size[0], size[1]), 255)
    draw = ImageDraw.Draw(page)
    modules, module = random.Random(code), size[0] * 8 // 10 // 33  # noqa: S311 - repeatable, no secret
    for row in range(33):
        for column in range(33):
            if modules.random() < 0.5:
                x, y = size[0] // 10 + column * module, size[1] // 4 + row * module
                draw.rectangle((x, y, x + module - 1, y + module - 1), fill=0)
    draw.rectangle((0, 0, size[0], size[1] // 12), fill=60)
    return page
