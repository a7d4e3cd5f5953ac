"""Lists of expected people that staff send: student numbers or accounts in JSON, or a CSV with one of the two.

Every row is read by itself: a bad one is reported by its line and leaves the others alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from msgspec import Struct

from chalicelib.domain.campus.people import campus_profiles, number_lists, student_numbers
from chalicelib.domain.campus.people.student_numbers import NumberClaims
from chalicelib.domain.documents import csv_lists
from chalicelib.errors import ValidationFailed
from chalicelib.table import keys, operations
from chalicelib.table.items import CampusProfile
from chalicelib.table.places import Place
from chalicelib.vocabulary.campus import CampusRole, RosterAction

MOST = 5_000
# Requests at a time.
_HANDS = 8
# Of what a bad row said, in characters.
_SHOWN = 64
_COLUMNS = ("student_id", "student_number", "student_no", "number", "user_id", "id")
_ACCOUNT = "usr_"
NOBODY = "nobody has this student number"
NO_STUDENT = "is no student"
SEVERAL = "several accounts claim this student number; verify the right one first"


class RosterInput(Struct, frozen=True):
    """A list as it was sent; an empty one is a roster of nobody, and None says nothing."""

    student_ids: Sequence[str] | None = None
    users: Sequence[str] | None = None
    csv: str | bytes | None = None
    action: RosterAction = RosterAction.REPLACE
    # The roster's version as the sender read it; None for any.
    version: int | None = None

    @property
    def says_nothing(self) -> bool:
        """Whether no list was sent at all."""
        return self.student_ids is None and self.users is None and self.csv is None

    @property
    def field(self) -> str:
        """The field that names the people."""
        return "csv" if self.csv is not None else "student_ids" if self.student_ids else "users"


class RosterRow(Struct, frozen=True):
    """A row of a list, by its line in the file or its place in the list, both from 1."""

    line: int
    said: str


class UnknownRow(Struct, frozen=True):
    """A row that is not on the roster, and why."""

    line: int
    said: str
    message: str


class RosterList(Struct, frozen=True):
    """A list as read: the accounts of its people, and what names nobody."""

    user_ids: frozenset[str]
    unknown: Sequence[UnknownRow]


def read(sent: RosterInput) -> RosterList:
    """Return the people of a list. Raises ValidationFailed, such as for the encoding of a CSV or too many rows."""
    student_ids, users, text = sent.student_ids, sent.users, sent.csv
    if text is not None and (student_ids is not None or users is not None):
        raise _wrong("csv", "name the people either in csv, or in student_ids and users")
    if text is not None:
        rows = [RosterRow(*cell) for cell in csv_lists.cells(csv_lists.decoded(text), _COLUMNS)]
    else:
        rows = [RosterRow(line, said) for line, said in enumerate((*(student_ids or ()), *(users or ())), start=1)]
    if len(rows) > MOST:
        raise _wrong(sent.field, f"must name at most {MOST:,} people; this names {len(rows):,}")
    return _resolved(rows)


def _resolved(rows: Iterable[RosterRow]) -> RosterList:
    """Return the accounts of rows; a person who is named twice is listed once."""
    known = [RosterRow(row.line, row.said.strip()) for row in rows]
    accounts = {row.said for row in known if row.said.startswith(_ACCOUNT)}
    numbers = {row.said for row in known if row.said not in accounts and student_numbers.folded(row.said)}
    claims = number_lists.claims_of(numbers)
    students = _students(accounts.union(*(_owners(claimed) for claimed in claims.values())))
    found: set[str] = set()
    unknown: list[UnknownRow] = []
    for row in known:
        user_id, problem = _answer(row.said, students, claims)
        if user_id is None:
            unknown.append(UnknownRow(row.line, row.said[:_SHOWN], problem))
        else:
            found.add(user_id)
    return RosterList(frozenset(found), unknown)


def _students(user_ids: Iterable[str]) -> set[str]:
    """Return which of these accounts are students, and not erased."""
    places = [keys.campus_people.profile(user_id) for user_id in user_ids]
    size = operations.BATCH_READ_LIMIT
    with ThreadPoolExecutor(_HANDS) as hands:
        parts = list(hands.map(_read, [places[at : at + size] for at in range(0, len(places), size)]))
    profiles = [profile for part in parts for profile in part]
    students = (profile for profile in profiles if profile.role == CampusRole.STUDENT)
    return {profile.user_id for profile in students if not campus_profiles.is_erased(profile)}


def _read(places: Sequence[Place[CampusProfile]]) -> list[CampusProfile]:
    return [*operations.get_many(places).values()]


def _owners(claimed: NumberClaims) -> tuple[str, ...]:
    """Return whose number it is: of the verified claim, else of all."""
    return claimed.claimed if claimed.verified is None else (claimed.verified,)


def _answer(said: str, students: set[str], claims: Mapping[str, NumberClaims]) -> tuple[str | None, str]:
    """Return the account that a row names, or None and why."""
    if said.startswith(_ACCOUNT):
        return (said, "") if said in students else (None, NO_STUDENT)
    claimed = claims.get(said)
    owners = _owners(claimed) if claimed is not None else ()
    if not owners:
        return None, NOBODY
    # Staff may have the number of their own student days.
    found = [user_id for user_id in owners if user_id in students]
    if not found:
        return None, NO_STUDENT
    return (found[0], "") if len(found) == 1 else (None, SEVERAL)


def _wrong(field: str, message: str) -> ValidationFailed:
    return ValidationFailed(details=[{"field": field, "message": message}])
