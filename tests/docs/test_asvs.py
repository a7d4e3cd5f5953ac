"""The table of ASVS is whole, and its evidence and the tests of the security page exist.

Ids and levels: OWASP Application Security Verification Standard 5.0.0, folder 5.0 of github.com/OWASP/ASVS
(CC BY-SA 4.0).
"""

import re
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.docs import pages

# The requirements of levels 1 and 2 by section: "1-3, 5" are four. Those of level 3 are left out.
SECTIONS = {
    "V1.1": "1-2",
    "V1.2": "1-9",
    "V1.3": "1-11",
    "V1.4": "1-3",
    "V1.5": "1-2",
    "V2.1": "1-3",
    "V2.2": "1-3",
    "V2.3": "1-4",
    "V2.4": "1",
    "V3.2": "1-2",
    "V3.3": "1-4",
    "V3.4": "1-6",
    "V3.5": "1-5",
    "V3.7": "1-2",
    "V4.1": "1-3",
    "V4.2": "1",
    "V4.3": "1-2",
    "V4.4": "1-4",
    "V5.1": "1",
    "V5.2": "1-3",
    "V5.3": "1-2",
    "V5.4": "1-3",
    "V6.1": "1-3",
    "V6.2": "1-12",
    "V6.3": "1-4",
    "V6.4": "1-4",
    "V6.5": "1-5",
    "V6.6": "1-3",
    "V6.8": "1-4",
    "V7.1": "1-3",
    "V7.2": "1-4",
    "V7.3": "1-2",
    "V7.4": "1-5",
    "V7.5": "1-2",
    "V7.6": "1-2",
    "V8.1": "1-2",
    "V8.2": "1-3",
    "V8.3": "1",
    "V8.4": "1",
    "V9.1": "1-3",
    "V9.2": "1-4",
    "V10.1": "1-2",
    "V10.2": "1-2",
    "V10.3": "1-4",
    "V10.4": "1-11",
    "V10.5": "1-5",
    "V10.6": "1-2",
    "V10.7": "1-3",
    "V11.1": "1-2",
    "V11.2": "1-3",
    "V11.3": "1-3",
    "V11.4": "1-4",
    "V11.5": "1",
    "V11.6": "1",
    "V12.1": "1-3",
    "V12.2": "1-2",
    "V12.3": "1-4",
    "V13.1": "1",
    "V13.2": "1-5",
    "V13.3": "1-2",
    "V13.4": "1-5",
    "V14.1": "1-2",
    "V14.2": "1-4",
    "V14.3": "1-3",
    "V15.1": "1-3",
    "V15.2": "1-3",
    "V15.3": "1-7",
    "V16.1": "1",
    "V16.2": "1-5",
    "V16.3": "1-4",
    "V16.4": "1-3",
    "V16.5": "1-3",
    "V17.1": "1",
    "V17.2": "1-4",
    "V17.3": "1-2",
}
# How many each chapter has: a slip in a range above shows.
_COUNTS = (27, 11, 19, 10, 9, 35, 18, 7, 7, 29, 14, 9, 13, 9, 13, 16, 7)
CHAPTERS = {f"V{number}": count for number, count in enumerate(_COUNTS, start=1)}
ANSWERS = ("yes", "no", "n/a")
_ROW = re.compile(r"^\| (V\d+\.\d+\.\d+) \| ([^|]+) \| ([^|]+) \| ([^|]*) \|$", re.MULTILINE)
ASVS = (pages.ROOT / "docs" / "asvs.md").read_text(encoding="utf-8")
SECURITY = (pages.ROOT / "docs" / "security.md").read_text(encoding="utf-8")
ROWS = _ROW.findall(ASVS)
# A reason has at least two words, so that a dash is none.
_REASON = re.compile(r"\w+\W+\w+")
_TEST = re.compile(r"`((?:tests|reader-agent/tests)/[^`]+\.py|test_\w+\.py)`")
# How the header of a table of rules begins.
_OF_RULES = ("| rule ", "| door ", "| actor ", "| portal ")
# Sections of the security page that hold no rules.
_NO_RULES = ("Out of scope", "Known gaps")


