"""Mail to a student whose record staff corrected or rejected, or whose appeal they answered (D-CAMPUS-48).

The stream publishes a fact for each such version, and the worker of alerts queues the mail. Its id follows from record
and version, so that it is sent once however often either comes. A check of photos or a filed appeal makes no version,
and a record that staff make where there was none is no correction: neither is written about.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from chalicelib import clock
from chalicelib.clients import messages
from chalicelib.clients.bus import Published
from chalicelib.clients.messages import Channel, Message
from chalicelib.domain.background.changes import Change, Wanted, follows
from chalicelib.domain.quotations import quote
from chalicelib.identifiers import id_of_fact
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import AttendanceRecord
from chalicelib.table.places import Key, Place
from chalicelib.vocabulary.access import AccountStatus
from chalicelib.vocabulary.campus import AppealStatus, AttendanceStatus, VerificationStatus
from chalicelib.vocabulary.messages import Fact

_ANSWERS: Mapping[AppealStatus, str] = {
    AppealStatus.UPHELD: "Your record stays as it was.",
    AppealStatus.CORRECTED: "Your record was corrected.",
}


class _Standing(Struct, frozen=True):
    """What a record says of a person at an event."""

    status: AttendanceStatus
    is_rejected: bool

    @classmethod
    def of(cls, record: AttendanceRecord) -> "_Standing":
        return cls(record.status, record.verification_status is VerificationStatus.REJECTED)

    def in_words(self) -> str:
        status = self.status.value.replace("_", " ")
        return f"{status}, but rejected by staff" if self.is_rejected else status


# Who has no record was absent.
_WITHOUT_RECORD = _Standing(AttendanceStatus.ABSENT, is_rejected=False)


@follows(Wanted(AttendanceRecord, unless=AttendanceRecord.erased_at))
def follow(changes: Sequence[Change]) -> list[Published]:
    """Return a fact for each version by which staff changed a person's standing or answered their appeal."""
    found = [(change.before, change.after) for change in changes]
    return [
        _fact(before if isinstance(before, AttendanceRecord) else None, after)
        for before, after in found
        if isinstance(after, AttendanceRecord) and _is_news(before, after)
    ]


def _is_news(before: Any, after: AttendanceRecord) -> bool:
    if after.verified_by is None:
        return False
    if not isinstance(before, AttendanceRecord):
        return after.appeal_status in _ANSWERS
    if before.version == after.version:
        return False
    return _is_answer(before, after) or _Standing.of(before) != _Standing.of(after)


def _is_answer(before: AttendanceRecord | None, after: AttendanceRecord) -> bool:
    was_open = before is None or before.appeal_status is AppealStatus.OPEN
    return was_open and after.appeal_status in _ANSWERS


def _fact(before: AttendanceRecord | None, after: AttendanceRecord) -> Published:
    was, now = _Standing.of(before) if before is not None else _WITHOUT_RECORD, _Standing.of(after)
    answer = after.appeal_status.value if _is_answer(before, after) and after.appeal_status is not None else None
    return Published(
        fact=Fact.ATTENDANCE_DECIDED,
        fact_id=f"{after.attendance_id}/{after.version}",
        occurred_at=after.verified_at or clock.now(),
        ids={
            "attendance_id": after.attendance_id,
            "was": was.status.value,
            "was_rejected": was.is_rejected,
            "status": now.status.value,
            "is_rejected": now.is_rejected,
            "answer": answer,
        },
    )


def send(detail: dict[str, Any]) -> None:
    """Queue the mail about a decision, unless the person is erased. Raises Unavailable."""
    attendance_id = detail["attendance_id"]
    record = operations.get(keys.attendance.record(attendance_id))
    if record is None or record.erased_at is not None:
        logger.info("nobody to notify of a decision", extra={"attendance_id": attendance_id})
        return
    account_place = keys.access.account(record.user_id)
    profile_place = keys.campus_people.profile(record.user_id)
    organizer_place = keys.campus_people.profile(record.organizer_id)
    event_place = keys.campus_events.event(record.event_id)
    campus_place = keys.campus_people.campus(record.campus_id)
    # An organizer may attend an event of their own; a batch reads no item twice.
    places: set[Place[Any]] = {account_place, profile_place, organizer_place, event_place, campus_place}
    found: dict[Key, Any] = operations.get_many(list(places))
    account, profile = found.get(account_place), found.get(profile_place)
    # An account is closed before its records and profile are erased.
    is_erased = account is None or account.status is AccountStatus.ERASED
    if is_erased or profile is None or not profile.email:
        logger.info("nobody to notify of a decision", extra={"attendance_id": attendance_id})
        return
    title = quote(found[event_place].title) if event_place in found else "an event"
    messages.enqueue(
        Message(
            message_id=id_of_fact("msg", f"{Fact.ATTENDANCE_DECIDED}/{detail['fact_id']}/{Channel.EMAIL}"),
            channel=Channel.EMAIL,
            to=profile.email,
            subject=f"[Gatehouse] {_subject(detail, title)}",
            body=_body(detail, title, _whom_to_ask(found.get(organizer_place), found.get(campus_place))),
        )
    )
    logger.info("student notified of a decision", extra={"attendance_id": attendance_id})


def _subject(detail: Mapping[str, Any], title: str) -> str:
    if detail["answer"] is not None:
        return f"Your appeal about {title} was answered"
    return f"Your attendance at {title} was changed by staff"


def _body(detail: Mapping[str, Any], title: str, whom: str) -> str:
    was = _Standing(AttendanceStatus(detail["was"]), is_rejected=detail["was_rejected"])
    now = _Standing(AttendanceStatus(detail["status"]), is_rejected=detail["is_rejected"])
    if detail["answer"] is not None:
        said = f"staff answered your appeal about {title}. {_ANSWERS[AppealStatus(detail['answer'])]}"
    else:
        said = f"staff changed your attendance at {title}."
    return (
        f"Gatehouse: {said}\n"
        f"Status before: {was.in_words()}\n"
        f"Status now: {now.in_words()}\n"
        "The reason is in the history of your record.\n"
        f"If you have questions, ask {whom}. If this is wrong, you may appeal in the app."
    )


def _whom_to_ask(organizer: Any, campus: Any) -> str:
    office = f"the attendance office of {quote(campus.name)}" if campus is not None else "the attendance office"
    if organizer is None or not organizer.email:  # erased
        return office
    return f"the organizer, {quote(f'{organizer.first_name} {organizer.last_name}')}, or {office}"
