"""Erasures: a customer's personal data is erased as a job in stages, which proves at its end that nothing is left.

The request closes the account in one transaction: no log-in, no booking, no transfer to it from then on. The stages
start after every request that began before has ended. Each stage is idempotent and entered once under an optimistic
lock, so a worker may die at any call. The last write destroys the customer's data key, with the account (D-ERA-03).
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.clients import files
from chalicelib.domain import erasure_register, photos
from chalicelib.domain.access import accounts, lock_outs, otp
from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import Act, AuditSubject
from chalicelib.domain.background import jobs
from chalicelib.domain.background.jobs import JobResult
from chalicelib.domain.crypto import encryption
from chalicelib.domain.payments import auto_reload
from chalicelib.domain.personal_data import erasing, exports, returns
from chalicelib.domain.personal_data.places import PLACES, Person, PersonalPlace, auto_reload_balances
from chalicelib.domain.tickets import gifts, seats
from chalicelib.errors import Conflict, NotFound, Unavailable
from chalicelib.identifiers import id_of_fact
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Account, Erasure, Job
from chalicelib.table.operations import Write
from chalicelib.vocabulary.access import AccountStatus, Portal
from chalicelib.vocabulary.work import JobStatus

# From the closing to the first stage: guards refuse a locked-out token within 20 s, and a request takes 30 s at most.
QUIET = timedelta(minutes=1)
# Between looks while something is still open, such as a payment at its provider.
_PAUSE = timedelta(minutes=1)
_CERTIFICATES = "certificates/"
_LINK_LIFETIME = timedelta(minutes=15)


class StartedErasure(Struct, frozen=True):
    """An erasure as its request sees it."""

    job_id: str
    status: JobStatus


def begin(customer_id: str, *, force: bool, by: str, role: str) -> StartedErasure:
    """Close a customer's account and start its erasure; where one was started, return it, or open it again.

    Raises NotFound, and Conflict that lists valid tickets and balances: all of them unless `force`, with it those that
    need a second person. Raises Unavailable.
    """
    for _ in retries.attempts():
        account = accounts.get(customer_id)
        if account.portal != Portal.WEBAPP:
            raise NotFound("There is no such customer.")
        job_id = id_of_fact("job", f"erasure/{customer_id}")
        if account.status == AccountStatus.ERASED:
            return _started(job_id)
        _require_allowed(Person(customer_id), force=force)
        job = _job(customer_id, job_id, force=force, by=by, role=role)
        subject = AuditSubject("customer", customer_id, after={"job_id": job_id, "force": force})
        try:
            acts.commit(*_closing(account), operations.put(job, Erasure.pk.does_not_exist()), subject=subject)
        except operations.ConditionFailed:
            continue  # the account or its seats changed after the read
        lock_outs.forget()
        accounts.log_security_event("customer closed for erasure", account_id=customer_id, job_id=job_id)
        jobs.start(job_id)
        return StartedErasure(job_id, JobStatus.OPEN)
    raise Unavailable(retry_after=1)


def _require_allowed(person: Person, *, force: bool) -> None:
    mine = returns.belongings(person)
    if not mine.described:
        return
    if not force:
        message = "The customer still has valid tickets or money. With force=true these are given back first."
        raise Conflict(message, details=mine.described)
    if mine.needs_second_person:
        message = "One of these needs a second person. Refund it by its own route first."
        raise Conflict(message, details=mine.described)


def _started(job_id: str) -> StartedErasure:
    job = operations.get(keys.personal_data.erasure(job_id))
    if job is None:
        raise NotFound("There is no such erasure.")
    if job.status == JobStatus.FAILED and _reopen(job):
        return StartedErasure(job_id, JobStatus.OPEN)
    return StartedErasure(job_id, job.status)


def _reopen(job: Erasure) -> bool:
    """Open an erasure that was given up, at the stage where it was; return whether this call did."""
    again: list[Action] = [
        Erasure.status.set(JobStatus.OPEN),
        Erasure.completed_at.remove(),
        Erasure.revivals.remove(),
        *Erasure.due_at(jobs.due_place(job.job_id)),
    ]
    try:
        operations.record(operations.change(job.place, again, Erasure.status == JobStatus.FAILED))
    except operations.ConditionFailed:
        return False
    jobs.start(job.job_id)
    return True


def _job(customer_id: str, job_id: str, *, force: bool, by: str, role: str) -> Erasure:
    now = clock.now()
    return Erasure(
        *keys.personal_data.erasure(job_id),
        gsi2=jobs.due_place(job_id),
        job_id=job_id,
        owner_id=customer_id,
        status=JobStatus.OPEN,
        quantity=len(STAGES),
        created_by=by,
        created_at=now,
        force=force,
        role=role,
        closed_at=now,
        certificate={},
    )


def _closing(account: Account) -> list[Write]:
    """Return the writes after which nobody logs in, books or receives a ticket as this customer."""
    customer_id = account.account_id
    actions: list[Action] = [
        Account.status.set(AccountStatus.ERASED),
        Account.sessions_end_before.set(clock.now()),
        Account.kept_session_id.remove(),
        Account.version.add(1),
    ]
    same = (Account.status == account.status) & (Account.login == account.login)
    return [
        operations.change(keys.access.account(customer_id), actions, same),
        seats.closing(seats.of(customer_id)),
        *lock_outs.revocations(Portal.WEBAPP, customer_id),
        *otp.voiding(Portal.WEBAPP, account.login),
    ]


# What a stage reports for the certificate, or how long to wait before it is tried again.
Report = Mapping[str, Any]
_Stage = Callable[[Person, Erasure], Report | timedelta]


def _quiet(_: Person, job: Erasure) -> Report | timedelta:
    wait = job.closed_at + QUIET - clock.now()
    return wait if wait > timedelta(0) else {}


def _money(person: Person, job: Erasure) -> Report | timedelta:
    given = returns.give_back(person, by=job.created_by)
    now = Person(person.customer_id)
    if returns.belongings(now).described or returns.open_payments(now):
        return _PAUSE
    return {"given_back": given}


def _saved_methods(person: Person, _: Erasure) -> Report:
    held = auto_reload_balances(person)
    for balance in held:
        auto_reload.forget(balance)
    return {"items": len(held), "erased": len(held), "left": len(auto_reload_balances(Person(person.customer_id)))}


def _gifts(person: Person, _: Erasure) -> Report:
    ended = gifts.end_waiting(person.mobile_number) if person.mobile_number else 0
    return {"items": ended, "erased": ended, "left": 0}


def _place(place: PersonalPlace) -> _Stage:
    def run(person: Person, _: Erasure) -> Report:
        found = list(place.read(person))
        mine = [item for item in found if erasing.left(item, person.customer_id)]
        for item in mine:
            erasing.erase(item, person.customer_id)
        again = list(place.read(Person(person.customer_id)))
        return {
            "items": len(found),
            "erased": len(mine),
            "left": len(erasing.all_left(again, person.customer_id)),
        }

    return run


def _files(person: Person, _: Erasure) -> Report:
    prefixes = (*photos.folders(person.customer_id), exports.folder(person.customer_id))
    count = sum(files.delete_all(prefix) for prefix in prefixes)
    return {"items": count, "erased": count, "left": sum(files.count_all(prefix) for prefix in prefixes)}


def _account(person: Person, _: Erasure) -> Report:
    """Erase what is only the customer's, then the account, its log-in and the data key in one transaction."""
    account = person.account
    if account is None:
        raise NotFound
    customer_id = person.customer_id
    pk = keys.access.account(customer_id).pk
    found = list(PLACES[-1].read(person))
    for item in found:
        if item.sk not in (keys.access.account(customer_id).sk, keys.access.data_key(customer_id).sk):
            erasing.erase(item, customer_id)
    if account.mobile_number is not None:
        login = keys.access.login(Portal.WEBAPP, account.mobile_number)
        operations.commit(
            operations.change(keys.access.account(customer_id), erasing.account_actions(account), Account.pk.exists()),
            operations.remove(login),
            encryption.erasing(customer_id),
        )
    again = list(PLACES[-1].read(Person(customer_id)))
    is_gone = encryption.is_erased(customer_id)
    left = [*erasing.all_left(again, customer_id), *([] if is_gone else [pk])]
    return {"items": len(found), "erased": len(found), "left": len(left), "data_key_destroyed": is_gone}


