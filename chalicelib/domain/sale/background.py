"""The stream followers of the sale, and its part of the sweep."""

from chalicelib.domain.background.changes import Follower
from chalicelib.domain.background.sweep import SweepTaker
from chalicelib.domain.sale import orders, sales_totals

FOLLOWERS: tuple[Follower, ...] = (sales_totals.follow,)
SWEEP_TAKERS: dict[str, SweepTaker] = {"ord_": orders.expire}
