"""The checker itself: the histories that it must accept, and those that it must reject."""

import pytest

from tests.truth.linearizability import Call, is_linearizable


def yes(scan: str, began: float, ended: float) -> Call:
    return Call(scan, began, ended, admitted=True)


def no(scan: str, began: float, ended: float, winner: str | None = None) -> Call:
    return Call(scan, began, ended, admitted=False, winner=winner)


GOOD = {
    "nobody scanned": [],
    "one scan": [yes("a", 0, 1)],
    "a second scan later is refused": [yes("a", 0, 1), no("b", 2, 3, "a")],
    "two at once, one wins": [no("b", 0, 3, "a"), yes("a", 1, 2)],
    "a repeat of the winner is admitted again": [yes("a", 0, 1), no("b", 2, 3, "a"), yes("a", 4, 5)],
    "sixteen at once": [yes("a", 0, 9), *(no(f"b{n}", n / 2, 10 + n, "a") for n in range(15))],
}
BAD = {
    "two winners at once": [yes("a", 0, 2), yes("b", 1, 3)],
    "two winners one after the other": [yes("a", 0, 1), yes("b", 2, 3)],
    "a refusal before anybody was admitted": [no("b", 0, 1), yes("a", 2, 3)],
    "nobody was admitted": [no("a", 0, 1), no("b", 0, 1)],
    "the winner's repeat is refused": [yes("a", 0, 1), no("a", 2, 3)],
    "a refusal names another winner": [yes("a", 0, 1), no("b", 2, 3, "c")],
    "a loser's repeat is admitted": [yes("a", 0, 1), no("b", 2, 3, "a"), yes("b", 4, 5)],
}


@pytest.mark.parametrize("name", GOOD)
def test_a_possible_history_passes(name: str) -> None:
    assert is_linearizable(GOOD[name])


@pytest.mark.parametrize("name", BAD)
def test_an_impossible_history_is_caught(name: str) -> None:
    assert not is_linearizable(BAD[name])
