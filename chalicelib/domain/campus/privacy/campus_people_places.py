"""Where a person of the campus portal is in the table: found by their id and their events, without a scan."""

from collections.abc import Iterator
from typing import TypeVar

from chalicelib.domain.campus.attendance import attendance_ids
from chalicelib.domain.lists import pages
from chalicelib.domain.lists.attendance import APPEALS, ATTENDANCE
from chalicelib.domain.lists.declaration import ListOf
from chalicelib.domain.lists.pages import Asked
from chalicelib.domain.paging import MAX_SIZE
from chalicelib.table import keys, operations
from chalicelib.table.items import AttendanceAppeal, AttendanceRecord, CampusLogIn, Item, QrScan, Session
from chalicelib.table.places import Place

_READER = "personal data"
ItemT = TypeVar("ItemT", bound=Item)


def records(user_id: str) -> Iterator[AttendanceRecord]:
    """Yield the records of a person, newest first."""
    return _listed(ATTENDANCE, user_id)


def appeals(user_id: str) -> Iterator[AttendanceAppeal]:
    """Yield the appeals of a person, newest first, also those against having no record."""
    return _listed(APPEALS, user_id)


def _listed(listed: ListOf[ItemT], user_id: str) -> Iterator[ItemT]:
    cursor: str | None = None
    while True:
        asked = Asked(_READER, page_size=MAX_SIZE, cursor=cursor, filters={"student": user_id})
        found = pages.page(listed, asked)
        yield from found.results
        if found.next is None:
            return
        cursor = found.next


def attendance_ids_of(user_id: str) -> list[str]:
    """Return the ids under which a person may have evidence: of records, and of codes that they verified.

    Readings of codes and drafts go before evidence of a code that was never submitted, which is found by itself.
    """
    found = {record.attendance_id: None for record in records(user_id)}
    for scan in scans(user_id):
        if scan.event_id is not None:
            found[attendance_ids.attendance_id(scan.event_id, user_id)] = None
    of_person = keys.attendance.evidence_of_person(user_id)
    found |= {raw["gsi2sk"]["S"]: None for raw in operations.query(of_person.pk, index="gsi2")}
    return list(found)


def of_attendance(attendance_id: str) -> list[Item]:
    """Return all of one person at one event: draft, record, versions, appeals, photos, signature, position."""
    raws = operations.query(keys.attendance.record(attendance_id).pk, consistent=True)
    return [Item.from_raw_data(raw) for raw in raws]


def scans(user_id: str) -> list[QrScan]:
    """Return the readings of codes of a person."""
    return _of(keys.attendance.qr_scan(user_id))


def log_ins(user_id: str) -> list[CampusLogIn]:
    """Return the tried log-ins of a person."""
    return _of(keys.campus_people.log_in(user_id))


def sessions(user_id: str) -> list[Place[Session]]:
    """Return the places of the sessions of a person."""
    raws = operations.query(keys.access.account_sessions(user_id).pk, index="gsi1")
    return operations.places_of(Session, raws)


def _of(every: Place[ItemT]) -> list[ItemT]:
    return [every.item.from_raw_data(raw) for raw in operations.query(every.pk, consistent=True)]
