"""Stream followers of the platform's totals."""

from chalicelib.domain.background.changes import Follower
from chalicelib.domain.platform_totals import recent_acts, tallies

FOLLOWERS: tuple[Follower, ...] = (tallies.follow, recent_acts.follow)
