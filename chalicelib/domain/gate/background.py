"""Stream followers of the gate."""

from chalicelib.domain.background.changes import Follower
from chalicelib.domain.gate import attendee_names, conflict_counts, projection

FOLLOWERS: tuple[Follower, ...] = (projection.follow, attendee_names.follow, conflict_counts.follow)
