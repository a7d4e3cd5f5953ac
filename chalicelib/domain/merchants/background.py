"""Stream followers and sweep tasks of the merchants area."""

from chalicelib.domain.changes import Follower
from chalicelib.domain.merchants import assignments, merchant_totals, stock_notices
from chalicelib.domain.sweep import SweepTaker

FOLLOWERS: tuple[Follower, ...] = (
    merchant_totals.follow,
    stock_notices.follow,
)
SWEEP_TAKERS: dict[str, SweepTaker] = {"asg_": assignments.sweep}
