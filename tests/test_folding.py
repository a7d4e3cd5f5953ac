"""Names as people search for them: every word of a name finds it, in each form in which it is typed."""

import subprocess
import sys
import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib import folding
from tests.support import typed_names

SOME = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
_WORDS = st.text(typed_names.LETTERS, min_size=1, max_size=9).filter(folding.typed)
_NAMES = (
    st.lists(_WORDS, min_size=1, max_size=8)
    .map(" ".join)
    .filter(lambda name: len(folding.words(name)) <= folding.MOST_WORDS)
)


@pytest.mark.parametrize(("typed", "stored"), typed_names.PAIRS)
def test_a_name_is_found_as_people_type_it(typed: str, stored: str) -> None:
    assert folding.is_found(stored, typed)


@pytest.mark.parametrize(("typed", "stored"), typed_names.STRANGERS)
def test_another_name_is_not_found(typed: str, stored: str) -> None:
    assert not folding.is_found(stored, typed)


@SOME
@given(name=_NAMES, place=st.integers(0, 7), length=st.integers(1, 9))
def test_any_word_of_any_name_finds_it_typed_in_part_and_in_any_form(name: str, place: int, length: int) -> None:
    words = name.split(" ")
    word = words[place % len(words)][:length]
    for form in typed_names.FORMS:
        typed = form(word)
        assert not folding.typed(typed) or folding.is_found(name, typed), (name, typed)
    assert folding.is_found(name, " ".join(reversed(words)))
    assert folding.is_found(name, name.replace(" ", ""))


@settings(SOME, max_examples=200)
@given(name=st.text(max_size=40))
def test_folding_twice_changes_nothing_and_a_prefix_stays_one(name: str) -> None:
    once = folding.typed(name)
    assert folding.typed(once) == once
    assert len(once) <= folding.MOST_CHARACTERS
    assert folding.typed(unicodedata.normalize("NFC", name)) == once


def test_of_many_words_the_first_and_the_longest_can_be_searched() -> None:
    name = "A of in the to at by on Festival Literature Lahore Punjab Karachi Sindh"
    assert len(folding.beginnings(name)) == folding.MOST_WORDS
    for word in ("Festival", "Literature", "Lahore", "Punjab", "Karachi", "Sindh"):
        assert folding.is_found(name, word)


def test_tables_of_other_scripts_are_read_on_use_only() -> None:
    code = "import sys; from chalicelib import folding as f; f.typed('Ayesha Khan'); print('anyascii' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"
