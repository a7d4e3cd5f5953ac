"""Whether a picture was drawn by a computer: a screenshot has few exact greys, a camera has gradients and noise."""

from typing import TYPE_CHECKING

from chalicelib.domain.campus.evidence import thresholds

if TYPE_CHECKING:
    from PIL import Image

_LEVELS = 256


def is_screenshot(image: "Image.Image") -> bool:
    """Return whether two far greys, each with its two neighbours to both sides, make up most of a picture."""
    counts = image.convert("L").histogram()
    pixels, widened = sum(counts), [0, 0, *counts, 0, 0]
    shares = [sum(widened[level : level + 5]) / pixels for level in range(_LEVELS)]
    first = max(range(_LEVELS), key=shares.__getitem__)
    far = [level for level in range(_LEVELS) if abs(level - first) >= thresholds.SCREENSHOT_CONTRAST]
    second = max((shares[level] for level in far), default=0.0)
    # An overexposed wall is one flat grey, so the second must be there as well.
    return second >= thresholds.SCREENSHOT_SECOND_SHARE and shares[first] + second >= thresholds.SCREENSHOT_SHARE
