"""Stream followers of the lists."""

from chalicelib.domain.background.changes import Follower
from chalicelib.domain.lists import follower

FOLLOWERS: tuple[Follower, ...] = (follower.follow,)
