"""Who claims each number of a list: in a few requests, however long the list is.

The verified claims are read a hundred at a time. Of the other numbers a short list is asked one by one, side by side. A
long one is compared with the list of all students, which the stream keeps, and only what that does not have is asked.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from chalicelib.domain.campus.people import student_numbers
from chalicelib.domain.campus.people.student_numbers import NumberClaims
from chalicelib.domain.lists import entries
from chalicelib.domain.lists.campus import CAMPUS_USERS
from chalicelib.table import keys, operations
from chalicelib.table.items import StudentNumberClaim
from chalicelib.table.places import Key, whose
from chalicelib.vocabulary.campus import CampusRole

# Requests at a time.
_HANDS = 8
# Numbers that are asked one by one.
_MOST_ASKED = 200
_NOBODY = NumberClaims(None, ())
# Sorts before every entry.
_FIRST = "!"
_READ_AT_ONCE = 2_000


def claims_of(numbers: Collection[str]) -> dict[str, NumberClaims]:
    """Return who claims each of these numbers, by the number as it was given.

    In a long list, a number that was claimed seconds ago may seem to be nobody's.
    """
    spelled = {number: student_numbers.folded(number) for number in numbers}
    wanted = sorted(set(spelled.values()))
    with ThreadPoolExecutor(_HANDS) as hands:
        found: dict[str, NumberClaims] = {}
        size = operations.BATCH_READ_LIMIT
        for several in hands.map(_verified, [wanted[at : at + size] for at in range(0, len(wanted), size)]):
            found |= several
        rest = [number for number in wanted if number not in found]
        if len(rest) > _MOST_ASKED:
            found |= _listed(rest)
            rest = [number for number in rest if number not in found]
        found |= zip(rest[:_MOST_ASKED], hands.map(student_numbers.claims, rest[:_MOST_ASKED]), strict=True)
    return {number: found.get(spelling, _NOBODY) for number, spelling in spelled.items()}


def _verified(numbers: Sequence[str]) -> Mapping[str, NumberClaims]:
    """Return the verified claims of folded numbers."""
    places = {number: keys.campus_people.verified_student_number(number) for number in numbers}
    stored: Mapping[Key, StudentNumberClaim] = operations.get_many(places.values())
    return {
        number: NumberClaims(claim.user_id, (claim.user_id,))
        for number, place in places.items()
        if (claim := stored.get(place)) is not None
    }


def _listed(numbers: Sequence[str]) -> dict[str, NumberClaims]:
    """Return who of all students has one of these folded numbers in the profile, which claims it."""
    index = entries.index_text(("role",), {"role": CampusRole.STUDENT})
    partition = keys.lists.entries(CAMPUS_USERS.name, "created_at", index, shard=0)
    wanted, claimed = set(numbers), defaultdict[str, list[str]](list)
    for raws in operations.stream(Key(partition, _FIRST), ["item_pk", "facts"], page=_READ_AT_ONCE):
        for raw in raws:
            for number in json.loads(raw["facts"]["S"])["filters"].get("student_id", ()):
                folded = student_numbers.folded(number)
                if folded in wanted:
                    claimed[folded].append(whose(raw["item_pk"]["S"]))
    return {number: NumberClaims(None, tuple(user_ids)) for number, user_ids in claimed.items()}
