"""The lists of campus people: of all, and of those who have changed their group or left, which no route shows."""

from collections.abc import Iterator

from chalicelib.domain.lists.declaration import Filter, ListOf, Ordering
from chalicelib.table.items import CampusProfile
from chalicelib.vocabulary.campus import CampusRole

CAMPUS_USERS = ListOf(
    name="campus_users",
    item=CampusProfile,
    id_name="user_id",
    orderings={
        "created_at": Ordering(lambda profile: profile.created_at),
        "last_name": Ordering(lambda profile: profile.last_name, str),
    },
    filters={
        "role": Filter(lambda profile: profile.role, CampusRole),
        "department": Filter(lambda profile: profile.department, folded=True),
        # The id; a name is looked up before the list is asked (domain/campus/people/campus_users.py).
        "campus": Filter(lambda profile: profile.campus_id, folded=True),
        "student_id": Filter(lambda profile: profile.student_id),
        "year_level": Filter(lambda profile: profile.year_level, folded=True),
        "is_verified": Filter(lambda profile: profile.is_verified, bool),
    },
    indexes=(("role",), ("department",), ("campus",)),
    texts=lambda profile: (
        f"{profile.first_name} {profile.last_name}",
        profile.username,
        profile.email,
        profile.student_id,
    ),
)


def _groups(profile: CampusProfile, part: str) -> Iterator[str | None]:
    yield getattr(profile, part)
    yield from (each[part] for each in profile.former_groups or ())


# Of the present and all former groups (domain/campus/events/expected_people.py).
CAMPUS_MOVED = ListOf(
    name="campus_moved",
    item=CampusProfile,
    id_name="user_id",
    only=lambda profile: profile.moved_at is not None,
    orderings={"moved_at": Ordering(lambda profile: profile.moved_at)},
    filters={
        "department": Filter(lambda profile: _groups(profile, "department"), folded=True),
        "campus": Filter(lambda profile: _groups(profile, "campus_id"), folded=True),
        "year_level": Filter(lambda profile: _groups(profile, "year_level"), folded=True),
    },
    texts=lambda _: (),
)
