"""The characters of a print run, checked before it starts: each must have a glyph in a typeface."""

import json
from collections.abc import Iterable

from chalicelib.domain.documents import typefaces
from chalicelib.domain.organizations import numbered_tickets
from chalicelib.domain.organizations.printing.sheet_layout import SheetLayout
from chalicelib.errors import ValidationFailed
from chalicelib.table.items import NumberedTicket

EXTRA_LINES, EXTRA_LENGTH = 4, 60
# Characters that a refusal names.
_NAMED_AT_MOST = 10


def extra_lines(extra: str | None) -> list[str]:
    """Return a ticket's extra data (JSON) as lines: those of a text, or one for each scalar field of an object."""
    said = json.loads(extra) if extra else ""
    if isinstance(said, dict):
        lines = [f"{name}: {_words(value)}" for name, value in said.items() if isinstance(value, str | int | float)]
    else:
        lines = [" ".join(line.split()) for line in str(said).splitlines()]
    return [line[:EXTRA_LENGTH] for line in lines if line][:EXTRA_LINES]


def _words(value: str | float) -> str:
    """Return a value in one line, as JSON writes it: `true`, not `True`."""
    return " ".join(value.split()) if isinstance(value, str) else json.dumps(value)


def require(tickets: Iterable[NumberedTicket], layout: SheetLayout, *, name: str) -> None:
    """Raise ValidationFailed, with the characters, where a sheet of these tickets could not be printed as it is."""
    if layout.show_name and (missing := typefaces.unprintable([name])):
        raise _refusal("The name of your organization", missing)
    if not layout.show_extra:
        return
    # Tickets of one generation share their data, so few texts are looked at.
    first_with: dict[str, str] = {}
    for ticket in tickets:
        if (ticket.extra and not ticket.extra.isascii()) or "\\u" in (ticket.extra or ""):
            first_with.setdefault(str(ticket.extra), numbered_tickets.number_of(ticket))
    for extra, number in first_with.items():
        if missing := typefaces.unprintable(extra_lines(extra)):
            raise _refusal(f"The extra data of {number}", missing)


def _refusal(what: str, missing: list[str]) -> ValidationFailed:
    named = ", ".join(f"{character} (U+{ord(character):04X})" for character in missing[:_NAMED_AT_MOST])
    more = f" and {len(missing) - _NAMED_AT_MOST} more" if len(missing) > _NAMED_AT_MOST else ""
    message = f"{what} has characters that cannot be printed: {named}{more}. Change them, or print a CSV."
    return ValidationFailed(message, details=[{"field": "format", "message": message}])
