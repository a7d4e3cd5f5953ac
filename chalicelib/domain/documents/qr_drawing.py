"""QR codes in PDF, drawn as rectangles and not as an image, so that they are sharp at any size and resolution."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fpdf import FPDF

_QUIET_MODULES = 4
# Level M corrects damage to about a seventh of the code, such as scratches or glare (ISO/IEC 18004).
_ERROR_CORRECTION = "m"


def draw(document: "FPDF", code: str, left: float, top: float, size: float) -> None:
    """Draw a code with its quiet zone into a square of `size`, in the document's unit and fill colour."""
    import segno  # its tables would slow the cold start of every route

    matrix = segno.make(code, error=_ERROR_CORRECTION, micro=False).matrix
    module = size / (len(matrix) + 2 * _QUIET_MODULES)
    for row, line in enumerate(matrix):
        y = top + (row + _QUIET_MODULES) * module
        for begin, end in _runs(line):
            document.rect(left + (begin + _QUIET_MODULES) * module, y, (end - begin) * module, module, style="F")


def _runs(line: Sequence[int]) -> list[tuple[int, int]]:
    """Return the runs of dark modules in a line, as begin and end (exclusive)."""
    runs = []
    begin: int | None = None
    for place, dark in enumerate([*line, 0]):
        if dark and begin is None:
            begin = place
        elif not dark and begin is not None:
            runs.append((begin, place))
            begin = None
    return runs
