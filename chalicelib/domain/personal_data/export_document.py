"""The PDF of an export: each place with what it holds, for people who read no JSON."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from chalicelib.domain.documents.page import SELLER, Sheet, date_in_words

# The JSON of the same file has everything; a document of more lines would print for minutes.
_MOST_LINES = 2_000
_LONGEST = 400


def render(known: Mapping[str, Any], *, made_at: datetime) -> bytes:
    """Return the document as PDF."""
    title = "What is known of you"
    heading = [title, f"{SELLER}, {date_in_words(made_at)} (UTC)", f"Customer {known['customer_id']}"]
    blocks = list(_blocks(known))
    sheet = Sheet(title, issued_at=made_at, texts=[*heading, *(line for block in blocks for line in block)])
    sheet.heading(heading)
    for block in blocks:
        sheet.block(block)
    return sheet.content()


def _blocks(known: Mapping[str, Any]) -> Iterator[list[str]]:
    written = 0
    for place, entries in known.items():
        if not isinstance(entries, list) or not entries:
            continue
        yield [f"{place.replace('_', ' ').capitalize()} ({len(entries)})"]
        for entry in entries:
            lines = [f"  {name.replace('_', ' ')}: {_text(value)}" for name, value in entry.items()]
            written += len(lines)
            if written > _MOST_LINES:
                yield ["The rest is in customer.json in the same file."]
                return
            yield lines


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        text = ", ".join(f"{name} {_text(each)}" for name, each in value.items())
    elif isinstance(value, list):
        text = "; ".join(map(_text, value))
    else:
        text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
