"""The drawing of a signature: a PNG, or the path of an SVG, drawn again as a small PNG in shades of grey.

Nothing of what was sent is kept: of a PNG its ink, of an SVG the lines of its paths. An SVG with any other element, an
entity or a document type is refused.
"""

import base64
import binascii
import io
import itertools
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING
from xml.parsers import expat

from chalicelib.errors import ValidationFailed

if TYPE_CHECKING:
    from PIL import Image

_MAX_PIXELS = 8_000_000
_WIDTH, _HEIGHT, _MARGIN, _PEN = 600, 200, 8, 3
# Commands and coordinates of a path; a signature that takes a minute to draw has some thousands.
_MOST_POINTS = 50_000
# Differences of brightness below this are noise of an encoder, not ink.
_LEAST_INK = 32
_STEPS_OF_A_CURVE = 12
_PNG = "data:image/png;base64,"
_SVG = re.compile(r"data:image/svg\+xml(?:;charset=utf-?8)?(?P<base64>;base64)?,", re.IGNORECASE)
_PATH = re.compile(r"\s*[Mm][\s,0-9.eE+\-MmZzLlHhVvCcSsQqTtAa]*")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_ELEMENTS = ("svg", "g", "path", "circle")
_FIELD = "signature"
_WHAT = "must be a PNG as a data URL, or the path of an SVG"
Point = tuple[float, float]
Line = list[Point]


def drawn(signature: str) -> bytes:
    """Return a signature as it is kept. Raises ValidationFailed, naming the field."""
    if signature.startswith(_PNG):
        picture = _of_png(_decoded(signature.removeprefix(_PNG)))
    else:
        picture = _of_lines(_lines(_paths(signature)))
    kept = io.BytesIO()
    picture.quantize(16).save(kept, "PNG", optimize=True)
    return kept.getvalue()


def _wrong(problem: str) -> ValidationFailed:
    return ValidationFailed(details=[{"field": _FIELD, "message": problem}])


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _wrong("must be base64 without line breaks after its comma") from error


