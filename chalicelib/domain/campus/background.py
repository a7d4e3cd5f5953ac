"""Stream followers, background jobs and what is due at a time, of campus attendance."""

from chalicelib.domain.changes import Follower
from chalicelib.domain.jobs import JobKind
from chalicelib.domain.sweep import SweepTaker
from chalicelib.table.items import Job

FOLLOWERS: tuple[Follower, ...] = ()
JOB_KINDS: dict[type[Job], JobKind] = {}
SWEEP_TAKERS: dict[str, SweepTaker] = {}
