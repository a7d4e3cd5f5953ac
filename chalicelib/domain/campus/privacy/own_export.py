"""A person's own export: all that the campus portal knows of them, as JSON and files in one zip, made by a job.

The bucket deletes the file after a day, and a link to it works for 15 minutes. What names other people is left out:
whose photo was copied, and who used the same device.
"""

import json
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from msgspec import Struct
from pynamodb.expressions.update import Action

from chalicelib import clock, scratch
from chalicelib.clients import files
from chalicelib.domain import runs_in_parts
from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.background import jobs
from chalicelib.domain.background.jobs import JobResult
from chalicelib.domain.campus.events import rosters
from chalicelib.domain.campus.privacy import campus_people_places
from chalicelib.errors import Forbidden, NotFound, Unavailable
from chalicelib.identifiers import new_id, unkeyed_operation_id
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import AttendancePhoto, AttendanceSignature, CampusExport, Item, Job
from chalicelib.vocabulary.access import AccountStatus, Portal
from chalicelib.vocabulary.campus import CampusRole
from chalicelib.vocabulary.work import JobStatus

_MOST_BYTES = 8 * 1024 * 1024
# Keys of the table, proofs and keyed hashes, and what counts changes.
_LEFT_OUT = frozenset(
    {"pk", "sk", "gsi1pk", "gsi1sk", "gsi2pk", "gsi2sk", "ttl", "kind", "version", "revision", "counted_in"}
    | {"nonce", "device_mac", "position_mac", "picture_hash", "operation_id", "upload_key", "upload_nonce"}
    | {"earlier_uploads", "taken_upload"}
    | {"token_hash", "generation"}
    | {"password_hash", "link_hash", "known_devices", "tallied", "findings"}
)


class StartedOwnExport(Struct, frozen=True):
    """The job of an export as its starter sees it; `url` is there once it is complete."""

    job_id: str
    status: JobStatus
    url: str | None


def begin(caller: Principal, user_id: str) -> StartedOwnExport:
    """Start a person's export for themselves, or for hr and admins who answer their request.

    Raises NotFound for a student who asks about another, Forbidden for other staff, Unavailable.
    """
    role = caller.claims.get("role")
    if user_id != caller.id and role == CampusRole.STUDENT:
        raise NotFound("There is no such person.")
    if user_id != caller.id and role not in (CampusRole.HR, CampusRole.ADMIN):
        raise Forbidden("Permission denied")
    job_id = start(user_id, by=caller.id, operation_id=unkeyed_operation_id())
    job = operations.get(keys.campus_privacy.export(job_id))
    if job is None:
        raise Unavailable(retry_after=1)
    return StartedOwnExport(job_id, job.status, result(job).url)


def start(user_id: str, *, by: str, operation_id: str) -> str:
    """Start the export of a person and return the job's id; the same request within ten minutes is one job.

    `by` is the account that may read the job. Raises NotFound, Unavailable.
    """
    account = operations.get(keys.access.account(user_id))
    if account is None or account.portal != Portal.CAMPUS or account.status == AccountStatus.ERASED:
        raise NotFound("There is no such person.")
    job_id, now = new_id("job"), clock.now()
    operation_id = jobs.operation_of(operation_id, starter_id=by, request=("campus_export", user_id))
    job = CampusExport(
        *keys.campus_privacy.export(job_id),
        gsi2=jobs.due_place(job_id),
        job_id=job_id,
        owner_id=user_id,
        status=JobStatus.OPEN,
        quantity=1,
        created_by=by,
        created_at=now,
        ttl=int((now + runs_in_parts.KEPT).timestamp()),
    )
    return runs_in_parts.begin(job, operation_id).job_id


def folder(user_id: str) -> str:
    """Return the beginning of the keys of all files of a person's exports."""
    return f"exports/personal/{user_id}/"