def _required() -> Iterator[str]:
    for section, numbers in SECTIONS.items():
        for part in numbers.split(", "):
            first, _, last = part.partition("-")
            yield from (f"{section}.{number}" for number in range(int(first), int(last or first) + 1))


def test_every_requirement_of_levels_1_and_2_has_one_row_in_the_order_of_the_standard() -> None:
    required = list(_required())
    assert Counter(each.partition(".")[0] for each in required) == CHAPTERS
    assert [number for number, *_ in ROWS] == required


def test_every_answer_is_one_of_three_words_and_the_summary_counts_them() -> None:
    counted = Counter(answer for _, _, answer, _ in ROWS)
    assert set(counted) == set(ANSWERS)
    assert f"| {len(ROWS)} | {' | '.join(str(counted[answer]) for answer in ANSWERS)} |" in ASVS


@pytest.mark.parametrize("row", [row for row in ROWS if row[2] == "yes"], ids=lambda row: row[0])
def test_every_yes_names_evidence_that_exists(row: tuple[str, str, str, str]) -> None:
    evidence = list(pages.paths(row[3]))
    assert evidence
    assert [path for path in evidence if not (pages.ROOT / path).is_file()] == []


def test_every_no_and_every_not_applicable_has_a_reason() -> None:
    assert [number for number, _, answer, reason in ROWS if answer != "yes" and not _REASON.search(reason)] == []


def test_every_test_that_the_security_page_names_exists() -> None:
    named = [test for _, folder, text in _rules() for test in _tests(text, folder)]
    assert len(named) > 50
    assert sorted({test for test in named if not (pages.ROOT / test).is_file()}) == []


def test_every_rule_of_the_security_page_names_its_test() -> None:
    assert [text for kind, folder, text in _rules() if kind == "rule" and not list(_tests(text, folder))] == []


def test_a_rule_without_a_test_is_found() -> None:
    header = "## Doors\n\n| rule | test in `tests/security/` |\n|---|---|\n"
    page = f"{header}| closed | `test_texts.py` |\n| open | none |\n\n- shut\n  twice\n"
    without = [text for kind, folder, text in _rules(page) if kind == "rule" and not list(_tests(text, folder))]
    assert without == ["| open | none |", "- shut twice"]
    named = [test for _, folder, text in _rules(page) for test in _tests(text, folder)]
    assert named == ["tests/security/test_texts.py"]


def _rules(page: str = SECURITY) -> Iterator[tuple[str, str, str]]:
    """Yield the parts of the page: their kind, the folder of their tests, and their text.

    The kind of a rule is "rule": a bullet, or a row of a table of rules. A header "test in
    `folder`" gives the folder of its rows.
    """
    heading, header, folder = "", "", ""
    for block in _blocks(page.splitlines()):
        is_header = block.startswith("|") and not header
        if is_header:
            header = block
            folder = header.rpartition("test in `")[2].partition("`")[0] if "test in `" in header else ""
        elif not block.startswith("|"):
            header, folder = "", ""
            heading = block.lstrip("# ") if block.startswith("#") else heading
        is_row = bool(header) and not is_header and not block.startswith("|--")
        is_rule = block.startswith("- ") or (is_row and header.startswith(_OF_RULES))
        yield "rule" if is_rule and heading not in _NO_RULES else "text", folder, block


def _blocks(lines: list[str]) -> Iterator[str]:
    """Yield rows, headings, bullets and paragraphs, each as one line."""
    block = ""
    for line in lines:
        if block and (not line or line.startswith(("|", "#", "- "))):
            yield block
            block = ""
        block = f"{block} {line.strip()}".strip()
    if block:
        yield block


def _tests(text: str, folder: str) -> Iterator[str]:
    for test in _TEST.findall(text):
        yield test if "/" in test else f"{folder}{test}"
