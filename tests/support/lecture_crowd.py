"""A lecture with very many students, written at once: what each of them sends, and how many records there are."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from chalicelib import clock
from chalicelib.domain.access import sessions
from chalicelib.domain.campus.attendance import attendance_ids
from chalicelib.domain.campus.events import rotating_codes
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, CampusProfile, Item
from chalicelib.vocabulary.campus import CampusRole
from tests.support.campus import LATITUDE, LONGITUDE, make_campus, make_campus_event, make_campus_user


class LectureCrowd:
    """Students of one campus with a log-in each, and one event; their passwords are one, which saves a minute."""

    def __init__(self, students: int) -> None:
        """Write the campus, the event and so many students."""
        campus = make_campus()
        self.event = make_campus_event(campus, make_campus_user(campus, role=CampusRole.ORGANIZER))
        pattern = make_campus_user(campus)
        profile = operations.get(keys.campus_people.profile(pattern.account_id))
        if profile is None:
            raise RuntimeError("a student has no profile")
        self.user_ids = [new_id("usr") for _ in range(students)]
        items: list[Item] = []
        accounts = [
            _copy(Account, pattern, *keys.access.account(user_id), account_id=user_id) for user_id in self.user_ids
        ]
        items += accounts
        items += [
            _copy(CampusProfile, profile, *keys.campus_people.profile(user_id), user_id=user_id)
            for user_id in self.user_ids
        ]
        operations.put_many(items)
        self.tokens = [sessions.begin(account)[1].access for account in accounts]

    def codes(self, pause: timedelta) -> Iterator[dict[str, Any]]:
        """Yield what each student sends to verify the code, one after the other with a pause between two."""
        begins_at = clock.now()
        for place, _ in enumerate(self.user_ids):
            token = rotating_codes.token(self.event, begins_at + place * pause)
            yield {"qr_token": token, "device_key": f"the-phone-of-student-{place:05}"}

    def submissions(self) -> Iterator[dict[str, Any]]:
        """Yield what each student submits, each from a place of its own in the hall."""
        for place, _ in enumerate(self.user_ids):
            yield {
                "event_id": self.event.event_id,
                "latitude": LATITUDE + (place % 40 + 1) / 200_000,
                "longitude": LONGITUDE + (place // 40) / 200_000,
                "accuracy": 8 + place % 12,
                "device_key": f"the-phone-of-student-{place:05}",
            }

    def records(self) -> int:
        """Return how many records there are."""
        places = [
            keys.attendance.record(attendance_ids.attendance_id(self.event.event_id, user_id))
            for user_id in self.user_ids
        ]
        return len(operations.get_many(places))


def _copy(cls: type[Any], of: Item, pk: str, sk: str, **changes: str) -> Any:
    return cls(**{**of.attribute_values, "pk": pk, "sk": sk, **changes})
