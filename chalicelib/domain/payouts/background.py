"""The stream followers of payouts."""

from chalicelib.domain.changes import Follower
from chalicelib.domain.payouts import holds

FOLLOWERS: tuple[Follower, ...] = (holds.follow,)
