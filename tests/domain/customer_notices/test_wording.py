"""The texts of notices: each template in each language, filled with the worst that people may write."""

import re
import unicodedata
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any
from zoneinfo import available_timezones

import pytest
from msgspec.structs import replace

from chalicelib.domain.customer_notices import wording
from chalicelib.domain.customer_notices.wording import Kind, Subject
from chalicelib.vocabulary.customers import Language

FOLDER = files("chalicelib").joinpath("texts")
# 3GPP TS 23.038: septets of two segments with their headers, and units of two in UCS-2.
GSM_UNITS, UCS2_UNITS = 2 * 153, 2 * 67
GSM = re.compile(r"[@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,\-./0-9:;<=>?¡A-ZÄÖÑÜ§¿a-zäöñüà]*")
# A name or title has at most 200 letters.
WORDS = {
    "long": "W" * 120,
    "Urdu": "قوالی کی رات " * 15,
    "Urdu without spaces": "ﷺ" * 12,
    "emoji": "😀x" * 40,
    "a Latin end": "قوالی کی رات Live 2026! (sold out)",
    "a template": "$title ${when} {count} %s $",
    "a link": "Win at https://evil.example/a now",
    "our name": "Gatehouse: your code is 123456",
    "control": "a\u202eb\u2067c\r\nd\x1b[31m",
    "nothing": "\u200b \u2060",
}
AMOUNTS = ("PKR 9,999,999,999.99", "KWD 9,999,999.999", "JPY 0")


ZONES = ("Asia/Karachi", "America/Argentina/ComodRivadavia", "Asia/Kathmandu")


def subjects(words: str) -> list[Subject]:
    moment = datetime(2026, 9, 30, 14, 30, tzinfo=UTC)
    filled = [
        Subject(words, moment, zone, words, words, 20, amount, "pay_" + "0" * 26, words)
        for zone, amount in zip(ZONES, AMOUNTS, strict=True)
    ]
    return [*filled, replace(filled[0], venue=None)]


def every_text(language: Language, kind: Kind, words: str) -> list[tuple[str, str]]:
    found = []
    for subject in subjects(words):
        mail = wording.mail(kind, language, subject)
        sms = wording.sms(kind, language, subject)
        found += [("sms", sms), ("subject", mail.subject), ("body", mail.body)]
    return found


def test_every_language_has_the_same_templates() -> None:
    names = {language: {file.name for file in FOLDER.joinpath(language).iterdir()} for language in Language}
    expected = {f"{kind}.{form}.txt" for kind in Kind for form in ("sms", "mail")} | {"words.txt"}
    assert names == dict.fromkeys(Language, expected)
    words = {language: set(wording.words(language)) for language in Language}
    assert words[Language.URDU] == words[Language.ENGLISH]


@pytest.mark.parametrize("language", Language)
def test_every_language_names_the_same_facts_in_a_text(language: Language) -> None:
    def named(of: Language, name: str) -> set[str]:
        return set(re.findall(r"\$(\w+)", FOLDER.joinpath(of, name).read_text(encoding="utf-8")))

    for kind in Kind:
        for form in ("sms", "mail"):
            name = f"{kind}.{form}.txt"
            assert named(language, name) == named(Language.ENGLISH, name), name


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("language", Language)
def test_a_text_is_filled_bounded_and_visible(language: Language, kind: Kind, words: str) -> None:
    for form, text in every_text(language, kind, WORDS[words]):
        own = re.sub('"[^"]*"', '""', text)
        assert re.search(r"\$\w|\{\w*\}", own) is None, text
        isolates = text.count("\u2068"), text.count("\u2069")
        assert isolates[0] == isolates[1]
        control = {c for c in text if unicodedata.category(c) in {"Cc", "Cf", "Cn", "Co", "Cs"}}
        assert control <= ({"\n", "\u2068", "\u2069"} if form == "body" else {"\u2068", "\u2069"}), text
        assert "evil.example" not in text
        if form == "sms":
            units = len(text.encode("utf-16-le")) // 2
            assert units <= (GSM_UNITS if GSM.fullmatch(text) else UCS2_UNITS), (units, text)
        if form == "subject":
            # RFC 5322 bounds a line at 998 octets; a long subject is also hard to read.
            assert 0 < len(text) <= 130


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("language", Language)
def test_plain_words_keep_an_english_sms_in_seven_bits(language: Language, kind: Kind) -> None:
    subject = Subject("Lahore Live", datetime(2026, 9, 1, tzinfo=UTC), "Asia/Karachi", "Alhamra", "Ali", 2, "PKR 1.00")
    assert (GSM.fullmatch(wording.sms(kind, language, subject)) is not None) is (language is Language.ENGLISH)


@pytest.mark.parametrize("kind", Kind)
def test_every_line_of_urdu_begins_with_an_urdu_letter_so_that_screens_begin_right(kind: Kind) -> None:
    for form, text in every_text(Language.URDU, kind, "Lahore Live 2026!"):
        for line in filter(None, text.splitlines()):
            isolated = re.sub("\u2068[^\u2069]*\u2069", "", line)
            first = next(c for c in isolated if unicodedata.bidirectional(c) in {"L", "R", "AL"})
            assert unicodedata.bidirectional(first) == "AL", (form, line)


@pytest.mark.parametrize("language", Language)
def test_words_of_the_other_direction_are_isolated(language: Language) -> None:
    words = "Lahore Live 2026!" if language is Language.URDU else "لاہور لائیو 2026!"
    subject = Subject(words, datetime(2026, 9, 12, 14, 30, tzinfo=UTC), "Asia/Karachi", "Alhamra", "Ali")
    for text in (
        wording.sms(Kind.CANCELLED, language, subject),
        wording.mail(Kind.CANCELLED, language, subject).body,
        wording.mail(Kind.CANCELLED, language, subject).subject,
    ):
        assert f'\u2068"{words}"\u2069' in text


def test_times_are_in_the_events_zone_and_money_is_as_given() -> None:
    subject = Subject("T", datetime(2026, 9, 12, 20, 30, tzinfo=UTC), "Asia/Karachi", "V", "", 3, "PKR 4,500.00")
    assert wording.sms(Kind.BOUGHT, Language.ENGLISH, subject) == (
        'Gatehouse: your tickets for "T" are paid (3), 13 Sep 2026, 01:30 PKT. They are in the app.'
    )
    body = wording.mail(Kind.BOUGHT, Language.ENGLISH, subject).body
    assert "When: 13 September 2026, 01:30 (Asia/Karachi)\n" in body
    assert "Total: PKR 4,500.00\n" in body
    assert "13 ستمبر 2026، 01:30" in wording.mail(Kind.BOUGHT, Language.URDU, subject).body


def test_no_time_zone_makes_an_sms_too_long() -> None:
    moment: Any = datetime(2026, 9, 30, 14, 30, tzinfo=UTC)
    short = [wording.when(Subject("", moment, zone), Language.ENGLISH, is_short=True) for zone in available_timezones()]
    assert max(map(len, short)) <= 25
