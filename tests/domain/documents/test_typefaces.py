"""Typefaces: which characters documents print, and which they name."""

from datetime import UTC, datetime

import pypdfium2
import pytest

from chalicelib.domain.documents import ticket_document, typefaces
from chalicelib.domain.documents.page import Sheet
from chalicelib.domain.documents.ticket_document import TicketPdfPage

AT = datetime(2026, 9, 1, tzinfo=UTC)
NAMES = {
    "Latin": "Jos\u00e9 \u0141ukasz \u00de\u00f3ra",
    "Urdu": "\u0639\u0644\u06cc \u062e\u0627\u0646 \u06c1\u0627\u0634\u0645\u06cc",
    "Chinese": "\u5f20\u4f1f \u9f8d \u570b",
    "Japanese": "\u5c71\u7530 \u3072\u308d\u3057 \u30ab\u30ca \uff76",
    "Korean": "\uae40\ubbfc\uc218",
    "Cantonese": "\u35ce",
    "Hindi": "\u0930\u093e\u092e",
    "emoji": "\U0001f600",
}
WORDS = {"ticket": "Ticket", "note": "Note", "replaced": "$mark replaces"}


@pytest.mark.parametrize("script", NAMES)
def test_a_name_of_any_large_script_is_printable(script: str) -> None:
    assert typefaces.unprintable([NAMES[script]]) == []


def test_what_no_face_has_is_named_once_and_sorted() -> None:
    assert typefaces.unprintable(["\u182e a \u1823", "\u1823\u5f20", "plain"]) == ["\u1823", "\u182e"]
    # Characters that are never shown are none that is missing.
    assert typefaces.unprintable(["a\u202eb\n"]) == []


def text_of(content: bytes) -> str:
    return "".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(content))


def page_of(name: str) -> TicketPdfPage:
    return TicketPdfPage("GH1:ABC", "Night", [("Holder", name)])


def test_every_document_says_so_where_a_character_is_replaced() -> None:
    invoice = Sheet("Invoice", issued_at=AT, texts=["To \u182e"])
    invoice.block(["To \u182e"])
    ticket = ticket_document.render([page_of("\u182e")], words=WORDS, is_rtl=False, made_at=AT)
    assert "stands for" in text_of(invoice.content())
    assert "replaces" in text_of(ticket)
    plain = ticket_document.render([page_of("Ali")], words=WORDS, is_rtl=False, made_at=AT)
    assert "replaces" not in text_of(plain)


@pytest.mark.by_day
def test_the_same_facts_give_the_same_bytes_and_a_chinese_name_prints() -> None:
    made = []
    for _ in range(2):
        typefaces.forget()  # each container makes its own face
        made.append(ticket_document.render([page_of("\u5f20\u4f1f")], words=WORDS, is_rtl=False, made_at=AT))
    assert made[0] == made[1]
    assert "\u5f20\u4f1f" in text_of(made[0])


def test_a_ticket_is_one_page_whatever_its_texts() -> None:
    long = TicketPdfPage("GH1:" + "A" * 150, "W" * 200, [(name, "W" * 300) for name in ("a", "b", "c", "d", "e")])
    content = ticket_document.render([long, page_of("Ali")], words=WORDS, is_rtl=True, made_at=AT)
    document = pypdfium2.PdfDocument(content)
    assert len(document) == 2
    page = document[0].get_textpage()
    bottoms = [page.get_rect(n)[1] for n in range(page.count_rects())]
    assert min(bottoms) > 10
