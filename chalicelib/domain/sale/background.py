"""The stream followers of the sale, and its part of the sweep."""

from chalicelib.domain.changes import Follower
from chalicelib.domain.sale import orders, sales_totals
from chalicelib.domain.sweep import SweepTaker

FOLLOWERS: tuple[Follower, ...] = (sales_totals.follow,)
SWEEP_TAKERS: dict[str, SweepTaker] = {"ord_": orders.expire}
