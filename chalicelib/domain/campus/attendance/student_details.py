"""What forms show of a student, from the profile."""

from typing import Self

from msgspec import Struct

from chalicelib.clients import files
from chalicelib.domain.campus.people import campus_profiles
from chalicelib.table.items import CampusProfile


class StudentDetails(Struct, frozen=True):
    """A student; `student_id` is the student number."""

    student_id: str | None
    full_name: str
    email: str
    department: str
    year_level: str | None
    profile_photo_url: str | None

    @classmethod
    def of(cls, profile: CampusProfile) -> Self:
        """Return what forms show of a profile."""
        lifetime = campus_profiles.PHOTO_LINK_LIFETIME
        return cls(
            student_id=profile.student_id,
            full_name=f"{profile.first_name} {profile.last_name}".strip(),
            email=profile.email,
            department=profile.department,
            year_level=profile.year_level,
            profile_photo_url=files.link(profile.photo_key, lifetime=lifetime) if profile.photo_key else None,
        )


def autofill(user_id: str) -> StudentDetails:
    """Return what a form is filled with. Raises NotFound."""
    return StudentDetails.of(campus_profiles.get(user_id))
