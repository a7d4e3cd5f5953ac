"""Stream followers and sweep tasks of the merchants area."""

from chalicelib.domain.background.changes import Follower
from chalicelib.domain.background.sweep import SweepTaker
from chalicelib.domain.merchants import card_holds, merchant_totals, stock_notices

FOLLOWERS: tuple[Follower, ...] = (
    merchant_totals.follow,
    stock_notices.follow,
)
SWEEP_TAKERS: dict[str, SweepTaker] = {"asg_": card_holds.sweep}
