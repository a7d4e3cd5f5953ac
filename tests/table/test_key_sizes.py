"""No text from outside makes a key that DynamoDB refuses: each key function is asked with the worst texts.

A function that is added to an area is asked too, with each of its texts at the greatest length of the schemas.
"""

import inspect
import itertools
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from types import FunctionType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

import app  # noqa: F401  # declares the routes
from chalicelib import folding
from chalicelib.portals.http.route import ROUTES
from chalicelib.table import keys
from chalicelib.table.items import Item
from chalicelib.table.places import MOST_BYTES, Key, beginning, bounded, joined
from chalicelib.table.ranges import Begins, Between
from tests.support.explore import explore
from tests.table.test_keys import FUNCTIONS

# AWS: "Quotas in Amazon DynamoDB".
MOST_PARTITION, MOST_SORT = 2048, 1024
# Texts this long are files, such as a roster in CSV or a picture in base64: no key is made of them.
A_FILE = 100_000
# One ASCII letter; four bytes each; one character that search folds to 18 (33 bytes) and one to three.
WORST = {"ascii": "a", "four bytes": "\U0001f3ab", "ligature": "\ufdfa", "three letters": "\ufb03", "sharp s": "ß"}


def _lengths_in(schema: Any) -> Iterator[int]:
    if isinstance(schema, dict):
        if isinstance(length := schema.get("maxLength"), int):
            yield length
        for value in schema.values():
            yield from _lengths_in(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _lengths_in(value)


@cache
def longest_of_the_schemas() -> int:
    """Return the greatest length of a text in a body or query of any route, in characters."""
    models = {model for route in ROUTES for model in (route.body, route.query) if model is not None}
    lengths = itertools.chain.from_iterable(_lengths_in(TypeAdapter[Any](model).json_schema()) for model in models)
    return max(length for length in lengths if length < A_FILE)


def _arguments(function: FunctionType, text: str) -> Iterator[dict[str, Any]]:
    """Yield arguments with the text in one parameter, the others ordinary, and with it in all of them."""
    signature = inspect.signature(function, eval_str=True).parameters
    ordinary: dict[str, Any] = {}
    texts: list[str] = []
    for name, parameter in signature.items():
        if parameter.annotation in (str, str | None):
            texts.append(name)
            ordinary[name] = "evt_01HZX3V5K8Q4M2N7P9R6S1T0WB"
        elif parameter.annotation is int:
            ordinary[name] = 10**9
        elif parameter.annotation is datetime:
            ordinary[name] = datetime(2026, 11, 27, tzinfo=UTC)
        else:
            raise AssertionError(f"{function.__qualname__}: no example of {parameter.annotation}")
    yield ordinary
    for name in texts:
        yield ordinary | {name: text}
    yield ordinary | dict.fromkeys(texts, text)


def _called(function: FunctionType, arguments: dict[str, Any]) -> Any:
    signature = inspect.signature(function).parameters
    several = [name for name, each in signature.items() if each.kind is inspect.Parameter.VAR_POSITIONAL]
    named = {name: value for name, value in arguments.items() if name not in several}
    return function(*(arguments[name] for name in several for _ in range(4)), **named)


def _sizes(made: Any) -> Iterator[tuple[int, int]]:
    """Yield the size of what a key function returned, and the greatest size that it may have."""
    if isinstance(made, Key):
        yield len(made.pk.encode()), MOST_PARTITION
        yield len(made.sk.encode()), MOST_SORT
    elif isinstance(made, str):
        yield len(made.encode()), MOST_SORT
    elif isinstance(made, Between):
        yield from _sizes([made.first, made.last])
    elif isinstance(made, Begins):
        yield from _sizes(made.prefix)
    elif isinstance(made, list | tuple):
        for each in made:
            yield from _sizes(each)
    else:
        assert isinstance(made, int), made


# They read a key.
_NO_KEYS = {
    "told_number",
    "uid_assigned",
    "ticket_of_attendee_word",
    "scanned_ticket",
    "period_of",
    "date_of",
    "hour_of",
    "campus_of",
    "day_of_campus",
}
_MAKERS = [function for function in FUNCTIONS if function.__name__ not in _NO_KEYS]


@pytest.mark.parametrize("function", _MAKERS, ids=lambda function: f"{function.__module__}.{function.__name__}")
def test_no_text_makes_a_key_that_is_too_long(function: FunctionType) -> None:
    longest = longest_of_the_schemas()
    # A title has 200 characters; a description more.
    assert longest > 200
    for length, worst in itertools.product((100, longest), WORST.values()):
        for arguments in _arguments(function, worst * length):
            for size, most in _sizes(_called(function, arguments)):
                assert size <= most, (function.__name__, worst, length)


def test_a_name_of_a_hundred_ligatures_is_found_by_its_beginning_with_its_ticket() -> None:
    name = "\ufdfa" * 100
    key = keys.gate.attendee("evt_1", name, "tkt_1")
    assert len("".join(folding.words(name)).encode()) > MOST_SORT
    assert key.sk.endswith("#tkt_1")
    for prefix in (name, name[:1], name[:50]):
        assert key.pk == keys.gate.attendees("evt_1", prefix)
        assert key.sk.startswith(keys.gate.attendee_prefix(prefix))


@explore(most=60, fewest=60)
@given(st.text("aß\u0301\ufdfa\ufb03\U0001f3ab #", max_size=100), st.integers(0, 2000))
def test_each_prefix_of_a_name_finds_it(name: str, length: int) -> None:
    key = keys.gate.attendee("evt_1", name, "tkt_1")
    assert key.sk.startswith(keys.gate.attendee_prefix(name[:length]))


@explore(most=100, fewest=100)
@given(st.text(max_size=600), st.integers(1, 600))
def test_a_beginning_ends_at_a_character_and_is_the_longest_that_fits(text: str, most: int) -> None:
    cut = beginning(text, most=most)
    assert text.startswith(cut)
    assert len(cut.encode()) <= most
    assert cut == text or len(text[: len(cut) + 1].encode()) > most


@explore(most=20, fewest=20)
@given(st.text(min_size=250, max_size=1100), st.text(min_size=250, max_size=1100))
def test_two_texts_make_two_keys_also_where_they_are_cut(one: str, other: str) -> None:
    same_beginning = joined("x" * MOST_BYTES, one), joined("x" * MOST_BYTES, other)
    assert (same_beginning[0] == same_beginning[1]) == (one == other)
    assert bounded(bounded(one)) == bounded(one)


def test_a_key_that_fits_is_unchanged() -> None:
    for text in ("a" * MOST_BYTES, "\U0001f3ab" * (MOST_BYTES // 4), ""):
        assert bounded(text) == text
        assert Key(text, text) == (text, text)
    assert bounded("a" * (MOST_BYTES + 1)) != "a" * (MOST_BYTES + 1)


def test_a_folded_text_leaves_room_for_an_id() -> None:
    assert len(joined("\U0001f3ab" * folding.MOST_CHARACTERS, "tkt_" + "0" * 64).encode()) < MOST_SORT


def test_the_folding_of_no_character_is_longer_than_the_worst_one_here() -> None:
    def grown(character: str) -> int:
        return len(unicodedata.normalize("NFKD", character).casefold().encode())

    longest = max(map(chr, (*range(0xD800), *range(0xE000, 0x110000, 1))), key=grown)
    assert longest == "\ufdfa"


def test_index_keys_are_set_from_a_key_alone() -> None:
    """An index key that is set as a text would pass the bound by."""
    assert set(inspect.signature(Item.in_gsi1).parameters) == {"key"}
    assert inspect.signature(Item.put_in_gsi2, eval_str=True).parameters["key"].annotation is Key
