"""What organizers follow in the stream."""

from chalicelib.domain.changes import Follower
from chalicelib.domain.organizers import organizers

FOLLOWERS: tuple[Follower, ...] = (organizers.follow,)
