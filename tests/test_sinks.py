"""Text of people draws nowhere: each way out of the platform gets each character that could."""

import csv
import email
import email.policy
import io
import json
import unicodedata
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pypdf
import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends
from moto.sns.models import sns_backends

from chalicelib.clients import messages
from chalicelib.clients.messages import Attachment, Channel, Message
from chalicelib.domain.documents.page import Sheet
from chalicelib.domain.organizations.printing import sheet_layout, ticket_lists, ticket_sheets
from chalicelib.domain.organizations.printing.ticket_sheets import PrintedTicket
from chalicelib.legible import legible, spreadsheet_cell
from chalicelib.observability import logger
from chalicelib.table.items import NumberedTicket
from infra.local import console, terminal_log

pytestmark = pytest.mark.usefixtures("moto_cloud")
NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
CHARACTERS = [
    *(chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))),  # C0, DEL and C1
    *"\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",  # bidirectional (UAX 9)
    *"\u00ad\u200b\u2028\u2029\u2060\ufeff\U000e0041",
]
HOSTILE = "".join(f"a{character}b" for character in CHARACTERS)
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1", "\uff0b1", "\uff0d1", "\uff201"]


def _mail(channel: str) -> str:
    attachments = (Attachment.of(HOSTILE, "text/plain", b"x"),) if channel == "raw" else ()
    messages.send(Message("m1", Channel.EMAIL, "to@example.com", HOSTILE, subject=HOSTILE, attachments=attachments))
    (sent,) = ses_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].sent_messages
    if channel == "plain":
        return f"{sent.subject}{sent.body}"
    read: Any = email.message_from_string(sent.raw_data, policy=email.policy.default)
    body, file = read.iter_parts()
    return f"{read['Subject']}{body.get_content()}{file.get_filename()}".replace("\r\n", "\n")


def _sms() -> str:
    messages.send(Message("m1", Channel.SMS, "+15005550006", HOSTILE))
    (said,) = sns_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].sms_messages.values()
    return str(said[1])


def _csv() -> str:
    ticket = NumberedTicket(
        "p", "s", ticket_id="tkt_1", organization_id="o", job_id="j", prefix="RUN", number=1, ordinal=1,
        extra=json.dumps(HOSTILE), created_by="u", generated_at=NOW,
    )  # fmt: skip
    _, row = csv.reader(io.StringIO(ticket_lists.render([ticket]).decode("utf-8-sig"), newline=""))
    return "".join(row)


def _pdf_text(content: bytes) -> str:
    reader = pypdf.PdfReader(BytesIO(content))
    assert reader.metadata
    return "".join(page.extract_text() for page in reader.pages) + str(reader.metadata.title)


def _invoice() -> str:
    sheet = Sheet(HOSTILE, issued_at=NOW, texts=[HOSTILE])
    sheet.heading([HOSTILE, HOSTILE])
    sheet.block([HOSTILE])
    sheet.table([HOSTILE, HOSTILE], [(HOSTILE, HOSTILE)], widths=(50, 50))
    sheet.totals([(HOSTILE, HOSTILE)])
    return _pdf_text(sheet.content())


def _sheet() -> str:
    tickets = [PrintedTicket("CODE", "RUN-000001", (HOSTILE,))]
    return _pdf_text(ticket_sheets.render(tickets, sheet_layout.layout(None), name=HOSTILE, made_at=NOW))


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """The stream that the platform's log is written to, which is restored at the end."""
    handler: Any = logger.registered_handler
    before, formatter, heard = handler.stream, handler.formatter, io.StringIO()
    handler.setStream(heard)
    yield heard
    handler.setStream(before)
    handler.setFormatter(formatter)


def _log_lines() -> None:
    logger.error(HOSTILE, extra={"route": HOSTILE, HOSTILE: HOSTILE})
    logger.error("request", extra={"method": HOSTILE, "route": HOSTILE, "code": HOSTILE, "portal": HOSTILE})
    try:
        int(HOSTILE)
    except ValueError:
        logger.exception("failed")


SINKS: dict[str, Callable[[], str]] = {
    "mail": lambda: _mail("plain"),
    "mail with a file": lambda: _mail("raw"),
    "SMS": _sms,
    "list": _csv,
    "invoice": _invoice,
    "ticket sheet": _sheet,
}


def _drawing(text: str) -> set[str]:
    return {
        f"U+{ord(c):04X}"
        for c in text
        if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp", "Cs") and c not in "\n\t\u200c\u200d"
    }


@pytest.mark.parametrize("sink", SINKS.values(), ids=SINKS)
def test_no_character_draws_where_text_leaves_the_platform(sink: Callable[[], str]) -> None:
    shown = sink()
    assert _drawing(shown) == set()
    assert "ab" in shown or "<U+001B>" in shown


@pytest.mark.parametrize("form", ["JSON", "terminal"])
def test_no_character_draws_in_the_log(stream: io.StringIO, form: str) -> None:
    if form == "terminal":
        logger.registered_handler.setFormatter(terminal_log.TerminalFormatter(has_colours=False))
    _log_lines()
    assert _drawing(stream.getvalue()) == set()
    assert len(stream.getvalue()) > len(HOSTILE)


def test_no_character_draws_at_the_terminal_of_a_local_run(capsys: pytest.CaptureFixture[str]) -> None:
    console.step(HOSTILE)
    console.complain(HOSTILE)
    out, errors = capsys.readouterr()
    assert _drawing(out) == _drawing(errors) == set()
    assert "<U+001B>" in out


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_cell_of_a_list_is_a_formula(formula: str) -> None:
    assert spreadsheet_cell(formula).startswith("'")


@pytest.mark.parametrize(
    "name", ["Łukasz Žižek", "O'Brien", "李小龍", "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627", "👩\u200d🚀 Ada"]
)
def test_a_name_of_any_language_leaves_as_it_is(name: str) -> None:
    assert legible(name) == spreadsheet_cell(name) == name


@pytest.mark.parametrize(
    ("text", "is_kept"),
    [
        ("a \u2068\u0639\u2069, 12", True),
        ("\u2068a\u2069\n\u2068b\u2069", True),
        ("\u2068a", False),
        ("a\u2069", False),
        ("\u2068a\n\u2069", False),
        ("\u2068a\u2068b\u2069\u2069", False),
        ("\u2068a\u202e\u2069", False),
    ],
)
def test_a_mail_keeps_isolates_that_end_in_their_line_and_no_others(text: str, is_kept: bool) -> None:
    assert (legible(text, lines=True, isolates=True) == text) is is_kept
    assert "\u2068" not in legible(text, lines=True)
