"""The texts of notices: templates in `chalicelib/texts/<language>/`, filled with safe values (D-NOTE-03).

`<kind>.sms.txt` is an SMS. `<kind>.mail.txt` is a mail: its subject, an empty line, its body. `words.txt` has the names
of months and the labels of documents. A value that a person wrote is a quotation (`quotations`), so that no template
can be filled with words that pass for the platform's. An SMS has at most two segments, also in UCS-2.
"""

import unicodedata
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from string import Template

from msgspec import Struct

from chalicelib.domain import timezones
from chalicelib.domain.quotations import quote
from chalicelib.vocabulary.customers import Language

# UTF-16 units. A mail has more room than an SMS, whose quotations share two segments of 67 units.
_QUOTED_IN_SMS, _PERSON_IN_SMS, _QUOTED_IN_MAIL, _REASON_IN_MAIL = 30, 20, 60, 200
# First strong isolate and its end (UAX 9): an Urdu title in an English line must not draw the date after it along.
_ISOLATE, _END = "\u2068", "\u2069"
# The classes of letters that are written from left to right, and from right to left (UAX 9).
_LTR, _RTL = frozenset({"L"}), frozenset({"R", "AL"})


class Kind(StrEnum):
    """What a notice is about; its templates have the same name."""

    BOUGHT = "bought"
    REFUNDED = "refunded"
    REFUNDED_TO_CARD = "refunded_to_card"
    GIVEN_BACK = "given_back"
    REFUND_REFUSED = "refund_refused"
    RETURNED = "returned"
    BALANCE_RETURNED = "balance_returned"
    RECEIVED = "received"
    HANDED_ON = "handed_on"
    MOVED = "moved"
    CANCELLED = "cancelled"
    CARD_APPROVED = "card_approved"
    CARD_READY = "card_ready"
    CARD_SENT = "card_sent"
    CARD_REFUSED = "card_refused"


class Subject(Struct, frozen=True):
    """The facts that a text may name; each template names some of them. `amount` has its currency."""

    title: str = ""
    starts_at: datetime | None = None
    zone: str = "UTC"
    venue: str | None = None
    person: str = ""
    count: int = 0
    amount: str = ""
    reference: str = ""
    # What a member of staff wrote.
    reason: str = ""


class Mail(Struct, frozen=True):
    """A filled mail."""

    subject: str
    body: str


def sms(kind: Kind, language: Language, subject: Subject) -> str:
    """Return the SMS of a notice, of at most two segments."""
    values = {
        **_plain(subject),
        "title": quote(subject.title, longest=_QUOTED_IN_SMS),
        "person": quote(subject.person, longest=_PERSON_IN_SMS),
        "reason": quote(subject.reason, longest=_QUOTED_IN_SMS),
        "venue": quote(subject.venue, longest=_PERSON_IN_SMS) if subject.venue else words(language)["no_venue"],
        "when": when(subject, language, is_short=True),
    }
    return _template(language, f"{kind}.sms").substitute(_isolated(values, language)).strip()


def mail(kind: Kind, language: Language, subject: Subject) -> Mail:
    """Return the mail of a notice."""
    values = {
        **_plain(subject),
        "title": quote(subject.title, longest=_QUOTED_IN_MAIL),
        "person": quote(subject.person, longest=_QUOTED_IN_MAIL),
        "reason": quote(subject.reason, longest=_REASON_IN_MAIL),
        "venue": quote(subject.venue, longest=_QUOTED_IN_MAIL) if subject.venue else words(language)["no_venue"],
        "when": when(subject, language),
    }
    filled = _template(language, f"{kind}.mail").substitute(_isolated(values, language))
    head, _, body = filled.partition("\n\n")
    return Mail(head, f"{body.strip()}\n")


def _isolated(values: Mapping[str, str], language: Language) -> dict[str, str]:
    """Return the values, each with letters of the other direction as an isolate; plain values cost no letter more."""
    other = _LTR if is_rtl(language) else _RTL
    return {
        name: f"{_ISOLATE}{value}{_END}" if any(unicodedata.bidirectional(c) in other for c in value) else value
        for name, value in values.items()
    }


def _plain(subject: Subject) -> dict[str, str]:
    return {"count": str(subject.count), "amount": subject.amount, "reference": subject.reference}


def is_rtl(language: Language) -> bool:
    """Whether a language is written from right to left."""
    return language is Language.URDU


def when(subject: Subject, language: Language, *, is_short: bool = False) -> str:
    """Return the start of an event in its own time zone; the short form names the zone by its abbreviation."""
    if subject.starts_at is None:
        return ""
    there, word = timezones.local(subject.starts_at, subject.zone), words(language)
    month = word[f"month_{there.month}"]
    if is_short and not is_rtl(language):
        month = month[:3]
    zone = there.strftime("%Z") if is_short else f"({subject.zone})"
    return f"{there.day} {month} {there.year}{word['comma']} {there:%H:%M} {zone}"


@lru_cache(maxsize=64)
def _template(language: Language, name: str) -> Template:
    text = files("chalicelib").joinpath("texts", language.value, f"{name}.txt").read_text(encoding="utf-8")
    return Template(text.strip())


@lru_cache(maxsize=4)
def words(language: Language) -> Mapping[str, str]:
    """Return a language's words for dates and documents."""
    lines = _template(language, "words").template.splitlines()
    return {name: text for name, _, text in (line.partition(" = ") for line in lines)}
