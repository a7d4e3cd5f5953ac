"""The list of campus people."""

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
