"""The stream followers of cards."""

from chalicelib.domain.background.changes import Follower
from chalicelib.domain.cards import balances

FOLLOWERS: tuple[Follower, ...] = (balances.follow,)
