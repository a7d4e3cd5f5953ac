"""Films for the browser's fake camera: codes held before it, one after the other."""

import io
from collections.abc import Iterable
from pathlib import Path

import segno
from PIL import Image

_WIDTH, _HEIGHT = 640, 480
# The fake camera shows a film of JPEG frames at this rate, again and again.
FRAMES_A_SECOND = 30
_GREY = (120, 120, 120)


def film(path: Path, codes: Iterable[str | None], *, seconds: float = 1.0) -> Path:
    """Write a film that shows each text as a QR for some seconds; None shows an empty picture."""
    with path.open("wb") as out:
        for text in codes:
            frame = _frame(text)
            for _ in range(max(1, round(seconds * FRAMES_A_SECOND))):
                out.write(frame)
    return path


def _frame(text: str | None) -> bytes:
    picture = Image.new("RGB", (_WIDTH, _HEIGHT), _GREY)
    if text is not None:
        drawn = io.BytesIO()
        segno.make(text, error="m", micro=False).save(drawn, kind="png", scale=8, border=4)
        code = Image.open(drawn).convert("RGB")
        side = _HEIGHT - 60
        if code.width > side:
            code = code.resize((side, side), Image.Resampling.LANCZOS)
        picture.paste(code, ((_WIDTH - code.width) // 2, (_HEIGHT - code.height) // 2))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=90)
    return out.getvalue()
