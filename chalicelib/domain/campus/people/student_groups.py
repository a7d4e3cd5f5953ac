"""In which group a person was at a moment: campus, department, year and role, and since when they had no access.

Rules of past events judge by it: who moves to another group has missed nothing of it before, and what they missed in
the former one stays. The profile has the present group, and the newest former ones.
"""

from datetime import datetime
from typing import Any

from msgspec import Struct

from chalicelib import clock
from chalicelib.table.items import CampusProfile

# Former groups that a profile keeps. Before the oldest of them, the person counts as in that one.
MOST = 20
PARTS = ("campus_id", "department", "year_level", "role")


class StudentGroup(Struct, frozen=True):
    """A group of a person; `left_at` is since when they had no access while they were in it."""

    campus_id: str
    department: str
    year_level: str | None
    role: str
    left_at: datetime | None

    def has(self, moment: datetime) -> bool:
        """Whether the person had not left it by a moment."""
        return self.left_at is None or self.left_at > moment


def present(profile: CampusProfile) -> StudentGroup:
    """Return the group that a person is in now."""
    return StudentGroup(
        profile.campus_id, profile.department, profile.year_level, profile.role, left_at=profile.left_at
    )


def at(profile: CampusProfile, moment: datetime) -> StudentGroup:
    """Return the group that a person was in at a moment."""
    return since(profile, moment)[0]


def since(profile: CampusProfile, moment: datetime) -> list[StudentGroup]:
    """Return the groups that a person has been in since a moment, in order of time; the last is the present one."""
    former = [_read(each) for each in profile.former_groups or () if datetime.fromisoformat(each["until"]) > moment]
    return [*former, present(profile)]


def closed(profile: CampusProfile) -> list[dict[str, Any]]:
    """Return the former groups of a person whose present one ends now, as a profile keeps them."""
    ended: dict[str, Any] = {name: getattr(profile, name) for name in PARTS}
    if profile.left_at is not None:
        ended["left_at"] = clock.to_text(profile.left_at)
    return [*(profile.former_groups or ()), {**ended, "until": clock.to_text(clock.now())}][-MOST:]


def _read(stored: dict[str, Any]) -> StudentGroup:
    left_at = stored.get("left_at")
    parts = {name: stored[name] for name in PARTS}
    return StudentGroup(**parts, left_at=datetime.fromisoformat(left_at) if left_at else None)
