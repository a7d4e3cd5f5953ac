"""The paper that tickets are printed on: how a sheet is cut into tickets. All lengths are in millimetres."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.errors import ValidationFailed

# ISO 216, and ANSI/ASME Y14.1 in whole tenths; width and height as they stand upright.
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
# A version 3 code (29 modules and 8 of quiet zone) of this width has modules of 0.4 mm, which a phone reads at arm's
# length from any printer; and the text beside or under it needs as much again.
MIN_CODE = 15.0
MIN_WIDTH, MIN_HEIGHT = 25.0, MIN_CODE + 4.0


@dataclass(frozen=True, slots=True)
class Layout:
    """A sheet, and the tickets on it: each `cell_width` by `cell_height`, the first at (`margin`, `margin`)."""

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
        """How many tickets a sheet has."""
        return self.columns * self.rows

    def place(self, position: int) -> tuple[float, float]:
        """Return the upper left corner of the ticket at a position (0 is the first) on its sheet."""
        row, column = divmod(position % self.per_sheet, self.columns)
        return self.margin + column * (self.cell_width + self.gap), self.margin + row * (self.cell_height + self.gap)


def shown(stored: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return an organization's paper, with the defaults of what it does not say."""
    return {**DEFAULTS, **(stored or {})}


def layout(stored: Mapping[str, Any] | None) -> Layout:
    """Return how tickets lie on a sheet. Raises ValidationFailed where none fits."""
    said = shown(stored)
    width, height = SIZES[said["size"]]
    if said["orientation"] == "landscape":
        width, height = height, width
    columns, rows, margin, gap = int(said["columns"]), int(said["rows"]), float(said["margin"]), float(said["gap"])
    cell_width = (width - 2 * margin - (columns - 1) * gap) / columns
    cell_height = (height - 2 * margin - (rows - 1) * gap) / rows
    problems = []
    if cell_width < MIN_WIDTH:
        problems.append(_small("paper.columns", "wide", cell_width, MIN_WIDTH))
    if cell_height < MIN_HEIGHT:
        problems.append(_small("paper.rows", "high", cell_height, MIN_HEIGHT))
    if problems:
        raise ValidationFailed(details=problems)
    return Layout(
        width=width,
        height=height,
        columns=columns,
        rows=rows,
        margin=margin,
        gap=gap,
        cell_width=cell_width,
        cell_height=cell_height,
        show_name=bool(said["show_name"]),
        show_number=bool(said["show_number"]),
        show_extra=bool(said["show_extra"]),
    )


def _small(field: str, how: str, length: float, least: float) -> dict[str, str]:
    message = f"leaves a ticket {max(length, 0):.1f} mm {how}; its code and text need {least:.0f} mm"
    return {"field": field, "message": message}
