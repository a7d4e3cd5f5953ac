"""Erasure of one person of the campus portal: who they were is gone, and every count stays (D-CAMPUS-55).

The request closes the account in one transaction. A job then erases in stages: evidence of every event, readings of
codes and log-ins, and at last the person. Records, their versions and decisions stay, with department and year, for an
id that names nobody. So do statements of appeals: a statement is kept with its record (34 CFR 99.21).

A stage is idempotent and is entered once under an optimistic lock, so a worker may die at any call.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta

from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.clients import files
from chalicelib.clients.bus import Published
from chalicelib.domain import erasure_register
from chalicelib.domain.access import accounts, lock_outs, otp
from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import Act, AuditSubject
from chalicelib.domain.background import jobs
from chalicelib.domain.background.changes import Change, Wanted, follows
from chalicelib.domain.campus.attendance import evidence_files, late_changes
from chalicelib.domain.campus.people import campus_profiles, student_numbers
from chalicelib.domain.campus.privacy import campus_people_places, evidence_erasing, own_export
from chalicelib.errors import NotFound, Unavailable
from chalicelib.identifiers import id_of_fact
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import (
    Account,
    AttendanceDraft,
    AttendancePhoto,
    AttendancePosition,
    AttendanceRecord,
    AttendanceSignature,
    CampusErasure,
    CampusProfile,
    Item,
    Login,
)
from chalicelib.table.operations import Write
from chalicelib.table.places import Key
from chalicelib.vocabulary.access import AccountStatus, Portal
from chalicelib.vocabulary.campus import ErasedKind, PhotoSide
from chalicelib.vocabulary.work import JobStatus

# From the closing to the first stage: guards refuse a locked-out token within 20 s, and a request takes 30 s at most.
QUIET = timedelta(minutes=1)
# Events whose evidence one step erases.
_EVENTS_A_STEP = 40
FIRST_NAME, LAST_NAME = "Erased", "person"
_OPERATOR = "operator"


def job_id_of(user_id: str) -> str:
    """Return the id of the job that erases a person."""
    return id_of_fact("job", f"campus_erasure/{user_id}")


def begin(user_id: str, *, by: str) -> str:
    """Close an account and start its erasure; return the id of the job, also where it was started before.

    `by` names the operator, for the audit log. Raises NotFound, Unavailable.
    """
    job_id = job_id_of(user_id)
    for _ in retries.attempts():
        account = operations.get(keys.access.account(user_id))
        if account is None or account.portal != Portal.CAMPUS:
            raise NotFound("There is no such person of the campus portal.")
        if account.status == AccountStatus.ERASED:
            _reopen(job_id)
            return job_id
        try:
            with acts.acting(_act("campus_person.erase", by, job_id)):
                _close(account, job_id, by=by)
        except operations.ConditionFailed:
            continue  # the account changed after the read
        lock_outs.forget()
        accounts.log_security_event("campus person closed for erasure", account_id=user_id, job_id=job_id)
        jobs.start(job_id)
        return job_id
    raise Unavailable(retry_after=1)


def _reopen(job_id: str) -> None:
    """Open an erasure again that was given up, at the stage where it was."""
    again: list[Action] = [
        CampusErasure.status.set(JobStatus.OPEN),
        CampusErasure.completed_at.remove(),
        CampusErasure.revivals.remove(),
        *CampusErasure.due_at(jobs.due_place(job_id)),
    ]
    with suppress(operations.ConditionFailed):  # it is open or complete
        place = keys.campus_privacy.erasure(job_id)
        operations.record(operations.change(place, again, CampusErasure.status == JobStatus.FAILED))
    jobs.start(job_id)


@follows(Wanted(AttendanceRecord, only_new=True), Wanted(AttendanceDraft, unless=AttendanceDraft.submitted_at))
def follow(changes: Sequence[Change]) -> list[Published]:
    """Begin erasures again that records or readings of codes come after: they read both as the stream left them."""
    places = [keys.access.account(user_id) for user_id in sorted(late_changes.people(changes))]
    for account in operations.get_many(places).values() if places else ():
        if account.status == AccountStatus.ERASED:
            _begin_again(job_id_of(account.account_id))
    return []


def _begin_again(job_id: str) -> None:
    again: list[Action] = [
        CampusErasure.status.set(JobStatus.OPEN),
        CampusErasure.done.set(0),
        CampusErasure.completed_at.remove(),
        *CampusErasure.due_at(jobs.due_place(job_id)),
    ]
    operations.record(operations.change(keys.campus_privacy.erasure(job_id), again, CampusErasure.pk.exists()))


def _act(action: str, by: str, job_id: str) -> Act:
    return Act(action=action, actor_id=by, role=_OPERATOR, address=_OPERATOR, request_id=job_id)


def _close(account: Account, job_id: str, *, by: str) -> None:
    user_id, now = account.account_id, clock.now()
    job = CampusErasure(
        *keys.campus_privacy.erasure(job_id),
        gsi2=jobs.due_place(job_id),
        job_id=job_id,
        owner_id=user_id,
        status=JobStatus.OPEN,
        quantity=len(_STAGES),
        created_by=by,
        created_at=now,
        closed_at=now,
    )
    closed: list[Action] = [
        Account.status.set(AccountStatus.ERASED),
        Account.sessions_end_before.set(now),
        Account.kept_session_id.remove(),
        Account.version.set(account.version + 1),
    ]
    acts.commit(
        operations.change(account.place, closed, Account.version == account.version),
        operations.put(job, CampusErasure.pk.does_not_exist()),
        *_leaving(user_id),
        *lock_outs.revocations(Portal.CAMPUS, user_id),
        *(otp.voiding(Portal.CAMPUS, account.email) if account.email else ()),
        subject=AuditSubject("campus_person", user_id, after={"job_id": job_id}),
    )


def _leaving(user_id: str) -> list[Write]:
    """Return the write by which no rule expects a person any more: counted while their records are still theirs."""
    profile = operations.get(keys.campus_people.profile(user_id))
    if profile is None or profile.left_at is not None:
        return []
    as_read = CampusProfile.pk.exists() & (CampusProfile.version == profile.version)
    leaving = [CampusProfile.left_at.set(clock.now()), CampusProfile.version.add(1)]
    return [operations.change(profile.place, leaving, as_read)]


def run_step(job_id: str) -> bool | timedelta:
    """Run the next stage of an erasure; return whether another one is needed, or after which pause."""
    job = operations.get(keys.campus_privacy.erasure(job_id))
    if job is None or job.status != JobStatus.OPEN:
        return False
    if not job.done:
        erasure_register.note(Portal.CAMPUS, job.owner_id, by=job.created_by, asked_at=job.created_at)
    wait = job.closed_at + QUIET - clock.now()
    if wait > timedelta(0):
        return wait
    name, stage = _STAGES[job.done]
    count, is_over = stage(job.owner_id)
    certificate = {**(job.certificate or {})}
    certificate[name] = certificate.get(name, 0) + count
    is_last = is_over and job.done + 1 == len(_STAGES)
    progress: list[Action] = [
        CampusErasure.certificate.set(certificate),
        CampusErasure.done.set(job.done + is_over),
        *(_completion() if is_last else CampusErasure.due_at(jobs.due_place(job_id))),
    ]
    _enter(job, progress, certificate=certificate if is_last else None)
    return not is_last


def _completion() -> list[Action]:
    return [
        CampusErasure.status.set(JobStatus.COMPLETE),
        CampusErasure.completed_at.set(clock.now()),
        *CampusErasure.not_due(),
    ]


def _enter(job: CampusErasure, actions: list[Action], *, certificate: dict[str, int] | None) -> None:
    """Store the progress of an erasure, unless a concurrent step has; the last one is also an act of the audit log."""
    as_read = (CampusErasure.status == JobStatus.OPEN) & (CampusErasure.done == job.done)
    write = operations.change(job.place, actions, as_read)
    try:
        if certificate is None:
            operations.record(write)
            return
        with acts.acting(_act("campus_person.erased", job.created_by, job.job_id)):
            acts.commit(write, subject=AuditSubject("campus_person", job.owner_id, after=certificate))
    except operations.ConditionFailed:
        logger.info("a concurrent step of the erasure was first", extra={"job_id": job.job_id})
        return
    accounts.log_security_event("campus person erased", account_id=job.owner_id, job_id=job.job_id)


# What a stage has erased, and whether it is over.
_Erased = tuple[int, bool]


def _evidence(user_id: str) -> _Erased:
    """Erase photos, signature, position and device of the next events, and mark the records as an erased person's.

    Of a code that was verified and never submitted there may be all but a record, and after its TTL no draft.
    """
    count = 0
    for attendance_id in campus_people_places.attendance_ids_of(user_id):
        items = campus_people_places.of_attendance(attendance_id)
        if any(map(_is_left, items)):
            if count == _EVENTS_A_STEP:
                return count, False
            _erase_attendance(attendance_id, items)
            count += 1
    return count, True


def _is_left(item: Item) -> bool:
    """Whether an item of one person at one event is to be erased still."""
    if isinstance(item, AttendanceRecord | AttendancePhoto | AttendanceSignature):
        return item.erased_at is None
    return isinstance(item, AttendanceDraft | AttendancePosition)


def _erase_attendance(attendance_id: str, items: Sequence[Item]) -> None:
    named = AttendanceRecord | AttendanceDraft | AttendancePhoto | AttendanceSignature
    event_id = next((item.event_id for item in items if isinstance(item, named)), "")
    record = next((item for item in items if isinstance(item, AttendanceRecord)), None)
    event = operations.get(keys.campus_events.event(event_id))
    for side in PhotoSide:
        campus_id = event.campus_id if event is not None else ""
        evidence_erasing.photo(keys.attendance.photo(attendance_id, side), campus_id=campus_id)
    evidence_erasing.signature(keys.attendance.signature(attendance_id))
    for kind in ErasedKind if event_id else ():
        for prefix in evidence_files.prefixes(event_id, kind, attendance_id):
            files.delete_all(prefix)
    if record is not None:
        for kind in (ErasedKind.POSITION, ErasedKind.DEVICE):
            evidence_erasing.of_person(record, kind)
        gone: list[Action] = [AttendanceRecord.erased_at.set(clock.now()), AttendanceRecord.operation_id.remove()]
        operations.record(operations.change(record.place, gone, AttendanceRecord.pk.exists()))
    operations.remove_many([keys.attendance.position(attendance_id), keys.attendance.draft(attendance_id)])


def _traffic(user_id: str) -> _Erased:
    """Erase readings of codes, tried log-ins, sessions, the last place, and the files of exports."""
    places: list[Key] = [item.place for item in campus_people_places.scans(user_id)]
    places += [item.place for item in campus_people_places.log_ins(user_id)]
    places += campus_people_places.sessions(user_id)
    places.append(keys.attendance.last_place(user_id))
    return operations.remove_many(places) + files.delete_all(own_export.folder(user_id)), True


def _person(user_id: str) -> _Erased:
    """Erase who the person is: names, addresses, number, card, photo. Department and year stay for the counts."""
    account = operations.get(keys.access.account(user_id))
    profile = operations.get(keys.campus_people.profile(user_id))
    if profile is not None:
        _forget_profile(profile)
    if account is not None:
        for name in (account.login, account.email):
            if name:
                with suppress(operations.ConditionFailed):  # another person's by now
                    login = keys.access.login(Portal.CAMPUS, name)
                    operations.record(operations.remove(login, Login.account_id == user_id))
        gone: list[Action] = [
            Account.login.set(campus_profiles.erased_name(user_id)),
            Account.name.set(f"{FIRST_NAME} {LAST_NAME}"),
            Account.password_hash.set(FIRST_NAME),
            Account.email.remove(),
            Account.known_devices.remove(),
            Account.version.add(1),
        ]
        operations.record(operations.change(account.place, gone, Account.pk.exists()))
    return sum(item is not None for item in (account, profile)), True


def _forget_profile(profile: CampusProfile) -> None:
    user_id = profile.user_id
    if profile.student_id is not None:
        number = student_numbers.folded(profile.student_id)
        operations.record(student_numbers.withdrawing(number, user_id))
        with suppress(operations.ConditionFailed):  # verified for another person
            operations.record(student_numbers.releasing(number, user_id))
    if profile.card_uid is not None:
        card = keys.campus_people.card(profile.card_uid)
        with suppress(operations.ConditionFailed):  # another person's by now
            operations.record(operations.remove(card, card.item.user_id == user_id))
    if profile.photo_key is not None:
        files.delete(profile.photo_key)
    gone: list[Action] = [
        CampusProfile.username.set(campus_profiles.erased_name(user_id)),
        CampusProfile.email.set(""),
        CampusProfile.first_name.set(FIRST_NAME),
        CampusProfile.last_name.set(LAST_NAME),
        CampusProfile.student_id.remove(),
        CampusProfile.card_uid.remove(),
        CampusProfile.photo_key.remove(),
        CampusProfile.is_verified.set(False),
        CampusProfile.is_active.set(False),
        CampusProfile.left_at.set(profile.left_at or clock.now()),
        CampusProfile.version.add(1),
    ]
    operations.record(operations.change(profile.place, gone, CampusProfile.pk.exists()))


# The person is last: until then the account says whose erasure goes on.
_STAGES: tuple[tuple[str, Callable[[str], _Erased]], ...] = (
    ("evidence", _evidence),
    ("traffic", _traffic),
    ("person", _person),
)
