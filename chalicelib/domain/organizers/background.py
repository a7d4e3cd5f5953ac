"""Stream followers of the organizers area."""

from chalicelib.domain.background.changes import Follower
from chalicelib.domain.organizers import organizers

FOLLOWERS: tuple[Follower, ...] = (organizers.follow,)
