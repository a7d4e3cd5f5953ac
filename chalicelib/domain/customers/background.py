"""Stream followers of the customers area."""

from chalicelib.domain.background.changes import Follower
from chalicelib.domain.customers import customer_totals, ticket_labels

FOLLOWERS: tuple[Follower, ...] = (customer_totals.follow, ticket_labels.follow)
