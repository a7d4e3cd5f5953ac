"""Stream followers of the lists."""

from chalicelib.domain.changes import Follower
from chalicelib.domain.lists import follower

FOLLOWERS: tuple[Follower, ...] = (follower.follow,)
