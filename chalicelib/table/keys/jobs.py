"""Keys of background jobs and the sweep."""

from datetime import UTC, datetime

from chalicelib.table.items.jobs import ExportRun, Job, JobRequest, SweepMark
from chalicelib.table.places import Key, Place, joined

DUE_SHARDS = 4


def minute(moment: datetime) -> str:
    """Return the minute of a moment in UTC, such as `2026-11-21T08:30`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M")


def due(moment: datetime, thing_id: str) -> Key:
    """Question 28."""
    return Key(joined("DUE", minute(moment), str(ord(thing_id[-1]) % DUE_SHARDS)), thing_id)


def due_partitions(moment: datetime) -> list[str]:
    """Question 28: the partitions of all items due at the minute of a moment."""
    return [joined("DUE", minute(moment), str(shard)) for shard in range(DUE_SHARDS)]


def set_aside(thing_id: str) -> Key:
    """Question 95. One partition: what the sweep gives up is rare."""
    return Key("SET_ASIDE", thing_id)


def sweep_mark(what: str) -> Place[SweepMark]:
    """Question 29."""
    return Place(SweepMark, "SWEEP", joined("SWEEP", what))


def job(job_id: str) -> Place[Job]:
    """Question 69."""
    return Place(Job, joined("JOB", job_id), "JOB")


def export(job_id: str) -> Place[ExportRun]:
    """Question 69, for an export."""
    return Place(ExportRun, *job(job_id))


def job_request(digest: str) -> Place[JobRequest]:
    """Question 76; the digest is a SHA-256 of the caller and the request."""
    return Place(JobRequest, joined("JOB_REQUEST", digest), "JOB_REQUEST")
