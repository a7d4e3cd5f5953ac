"""What customers follow in the stream."""

from chalicelib.domain.changes import Follower
from chalicelib.domain.customers import customer_totals

FOLLOWERS: tuple[Follower, ...] = (customer_totals.follow,)
