"""Bugs of search: a word or a form of it that finds nothing, a name that is no longer true."""

from tests.mutants.seeded.mutant import Mutant

_SEARCH = "tests/portals/test_search.py"
_FOLDING = "tests/test_folding.py"
_NAMES = "chalicelib/domain/gate/attendee_names.py"

MUTANTS = (
    Mutant(
        name="former-names-stay",
        bug="a ticket that was given away stays under its giver's name",
        file=_NAMES,
        before="for place in before if place not in after}",
        after="for place in before if place in after}",
        tests=(f"{_SEARCH}::test_a_ticket_given_away_is_found_by_its_new_name_only_also_if_the_stream_repeats",),
    ),
    Mutant(
        name="stale-names-find",
        bug="an outdated row of a name finds its ticket",
        file=_NAMES,
        before="\n        and folding.is_found(tickets[place].holder_name, name)",
        after="",
        tests=(f"{_SEARCH}::test_a_row_of_a_name_that_is_no_longer_true_finds_nobody",),
    ),
    Mutant(
        name="keyboards-of-arabic-apart",
        bug="a name typed on an Arabic keyboard is not found under its Urdu spelling",
        file="chalicelib/folding.py",
        before=".translate(_WITHIN_WORDS).translate(_ARABIC)",
        after=".translate(_WITHIN_WORDS)",
        tests=(f"{_FOLDING}::test_a_name_is_found_as_people_type_it",),
    ),
    Mutant(
        name="first-words-only",
        bug="of a long title only the first words can be searched",
        file="chalicelib/folding.py",
        before="key=lambda place: -len(found[place]))[: most - 1 - len(others)]\n",
        after="key=lambda place: place)[: most - 1 - len(others)]\n",
        tests=(f"{_FOLDING}::test_of_many_words_the_first_and_the_longest_can_be_searched",),
    ),
)
