"""Stream followers and due actions of events."""

from chalicelib.domain.background.changes import Follower
from chalicelib.domain.background.sweep import SweepTaker
from chalicelib.domain.events import catalogue, listings

FOLLOWERS: tuple[Follower, ...] = (catalogue.follow,)
SWEEP_TAKERS: dict[str, SweepTaker] = {"evt_": listings.close}
