"""Student numbers: anybody may claim one, staff verify one claim, and only then it is proven.

A claim is an item of the number and the account. So nobody is refused because a stranger claimed their number first
(D-CAMPUS-03). The verified claim has a fixed key, written with `attribute_not_exists`.
"""

import unicodedata

from msgspec import Struct

from chalicelib.errors import Conflict, NotFound
from chalicelib.table import keys, operations
from chalicelib.table.items import StudentNumberClaim
from chalicelib.table.operations import Write

_VERIFIED = keys.campus_people.verified_student_number("").sk


class NumberClaims(Struct, frozen=True):
    """Who claims a number: the account whose claim is verified, and all that claim it."""

    verified: str | None
    claimed: tuple[str, ...]


def folded(number: str) -> str:
    """Return a student number as keys have it: without case, spaces, and letters that nobody sees."""
    seen = (letter for letter in unicodedata.normalize("NFKC", number) if unicodedata.category(letter) != "Cf")
    return "".join("".join(seen).casefold().split())


def claiming(number: str, user_id: str) -> Write:
    """Return the write by which an account claims a number; it never fails."""
    place = keys.campus_people.student_number(folded(number), user_id)
    return operations.put(StudentNumberClaim(*place, user_id=user_id))


def withdrawing(number: str, user_id: str) -> Write:
    """Return the write that takes an account's claim back; it never fails."""
    return operations.remove(keys.campus_people.student_number(folded(number), user_id))


def verifying(number: str, user_id: str) -> Write:
    """Return the write that makes an account's claim the verified one. It fails where another claim is."""
    place = keys.campus_people.verified_student_number(folded(number))
    mine = StudentNumberClaim.pk.does_not_exist() | (StudentNumberClaim.user_id == user_id)
    return operations.put(StudentNumberClaim(*place, user_id=user_id), mine)


def releasing(number: str, user_id: str) -> Write:
    """Return the write that takes the verification of an account's claim back. It fails for another's claim."""
    place = keys.campus_people.verified_student_number(folded(number))
    mine = StudentNumberClaim.pk.does_not_exist() | (StudentNumberClaim.user_id == user_id)
    return operations.remove(place, mine)


def verified_for_another(number: str) -> Conflict:
    """Return the refusal of a number whose verified claim is another account's."""
    message = f"{number} is verified for another account already"
    return Conflict(f"student_id: {message}.", details=[{"field": "student_id", "message": message}])


def claims(number: str) -> NumberClaims:
    """Return who claims a number."""
    partition = keys.campus_people.verified_student_number(folded(number)).pk
    verified, claimed = None, []
    for raw in operations.query(partition, consistent=True):
        claim = StudentNumberClaim.from_raw_data(raw)
        if claim.sk == _VERIFIED:
            verified = claim.user_id
        else:
            claimed.append(claim.user_id)
    return NumberClaims(verified, tuple(claimed))


def resolve(number: str) -> str:
    """Return the account that a student number belongs to: of the verified claim, else of the only one.

    Raises NotFound for a number that nobody claims, and Conflict where several claim it and none is verified.
    """
    found = claims(number)
    if found.verified is not None:
        return found.verified
    if len(found.claimed) == 1:
        return found.claimed[0]
    if not found.claimed:
        raise NotFound(f"student_id: nobody has the student number {number}.")
    raise Conflict(f"student_id: {len(found.claimed)} accounts claim {number}. Verify the right one first.")
