"""Campuses, their people and their events for tests."""

import itertools
import uuid
from datetime import datetime, timedelta
from typing import Any

from chalicelib import clock
from chalicelib.domain.access import sessions, tokens
from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.access.visitors import Visitor
from chalicelib.domain.campus.attendance import code_readings
from chalicelib.domain.campus.attendance.code_readings import AcceptedReading, CodeInput
from chalicelib.domain.campus.attendance.evidence_marks import GivenPosition
from chalicelib.domain.campus.events import expected_people, rotating_codes
from chalicelib.domain.campus.people import campus_accounts, campuses
from chalicelib.domain.campus.people.campus_accounts import CampusPerson
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Campus, CampusEvent
from chalicelib.vocabulary.access import Portal
from chalicelib.vocabulary.campus import CampusRole, CodeRefusal

PASSWORD = "a password of the tests"
# The centre of the events: a lecture hall in Lahore.
LATITUDE, LONGITUDE = 31.5204, 74.3587
_numbers = itertools.count(1)


def make_campus(*, name: str | None = None, timezone: str = "Asia/Karachi") -> Campus:
    """Create a campus."""
    return campuses.create(name=name or f"Campus {next(_numbers)}", timezone=timezone)


def campus_of(campus_id: str) -> Campus:
    """Return a stored campus."""
    found = operations.get(keys.campus_people.campus(campus_id))
    assert found is not None
    return found


def unknown_code(event: CampusEvent, moment: datetime) -> str:
    """Return eight digits that are no code of an event at a moment, before it or after it."""
    unknown = CodeRefusal.UNKNOWN
    every = map("{:08}".format, itertools.count())
    return next(code for code in every if rotating_codes.check_code(code, event, moment).reason is unknown)


def make_campus_user(campus: Campus, *, role: CampusRole = CampusRole.STUDENT, **changes: Any) -> Account:
    """Create an account of a campus; `changes` are fields of CampusPerson."""
    name = f"person{next(_numbers)}{uuid.uuid4().hex[:6]}"
    person = CampusPerson(
        **{
            "username": name,
            "email": f"{name}@campus.example.com",
            "password": PASSWORD,
            "first_name": "Sana",
            "last_name": f"Khan {next(_numbers)}",
            "department": "Physics",
            "campus_id": campus.campus_id,
            "student_id": f"S-{next(_numbers):06}",
            "year_level": "2",
            **changes,
        }
    )
    account, _ = campus_accounts.create(person, role=role)
    return account


def token_of(account: Account) -> str:
    """Return a fresh access token."""
    return sessions.start(account).access


def make_campus_event(campus: Campus, organizer: Account, **changes: Any) -> CampusEvent:
    """Store an event that began ten minutes ago and ends in an hour; `changes` are attributes of CampusEvent."""
    event_id, now = new_id("cev"), clock.now()
    event = CampusEvent(
        *keys.campus_events.event(event_id),
        **{
            "event_id": event_id,
            "title": "Quantum mechanics I",
            "location": "Hall 1",
            "latitude": LATITUDE,
            "longitude": LONGITUDE,
            "location_radius": 50,
            "starts_at": now - timedelta(minutes=10),
            "ends_at": now + timedelta(hours=1),
            "campus_id": campus.campus_id,
            "organizer_id": organizer.account_id,
            "timezone": campus.timezone,
            "created_at": now,
            **changes,
        },
    )
    operations.record(operations.put(event))
    return event


def verify_code(
    event: CampusEvent, student: Account, *, position: GivenPosition | None = None, device_key: str | None = None
) -> AcceptedReading:
    """Verify the present code of an event for a student, in a fresh log-in."""
    given = CodeInput(rotating_codes.token(event, clock.now()), position=position, device_key=device_key)
    return code_readings.verify(given, principal=principal_of(student), visitor=Visitor("127.0.0.1"))


def principal_of(account: Account) -> Principal:
    """Return the caller of a fresh log-in."""
    return tokens.verify(token_of(account), Portal.CAMPUS)


def expected_ids(event: CampusEvent, *, page: int = 1_000) -> list[str]:
    """Return the ids of all expected people of an event, read in pages as the list of the missing is."""
    read, after, found = expected_people.reader(event), None, list[str]()
    while rows := read(after, page):
        found += [user_id for _, user_id in rows]
        after = rows[-1][0]
    return found
