"""The proof of a printed sheet: it is drawn as a printer would, and every code on it is read back, from its place."""

from collections.abc import Sequence

from chalicelib.domain.organizations.printing.sheet_layout import SheetLayout

# Coarser than any office printer, so that what is read here is read on paper.
_DOTS_PER_MM = 200 / 25.4
_POINTS_PER_MM = 72 / 25.4


class UnreadableSheet(Exception):
    """A sheet on which a code is missing, says something else, or stands in another ticket's place."""


def prove(document: bytes, codes: Sequence[str], layout: SheetLayout) -> None:
    """Return if each ticket's code, and no other, stands in its own place on the sheets. Raises Unreadable."""
    import pypdfium2  # only this needs it, and every function would pay for it at its cold start
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
    """Return which ticket of a sheet a place belongs to; -1 for none."""
    column, row = (
        int((at - layout.margin) // (cell + layout.gap))
        for at, cell in zip(middle, (layout.cell_width, layout.cell_height), strict=True)
    )
    if 0 <= column < layout.columns and 0 <= row < layout.rows:
        return row * layout.columns + column
    return -1
