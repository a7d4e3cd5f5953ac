"""Stream followers and due actions of events."""

from chalicelib.domain.changes import Follower
from chalicelib.domain.events import catalogue, listings
from chalicelib.domain.sweep import SweepTaker

FOLLOWERS: tuple[Follower, ...] = (catalogue.follow,)
SWEEP_TAKERS: dict[str, SweepTaker] = {"evt_": listings.close}