def _second_look(person: Person, _: Erasure) -> Report:
    """Look once more through all that is found by the customer's id, after the indexes have followed."""
    items = 0
    remaining: list[str] = []
    for place in PLACES:
        found = list(place.read(person))
        items += len(found)
        remaining += erasing.all_left(found, person.customer_id)
    return {"items": items, "erased": 0, "left": len(remaining)}


_BY_NAME = {place.name: _place(place) for place in PLACES}
STAGES: tuple[tuple[str, _Stage], ...] = (
    ("quiet", _quiet),
    ("money", _money),
    ("codes", _BY_NAME["codes"]),
    ("waiting_gifts", _gifts),
    ("saved_methods", _saved_methods),
    *((place.name, _BY_NAME[place.name]) for place in PLACES[2:-2]),
    ("files", _files),
    ("account", _account),
    ("second_look", _second_look),
)


def run_step(job_id: str) -> bool | timedelta:
    """Run the next stage of an erasure; return whether another one is needed, or after which pause.

    A stage that left something is run again. Raises Unavailable.
    """
    job = operations.get(keys.personal_data.erasure(job_id))
    if job is None or job.status != JobStatus.OPEN:
        return False
    name, stage = STAGES[job.done]
    if not job.done:
        erasure_register.note(Portal.WEBAPP, job.owner_id, by=job.created_by, asked_at=job.created_at)
    report = stage(Person(job.owner_id), job)
    if isinstance(report, timedelta):
        return report
    if report.get("left"):
        logger.warning("erasure left something", extra={"job_id": job_id, "stage": name, "left": report["left"]})
        return timedelta(seconds=10)
    stages = {**(job.certificate or {}), name: dict(report)}
    if job.done + 1 < len(STAGES):
        _enter(job, [Erasure.certificate.set(stages), Erasure.done.set(job.done + 1)])
        return True
    _complete(job, stages)
    return False


