"""Paper layout: how a sheet is divided into tickets. All lengths are in millimetres."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from chalicelib.errors import ValidationFailed

# ISO 216, and ANSI/ASME Y14.1 rounded to tenths; width and height in portrait orientation.
SIZES = {"A3": (297.0, 420.0), "A4": (210.0, 297.0), "A5": (148.0, 210.0), "A6": (105.0, 148.0)} | {
    "Letter": (215.9, 279.4),
    "Legal": (215.9, 355.6),
}
DEFAULTS: dict[str, Any] = {
    "size": "A4",
    "orientation": "portrait",
    "columns": 3,
    "rows": 8,
    "margin": 10,
    "gap": 2,
    "show_name": True,
    "show_number": True,
    "show_extra": True,
}
# The code of a ticket's id has 29 modules and 8 of quiet zone (ISO/IEC 18004, version 3). At this width a module has
# 0.4 mm: phones decode it at arm's length from any printer's output.
MIN_CODE = 15.0
# A larger code is not easier to decode. The text needs this width right of the code, or this height under it.
_MAX_CODE, _TEXT_WIDTH, _TEXT_HEIGHT = 60.0, 18.0, 9.0


class SheetLayout(Struct, frozen=True):
    """A sheet, and the tickets on it: each `cell_width` by `cell_height`, the first at (`margin`, `margin`).

    A ticket's code, with its quiet zone, is in the upper left corner. Its text is to the right or below: the variant
    with the larger code is used.
    """

    width: float
    height: float
    columns: int
    rows: int
    margin: float
    gap: float
    cell_width: float
    cell_height: float
    show_name: bool
    show_number: bool
    show_extra: bool

    @property
    def per_sheet(self) -> int:
        """Number of tickets on a sheet."""
        return self.columns * self.rows

    @property
    def is_beside(self) -> bool:
        """Whether the text is to the right of the code, not under it."""
        return self._beside >= self._above

    @property
    def code(self) -> float:
        """Width and height of a code, including its quiet zone."""
        return min(max(self._beside, self._above), _MAX_CODE)

    @property
    def _beside(self) -> float:
        return min(self.cell_height, self.cell_width - _TEXT_WIDTH)

    @property
    def _above(self) -> float:
        return min(self.cell_width, self.cell_height - _TEXT_HEIGHT)

    def place(self, position: int) -> tuple[float, float]:
        """Return the upper left corner of the ticket at a position (0 is the first) on its sheet."""
        row, column = divmod(position % self.per_sheet, self.columns)
        return self.margin + column * (self.cell_width + self.gap), self.margin + row * (self.cell_height + self.gap)


def shown(stored: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return an organization's paper settings, with defaults for missing ones."""
    return {**DEFAULTS, **(stored or {})}


def layout(stored: Mapping[str, Any] | None) -> SheetLayout:
    """Return the layout of tickets on a sheet. Raises ValidationFailed where no ticket fits."""
    said = shown(stored)
    width, height = SIZES[said["size"]]
    if said["orientation"] == "landscape":
        width, height = height, width
    columns, rows, margin, gap = int(said["columns"]), int(said["rows"]), float(said["margin"]), float(said["gap"])
    made = SheetLayout(
        width=width,
        height=height,
        columns=columns,
        rows=rows,
        margin=margin,
        gap=gap,
        cell_width=(width - 2 * margin - (columns - 1) * gap) / columns,
        cell_height=(height - 2 * margin - (rows - 1) * gap) / rows,
        show_name=bool(said["show_name"]),
        show_number=bool(said["show_number"]),
        show_extra=bool(said["show_extra"]),
    )
    if made.code < MIN_CODE:
        room = f"{max(made.cell_width, 0):.1f} by {max(made.cell_height, 0):.1f} mm"
        message = f"leaves {room} for a ticket, whose code and text do not fit there; take fewer columns or rows"
        raise ValidationFailed(details=[{"field": "paper", "message": message}])
    return made
