"""Exports: everything that is known of a customer, as JSON and PDF in one zip, made by a job.

Each step reads one place and stores it, sealed under the customer's data key. The last step puts the file together and
removes the parts. The bucket deletes the file after a day, and a link to it works for 15 minutes.
"""

import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.clients import files
from chalicelib.domain import idempotency
from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import AuditSubject
from chalicelib.domain.background import jobs
from chalicelib.domain.background.jobs import JobResult
from chalicelib.domain.crypto import encryption
from chalicelib.domain.crypto.encryption import Envelope
from chalicelib.domain.customers import customer_records
from chalicelib.domain.personal_data import disclosure, export_document
from chalicelib.domain.personal_data.places import PLACES, Person
from chalicelib.errors import Unavailable
from chalicelib.identifiers import new_id
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import Job, PersonalExport
from chalicelib.vocabulary.access import AccountStatus
from chalicelib.vocabulary.work import JobStatus

KEPT = timedelta(days=1)
_LINK_LIFETIME = timedelta(minutes=15)
_PART = "personal_export"
# Bounds the memory of the worker; a customer of ten years has less.
_MOST_BYTES = 64 * 1024 * 1024


class StartedExport(Struct, frozen=True):
    """An export as its request sees it; `url` is set once it is complete."""

    job_id: str
    status: JobStatus
    url: str | None
    expires_at: datetime | None


def begin(customer_id: str, *, by: str, operation_id: str) -> StartedExport:
    """Start an export, or return the one that the same request started within ten minutes.

    Raises NotFound, InvalidState for an erased customer, Unavailable.
    """
    account = customer_records.account(customer_id)
    customer_records.require_not_erased(account)
    job_id, now = new_id("job"), clock.now()
    operation_id = jobs.operation_of(operation_id, starter_id=by, request=("personal_export", customer_id))
    job = PersonalExport(
        *keys.personal_data.export(job_id),
        gsi2=jobs.due_place(job_id),
        job_id=job_id,
        owner_id=customer_id,
        status=JobStatus.OPEN,
        quantity=len(PLACES) + 1,
        created_by=by,
        created_at=now,
        ttl=int((now + KEPT).timestamp()),
    )
    subject = AuditSubject("customer", customer_id, after={"job_id": job_id})
    try:
        acts.commit(
            idempotency.once(operation_id, job_id),
            operations.put(job, PersonalExport.pk.does_not_exist()),
            subject=subject,
        )
    except operations.ConditionFailed as failure:
        if 0 not in failure.failures:
            raise
        job_id = idempotency.result_of(operation_id) or job_id
    else:
        jobs.start(job_id)
    return _shown(job_id)


def _shown(job_id: str) -> StartedExport:
    job = operations.get(keys.personal_data.export(job_id))
    status = job.status if job else JobStatus.FAILED
    made = result(job) if job else JobResult()
    return StartedExport(job_id, status, made.url, made.expires_at)


def result(job: Job) -> JobResult:
    """Return the link to the file of a completed export."""
    if not isinstance(job, PersonalExport) or job.file_key is None or job.status != JobStatus.COMPLETE:
        return jobs.no_result(job)
    return JobResult(files.link(job.file_key, lifetime=_LINK_LIFETIME), clock.now() + _LINK_LIFETIME)


def folder(customer_id: str) -> str:
    """Return the beginning of the keys of all files of a customer's exports."""
    return f"exports/personal/{customer_id}/"


def run_step(job_id: str) -> bool:
    """Gather the next place of an export, or put the file together; return whether another step is needed.

    Raises Unavailable.
    """
    job = operations.get(keys.personal_data.export(job_id))
    if job is None or job.status != JobStatus.OPEN:
        return False
    if _is_erased(job.owner_id):
        # The erasure deletes the parts, and may have looked for files already.
        _enter(job, _failure())
        return False
    envelope = encryption.envelope(job.owner_id)
    if job.done < len(PLACES):
        _gather(job, envelope)
        return True
    key = f"{folder(job.owner_id)}{job_id}.zip"
    files.write(key, _packed(job, envelope), content_type="application/zip")
    if _is_erased(job.owner_id):
        files.delete(key)  # written after the erasure looked for files
        _enter(job, _failure())
        return False
    over: list[Action] = [
        PersonalExport.file_key.set(key),
        PersonalExport.done.set(len(PLACES) + 1),
        PersonalExport.status.set(JobStatus.COMPLETE),
        PersonalExport.completed_at.set(clock.now()),
        *PersonalExport.not_due(),
    ]
    _enter(job, over)
    # After the entry: a step that dies before it reads the parts once more.
    for place in range(len(PLACES)):
        files.delete(_part_key(job, place))
    logger.info("personal export made", extra={"job_id": job_id, "customer_id": job.owner_id})
    return False


def _is_erased(customer_id: str) -> bool:
    account = operations.get(keys.access.account(customer_id))
    return account is None or account.status == AccountStatus.ERASED


def _failure() -> list[Action]:
    ended = [PersonalExport.status.set(JobStatus.FAILED), PersonalExport.completed_at.set(clock.now())]
    return [*ended, *PersonalExport.not_due()]


def _gather(job: PersonalExport, envelope: Envelope) -> None:
    place = PLACES[job.done]
    found = [disclosure.of(item, envelope) for item in place.read(Person(job.owner_id))]
    content = json.dumps([each for each in found if each], ensure_ascii=False)
    files.write(_part_key(job, job.done), envelope.seal(_PART, content), content_type="application/octet-stream")
    due = PersonalExport.due_at(jobs.due_place(job.job_id))
    _enter(job, [PersonalExport.done.set(job.done + 1), *due])


def _enter(job: PersonalExport, actions: Sequence[Action]) -> None:
    """Store the progress of an export, unless a concurrent step has."""
    as_read = (PersonalExport.status == JobStatus.OPEN) & (PersonalExport.done == job.done)
    try:
        operations.record(operations.change(job.place, actions, as_read))
    except operations.ConditionFailed:
        logger.info("a concurrent step of the export was first", extra={"job_id": job.job_id})


def _part_key(job: PersonalExport, place: int) -> str:
    return f"{folder(job.owner_id)}{job.job_id}/{place:03d}"


def _packed(job: PersonalExport, envelope: Envelope) -> bytes:
    """Return the zip: all places as JSON and as PDF, and the photos."""
    known = {"customer_id": job.owner_id, "made_at": clock.to_text(job.created_at), **_places(job, envelope)}
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("customer.json", json.dumps(known, ensure_ascii=False, indent=1))
        packed.writestr("customer.pdf", export_document.render(known, made_at=job.created_at))
        for name, content in _photos(known):
            packed.writestr(name, content)
    return archive.getvalue()


def _places(job: PersonalExport, envelope: Envelope) -> dict[str, Any]:
    found = {}
    for position, place in enumerate(PLACES):
        sealed = files.read(_part_key(job, position), limit=_MOST_BYTES)
        if sealed is None:
            raise Unavailable(retry_after=1)  # a concurrent step has finished and deleted it
        found[place.name] = json.loads(envelope.open(_PART, sealed))
    return found


def _photos(known: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    for entry in known["account"]:
        key = entry.get("photo_key")
        content = files.read(key, limit=_MOST_BYTES) if key else None
        if content is not None:
            yield f"photos/{key.rpartition('/')[2]}", content