def _enter(job: Erasure, actions: list[Action]) -> None:
    """Store the progress of an erasure, unless a concurrent step has."""
    due = Erasure.due_at(jobs.due_place(job.job_id))
    try:
        operations.record(operations.change(job.place, [*actions, *due], _as_read(job)))
    except operations.ConditionFailed:
        logger.info("a concurrent step of the erasure was first", extra={"job_id": job.job_id})


def _as_read(job: Erasure) -> Any:
    return (Erasure.status == JobStatus.OPEN) & (Erasure.done == job.done)


def _complete(job: Erasure, stages: Mapping[str, Any]) -> None:
    """Write the certificate: as a file for staff, and in the audit log in the transaction that completes the job."""
    now = clock.now()
    certificate = _certified(job, stages, at=now)
    files.write(_file_of(job.job_id), json.dumps(certificate, indent=1).encode(), content_type="application/json")
    act = Act(action="customer.erased", actor_id=job.created_by, role=job.role, address="job", request_id=job.job_id)
    done: list[Action] = [
        Erasure.certificate.set(certificate),
        Erasure.done.set(len(STAGES)),
        Erasure.erased_at.set(now),
        Erasure.status.set(JobStatus.COMPLETE),
        Erasure.completed_at.set(now),
        *Erasure.not_due(),
    ]
    subject = AuditSubject("customer", job.owner_id, after=certificate)
    try:
        with acts.acting(act):
            acts.commit(operations.change(job.place, done, _as_read(job)), subject=subject)
    except operations.ConditionFailed:
        logger.info("a concurrent step of the erasure was first", extra={"job_id": job.job_id})
        return
    accounts.log_security_event("customer erased", account_id=job.owner_id, job_id=job.job_id)


def _certified(job: Erasure, stages: Mapping[str, Any], *, at: datetime) -> dict[str, Any]:
    """Return the certificate: what was looked through, how much was found and left, when and by whom."""
    said = {
        "job_id": job.job_id,
        "customer_id": job.owner_id,
        "asked_by": job.created_by,
        "asked_at": clock.to_text(job.created_at),
        "proven_at": clock.to_text(at),
        "looked_through": stages,
        "left": sum(report.get("left", 0) for report in stages.values()),
    }
    digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
    return {**said, "digest": digest}


def _file_of(job_id: str) -> str:
    return f"{_CERTIFICATES}{job_id}.json"


def result(job: Job) -> JobResult:
    """Return the link to the certificate of a completed erasure."""
    if not isinstance(job, Erasure) or job.status != JobStatus.COMPLETE:
        return jobs.no_result(job)
    url = files.link(_file_of(job.job_id), lifetime=_LINK_LIFETIME)
    return JobResult(url, clock.now() + _LINK_LIFETIME)
