"""Stream followers of tickets."""

from chalicelib.domain.background.changes import Follower
from chalicelib.domain.tickets import gifts

FOLLOWERS: tuple[Follower, ...] = (gifts.follow,)
