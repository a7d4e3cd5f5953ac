"""The demo campus of a local run: its staff, thirteen students of two departments, and an event."""

from contextlib import suppress

from chalicelib.domain.campus.people import campus_accounts, campuses
from chalicelib.domain.campus.people.campus_accounts import CampusPerson
from chalicelib.errors import AlreadyExists
from chalicelib.schemas.examples import demo
from chalicelib.table import operations
from chalicelib.vocabulary.campus import CampusRole
from infra.local.demo import campus_event, demo_passwords


def load() -> None:
    """Create the campus and its people; a second time changes nothing."""
    with suppress(AlreadyExists):
        campuses.create(name=demo.CAMPUS, timezone=demo.TIMEZONE, campus_id=demo.CAMPUS_ID)
    _create(demo.CAMPUS_ADMIN_ID, _staff("rabia.noor", "Rabia", "Noor", demo.CAMPUS_ADMIN_EMAIL), CampusRole.ADMIN)
    _create(
        demo.CAMPUS_TEACHER_ID, _staff("waqas.shah", "Waqas", "Shah", demo.CAMPUS_TEACHER_EMAIL), CampusRole.ORGANIZER
    )
    _create(demo.STUDENT_ID, _student(), CampusRole.STUDENT)
    for place, (first_name, last_name) in enumerate(demo.MORE_STUDENTS):
        in_physics = place % 2 == 0
        name = last_name.casefold()
        person = CampusPerson(
            username=name,
            email=f"{name}@campus.example.com",
            password=demo_passwords.CAMPUS,
            first_name=first_name,
            last_name=last_name,
            department=demo.DEPARTMENT if in_physics else demo.OTHER_DEPARTMENT,
            campus_id=demo.CAMPUS_ID,
            student_id=f"{'PHY' if in_physics else 'CS'}-26-{place // 2 + 2:03}",
            year_level=str(place % 4 + 1),
        )
        _create(f"{demo.STUDENT_ID}_{name}", person, CampusRole.STUDENT)
    campus_event.load()


def _staff(username: str, first_name: str, last_name: str, email: str) -> CampusPerson:
    return CampusPerson(
        username=username,
        email=email,
        password=demo_passwords.CAMPUS,
        first_name=first_name,
        last_name=last_name,
        department=demo.DEPARTMENT,
        campus_id=demo.CAMPUS_ID,
    )


def _student() -> CampusPerson:
    return CampusPerson(
        username=demo.STUDENT_USERNAME,
        email=demo.STUDENT_EMAIL,
        password=demo_passwords.CAMPUS,
        first_name=demo.STUDENT_FIRST_NAME,
        last_name=demo.STUDENT_LAST_NAME,
        department=demo.DEPARTMENT,
        campus_id=demo.CAMPUS_ID,
        student_id=demo.STUDENT_NUMBER,
        year_level=demo.YEAR_LEVEL,
    )


def _create(user_id: str, person: CampusPerson, role: CampusRole) -> None:
    """Create a person with a fixed id, already verified, unless they exist."""
    _, _, writes = campus_accounts.drafted(person, role=role, user_id=user_id, is_verified=True)
    with suppress(operations.ConditionFailed):
        operations.commit(*writes)
