"""How many students are in which department and year: running counts, kept by the stream.

Each profile carries the group that it is counted in. One transaction moves the count and the mark, so repeated,
partial or reordered batches count once.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from pynamodb.expressions.condition import Condition

from chalicelib import folding
from chalicelib.clients.bus import Published
from chalicelib.domain.background.changes import Change, every, follows
from chalicelib.domain.campus.people import campus_names, student_groups
from chalicelib.domain.campus.people.student_groups import StudentGroup
from chalicelib.errors import Unavailable
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import CampusProfile, StudentCount
from chalicelib.table.operations import Write
from chalicelib.table.places import Place
from chalicelib.vocabulary.campus import CampusRole

# A transaction takes 100 writes (AWS): each profile has one, and may leave one group for another.
_PER_TRANSACTION = 30


def number_of(rule: Mapping[str, str]) -> int:
    """Return how many students fit a rule of `department`, `year_level` and `campus_id`; each may be left out."""
    campus_ids = [rule["campus_id"]] if "campus_id" in rule else list(campus_names.known())
    wanted = {name: folding.typed(rule[name]) for name in ("department", "year_level") if name in rule}
    found = 0
    for campus_id in campus_ids:
        for raw in operations.query(keys.campus_people.student_counts(campus_id).pk):
            count = StudentCount.from_raw_data(raw)
            if all(getattr(count, name) == value for name, value in wanted.items()):
                found += count.number
    return found


def fits(rule: Mapping[str, str], profile: CampusProfile, *, until: datetime | None) -> bool:
    """Whether a person was at a moment a student that a rule names, had registered, and had not left; None is now.

    Nobody misses what was before they came, while they had no access, or in a group that they joined later.
    """
    if until is None:
        return profile.left_at is None and is_of(rule, student_groups.present(profile))
    group = student_groups.at(profile, until)
    return profile.created_at <= until and group.has(until) and is_of(rule, group)


def is_of(rule: Mapping[str, str], group: StudentGroup) -> bool:
    """Whether a rule names the students of a group."""
    if group.role != CampusRole.STUDENT or rule.get("campus_id", group.campus_id) != group.campus_id:
        return False
    return all(
        folding.typed(rule[name]) == folding.typed(getattr(group, name) or "")
        for name in ("department", "year_level")
        if name in rule
    )


@follows(*every(CampusProfile))
def follow(changes: Sequence[Change]) -> list[Published]:
    """Count students in the groups that they are in now; idempotent, in whole or in part."""
    places: dict[Place[CampusProfile], None] = {}
    for change in changes:
        after = change.after
        if isinstance(after, CampusProfile) and after.counted_in != group_of(after):
            places[after.place] = None
    pending = list(places)
    for start in range(0, len(pending), _PER_TRANSACTION):
        _count(pending[start : start + _PER_TRANSACTION])
    return []


def group_of(profile: CampusProfile) -> str | None:
    """Return the group that a profile counts in, as its mark has it; None for staff, and for who has left."""
    if profile.role != CampusRole.STUDENT or profile.left_at is not None:
        return None
    folded = (folding.typed(profile.department), folding.typed(profile.year_level or ""))
    return json.dumps([profile.campus_id, *folded])


def _count(places: Sequence[Place[CampusProfile]]) -> None:
    for _ in retries.attempts():
        found = operations.get_many(places).values()
        pending = [profile for profile in found if profile.counted_in != group_of(profile)]
        if not pending:
            return
        moves = _moves([(profile.counted_in, group_of(profile)) for profile in pending])
        try:
            operations.commit(*map(_marking, pending), *moves)
        except operations.ConditionFailed:
            continue  # a profile was counted between the read and the write
        return
    raise Unavailable(retry_after=1)


def _marking(profile: CampusProfile) -> Write:
    mark, wanted, seen = CampusProfile.counted_in, group_of(profile), profile.counted_in
    as_read: Condition = mark.does_not_exist() if seen is None else mark == seen
    action = mark.remove() if wanted is None else mark.set(wanted)
    return operations.change(profile.place, [action], CampusProfile.pk.exists() & as_read)


def _moves(moves: Sequence[tuple[str | None, str | None]]) -> list[Write]:
    differences: Counter[str] = Counter()
    for before, after in moves:
        for group, difference in ((before, -1), (after, 1)):
            if group is not None:
                differences[group] += difference
    return [_adding(group, difference) for group, difference in differences.items() if difference]


def _adding(group: str, difference: int) -> Write:
    campus_id, department, year_level = json.loads(group)
    return operations.change(
        keys.campus_people.student_counts(campus_id, department, year_level),
        [
            StudentCount.number.add(difference),
            StudentCount.department.set(department),
            StudentCount.year_level.set(year_level),
            StudentCount.kind.set(StudentCount),
        ],
    )
