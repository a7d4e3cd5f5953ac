"""Stream followers of offline gates."""

from chalicelib.domain.changes import Follower
from chalicelib.domain.offline import feed

FOLLOWERS: tuple[Follower, ...] = (feed.follow,)
