"""The stream followers of cards."""

from chalicelib.domain.cards import balances
from chalicelib.domain.changes import Follower

FOLLOWERS: tuple[Follower, ...] = (balances.follow,)
