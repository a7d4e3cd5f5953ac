"""Keys of the campus portal's people."""

from chalicelib.table.items.campus_people import (
    Campus,
    CampusCard,
    CampusLogIn,
    CampusProfile,
    StudentCount,
    StudentNumberClaim,
)
from chalicelib.table.keys import access
from chalicelib.table.places import Place, joined


def campus(campus_id: str = "") -> Place[Campus]:
    """Question 215; without a campus the prefix of all."""
    return Place(Campus, "CAMPUSES", campus_id)


def profile(user_id: str) -> Place[CampusProfile]:
    """Question 216."""
    return Place(CampusProfile, access.account(user_id).pk, "CAMPUS_PROFILE")


def student_number(number: str, user_id: str = "") -> Place[StudentNumberClaim]:
    """Question 217: one account's claim to a student number (folded)."""
    return Place(StudentNumberClaim, joined("STUDENT_NUMBER", number), joined("CLAIM", user_id))


def verified_student_number(number: str) -> Place[StudentNumberClaim]:
    """Question 217: the verified claim; written with `attribute_not_exists`."""
    return Place(StudentNumberClaim, joined("STUDENT_NUMBER", number), "VERIFIED")


def card(uid: str) -> Place[CampusCard]:
    """Question 218."""
    return Place(CampusCard, joined("CAMPUS_CARD", uid), "CAMPUS_CARD")


def log_in(user_id: str, log_in_id: str = "") -> Place[CampusLogIn]:
    """Question 219: the tried log-ins of one account in order of time; without an id the prefix of all."""
    return Place(CampusLogIn, joined("CAMPUS_LOG_INS", user_id), log_in_id)


def student_counts(campus_id: str, department: str = "", year_level: str = "") -> Place[StudentCount]:
    """Question 222; the numbers of students of a campus, by folded department and year."""
    return Place(StudentCount, joined("STUDENT_COUNTS", campus_id), joined(department, year_level))
