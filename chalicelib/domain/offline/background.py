"""Stream follower and job of offline gates."""

from chalicelib.domain.background.changes import Follower
from chalicelib.domain.background.jobs import JobKind
from chalicelib.domain.offline import builds, feed
from chalicelib.table.items import Job, OfflineBuild

FOLLOWERS: tuple[Follower, ...] = (feed.follow,)
JOB_KINDS: dict[type[Job], JobKind] = {OfflineBuild: JobKind("offline_snapshot", builds.run_step)}
