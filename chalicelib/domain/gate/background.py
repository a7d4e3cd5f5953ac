"""Stream followers of the gate."""

from chalicelib.domain.changes import Follower
from chalicelib.domain.gate import projection

FOLLOWERS: tuple[Follower, ...] = (projection.follow,)
