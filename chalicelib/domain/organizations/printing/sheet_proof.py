"""Verification of printed sheets: each sheet is rendered, and every code is decoded at its position."""

from collections.abc import Sequence

from chalicelib.domain.organizations.printing.sheet_layout import SheetLayout

# 200 dpi, coarser than any office printer: what decodes here also decodes on paper.
_DOTS_PER_MM = 200 / 25.4
_POINTS_PER_MM = 72 / 25.4


class UnreadableSheet(Exception):
    """A sheet has a missing code, a code with the wrong content, or a code at another ticket's position."""


def prove(document: bytes, codes: Sequence[str], layout: SheetLayout) -> None:
    """Verify that each ticket's position has its code, and no other. Raises UnreadableSheet."""
    import pypdfium2  # imported here to keep it out of every cold start
    import zxingcpp

    qr_codes = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    sheets = [codes[start : start + layout.per_sheet] for start in range(0, len(codes), layout.per_sheet)]
    pdf = pypdfium2.PdfDocument(document)
    try:
        if len(pdf) != len(sheets):
            raise UnreadableSheet(f"there are {len(pdf)} sheets, not {len(sheets)}")
        for number, expected in enumerate(sheets):
            picture = pdf[number].render(scale=_DOTS_PER_MM / _POINTS_PER_MM, grayscale=True).to_pil()
            found = {}
            for code in zxingcpp.read_barcodes(picture, formats=qr_codes):
                corner, opposite = code.position.top_left, code.position.bottom_right
                middle = (corner.x + opposite.x) / 2 / _DOTS_PER_MM, (corner.y + opposite.y) / 2 / _DOTS_PER_MM
                found[_position(middle, layout)] = code.text
            if found != dict(enumerate(expected)):
                wrong = sorted({*found.items()} ^ {*enumerate(expected)})
                raise UnreadableSheet(f"sheet {number + 1}, ticket {wrong[0][0] + 1} does not say what it should")
    finally:
        pdf.close()


def _position(middle: tuple[float, float], layout: SheetLayout) -> int:
    """Return the position of the ticket at a point (in mm) of a sheet; -1 for none."""
    column, row = (
        int((at - layout.margin) // (cell + layout.gap))
        for at, cell in zip(middle, (layout.cell_width, layout.cell_height), strict=True)
    )
    if 0 <= column < layout.columns and 0 <= row < layout.rows:
        return row * layout.columns + column
    return -1