def _of_png(content: bytes) -> "Image.Image":
    """Return the ink of a PNG, black on white, cut to where it is."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    bombs = (Image.DecompressionBombError, Image.DecompressionBombWarning)
    try:
        image = Image.open(io.BytesIO(content), formats=("PNG",))
        if image.width * image.height > _MAX_PIXELS:
            raise _wrong(f"has more than {_MAX_PIXELS // 10**6} million pixels")
        layers = image.convert("RGBA")
    except bombs as error:
        raise _wrong(f"has more than {_MAX_PIXELS // 10**6} million pixels") from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
        raise _wrong(_WHAT) from error
    opacity = layers.getchannel("A")
    if _has_ink(opacity):
        # Drawn on nothing, as a canvas gives it: what is opaque is the ink, of any colour.
        grey = ImageOps.invert(opacity)
    else:
        plain = Image.new("RGB", layers.size, "white")
        plain.paste(layers, mask=opacity)
        grey = ImageOps.autocontrast(plain.convert("L"))
        if not _has_ink(plain.convert("L")):
            raise _wrong("is empty; sign first")
    around = ImageOps.invert(grey).point(lambda value: 255 if value >= _LEAST_INK else 0).getbbox()
    if around is None:
        raise _wrong("is empty; sign first")
    cut = grey.crop(around)
    cut.thumbnail((_WIDTH - 2 * _MARGIN, _HEIGHT - 2 * _MARGIN))
    return ImageOps.expand(cut, _MARGIN, fill=255)


def _has_ink(channel: "Image.Image") -> bool:
    low, high = channel.getextrema()
    return isinstance(low, int) and isinstance(high, int) and high - low >= _LEAST_INK


def _paths(signature: str) -> list[str]:
    """Return the path data of an SVG, of a data URL of one, or of a text that is path data itself."""
    text = signature.strip()
    as_url = _SVG.match(text)
    if as_url:
        if not as_url["base64"]:
            raise _wrong("must be base64 where it is a data URL")
        try:
            text = _decoded(text[as_url.end() :]).decode()
        except UnicodeDecodeError as error:
            raise _wrong(_WHAT) from error
    paths = _paths_of_svg(text) if text.lstrip().startswith("<") else [text]
    for path in paths:
        if not _PATH.fullmatch(path):
            raise _wrong(_WHAT)
    if sum(len(_NUMBER.findall(path)) for path in paths) > 2 * _MOST_POINTS:
        raise _wrong(f"has more than {_MOST_POINTS} points")
    return paths


def _paths_of_svg(text: str) -> list[str]:
    """Return the path data of an SVG of paths and dots. Raises ValidationFailed for any other content."""
    if "<!" in text:
        raise _wrong("must be an SVG without document type, entities and comments")
    found: list[str] = []

    def on_start(name: str, attributes: dict[str, str]) -> None:
        if name not in _ELEMENTS or any(each.lower().startswith("on") for each in attributes):
            raise _wrong("must be an SVG of paths alone")
        if name == "path":
            found.append(attributes.get("d", ""))
        elif name == "circle":
            found.append(_dot(attributes))

    reader = expat.ParserCreate()
    reader.StartElementHandler = on_start
    try:
        reader.Parse(text, True)  # noqa: FBT003  # the library takes it by position
    except expat.ExpatError as error:
        raise _wrong("must be a well-formed SVG") from error
    return found


def _dot(attributes: dict[str, str]) -> str:
    """Return a circle as path data: pads draw a touch without a movement as one."""
    numbers = [attributes.get(name, "0") for name in ("cx", "cy", "r")]
    if not all(_NUMBER.fullmatch(number) for number in numbers):
        raise _wrong("has a circle without numbers")
    x, y, r = map(float, numbers)
    return f"M{x - r} {y}A{r} {r} 0 1 0 {x + r} {y}A{r} {r} 0 1 0 {x - r} {y}"


def _lines(paths: Sequence[str]) -> list[Line]:
    """Return path data as lines of points. Raises ValidationFailed."""
    # Imported here: only this function needs them.
    from fontTools.pens.recordingPen import RecordingPen
    from fontTools.svgLib.path import parse_path

    lines: list[Line] = []
    for path in paths:
        pen = RecordingPen()
        try:
            parse_path(path, pen)
        except (ValueError, IndexError, ArithmeticError) as error:
            # Numbers that are none or too few; arcs that divide by zero or overflow.
            raise _wrong(_WHAT) from error
        for step, points in pen.value:
            _draw(lines, step, points)
    return lines


def _draw(lines: list[Line], step: str, points: Sequence[Point]) -> None:
    """Add a step of a path to its lines; a curve becomes a few straight ones."""
    if step == "moveTo":
        lines.append([points[0]])
    elif step == "closePath":
        lines[-1].append(lines[-1][0])
    elif step != "endPath":
        start = lines[-1][-1]
        parts = 1 if len(points) == 1 else _STEPS_OF_A_CURVE
        lines[-1] += [_on_curve((start, *points), part / parts) for part in range(1, parts + 1)]


def _on_curve(points: Sequence[Point], at: float) -> Point:
    """Return a point of a Bézier curve of any degree (de Casteljau)."""
    while len(points) > 1:
        points = [(a[0] + (b[0] - a[0]) * at, a[1] + (b[1] - a[1]) * at) for a, b in itertools.pairwise(points)]
    return points[0]


def _of_lines(lines: Sequence[Line]) -> "Image.Image":
    """Return lines drawn in black on white, scaled to their frame."""
    from PIL import Image, ImageDraw

    points = [point for line in lines for point in line]
    if not points or not all(abs(value) < 1e6 for point in points for value in point):
        raise _wrong("has coordinates out of range" if points else "is empty; sign first")
    left, top = (min(point[axis] for point in points) for axis in (0, 1))
    wide, high = (max(point[axis] for point in points) - low for axis, low in ((0, left), (1, top)))
    if max(wide, high) <= 0:
        raise _wrong("is empty; sign first")
    scale = min((_WIDTH - 2 * _MARGIN) / max(wide, 1e-6), (_HEIGHT - 2 * _MARGIN) / max(high, 1e-6))
    size = (int(wide * scale) + 2 * _MARGIN, int(high * scale) + 2 * _MARGIN)
    picture = Image.new("L", size, 255)
    pen = ImageDraw.Draw(picture)
    for line in lines:
        placed = [(_MARGIN + (x - left) * scale, _MARGIN + (y - top) * scale) for x, y in line]
        pen.line(placed, fill=0, width=_PEN, joint="curve")
    if not _has_ink(picture):
        raise _wrong("is empty; sign first")  # a pen that was only moved
    return picture
