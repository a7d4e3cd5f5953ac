"""The stream followers of payouts, and their part of the sweep."""

from chalicelib.domain.changes import Follower
from chalicelib.domain.payouts import books, holds, paying
from chalicelib.domain.sweep import SweepTaker

FOLLOWERS: tuple[Follower, ...] = (holds.follow, books.follow, paying.follow)
SWEEP_TAKERS: dict[str, SweepTaker] = {"bks_": books.close_due, "pto_": paying.take_due}