def run_step(job_id: str) -> bool:
    """Gather everything and write the file; a second run writes the same file again."""
    job = operations.get(keys.campus_privacy.export(job_id))
    if job is None or job.status != JobStatus.OPEN:
        return False
    key = f"{folder(job.owner_id)}{job_id}.zip"
    if not _is_erased(job.owner_id):
        with scratch.folder() as place:
            path = place / "export.zip"
            _pack(job.owner_id, path)
            files.write_from(key, path, content_type="application/zip")
    # Once more: an erasure has perhaps looked for files before this one was written.
    if _is_erased(job.owner_id):
        files.delete(key)
        _end(job, [CampusExport.status.set(JobStatus.FAILED)])
        return False
    _end(job, [CampusExport.file_key.set(key), CampusExport.done.set(1), CampusExport.status.set(JobStatus.COMPLETE)])
    logger.info("campus export made", extra={"job_id": job_id, "user_id": job.owner_id})
    return False


def _is_erased(user_id: str) -> bool:
    account = operations.get(keys.access.account(user_id))
    return account is None or account.status == AccountStatus.ERASED


def result(job: Job) -> JobResult:
    """Return the link to the file of a completed export."""
    if not isinstance(job, CampusExport) or job.file_key is None:
        return jobs.no_result(job)
    return JobResult(
        files.link(job.file_key, lifetime=runs_in_parts.LINK_LIFETIME), clock.now() + runs_in_parts.LINK_LIFETIME
    )


def _end(job: CampusExport, actions: list[Action]) -> None:
    over = [*actions, CampusExport.completed_at.set(clock.now()), *CampusExport.not_due()]
    try:
        operations.record(operations.change(job.place, over, CampusExport.status == JobStatus.OPEN))
    except operations.ConditionFailed:
        logger.info("a concurrent step of the export was first", extra={"job_id": job.job_id})


def _pack(user_id: str, path: Path) -> None:
    """Write the zip: one JSON file, and the photos and signatures that are not erased yet.

    One event and one file are in memory at a time, however much there is of the person.
    """
    found: list[str] = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        with packed.open("campus.json", "w", force_zip64=True) as file:
            for text in _said(user_id, found):
                file.write(text.encode())
        for key in found:
            content = files.read(key, limit=_MOST_BYTES)
            if content is not None:
                packed.writestr(f"files/{key.removeprefix('campus/')}", content)


def _said(user_id: str, found: list[str]) -> Iterator[str]:
    """Yield the parts of the JSON; add the keys of the files that it names to those found."""
    about = [
        operations.get(keys.access.account(user_id)),
        operations.get(keys.campus_people.profile(user_id)),
        operations.get(keys.attendance.last_place(user_id)),
    ]
    known = {
        "user_id": user_id,
        "made_at": clock.to_text(clock.now()),
        "person": [_plain(item) for item in about if item is not None],
        "expected_at": [_plain(entry) for entry in rosters.entries_of(user_id)],
        "readings_of_codes": [_plain(item) for item in campus_people_places.scans(user_id)],
        "log_ins": [_plain(item) for item in campus_people_places.log_ins(user_id)],
        "sessions": [_plain(item) for item in operations.get_many(campus_people_places.sessions(user_id)).values()],
    }
    yield "{" + ",".join(f"\n{_json(name)}: {_json(value)}" for name, value in known.items())
    yield ',\n"attendance": ['
    is_first = True
    attendance_ids = dict.fromkeys(campus_people_places.attendance_ids_of(user_id))
    # Who was absent contests what has no record.
    attendance_ids |= dict.fromkeys(each.attendance_id for each in campus_people_places.appeals(user_id))
    for attendance_id in attendance_ids:
        items = campus_people_places.of_attendance(attendance_id)
        if items:
            yield f"{'' if is_first else ','}\n{_json([_plain(item) for item in items])}"
            is_first = False
        found += _file_keys(items)
    yield "\n]}\n"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _file_keys(items: list[Item]) -> Iterator[str]:
    for item in items:
        if isinstance(item, AttendancePhoto | AttendanceSignature) and item.key is not None:
            yield item.key


def _plain(item: Item) -> dict[str, Any]:
    """Return what an item says, without keys, proofs and other people."""
    said: dict[str, Any] = {"what": type(item).__name__}
    for name in item.get_attributes():
        value = getattr(item, name)
        if name not in _LEFT_OUT and value is not None:
            said[name] = clock.to_text(value) if isinstance(value, datetime) else value
    return said
