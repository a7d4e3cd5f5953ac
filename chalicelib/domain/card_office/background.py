"""The stream followers and background jobs of the card office."""

from chalicelib.domain.card_office import bulk_cards, request_answers
from chalicelib.domain.changes import Follower
from chalicelib.domain.jobs import JobKind
from chalicelib.table.items import CardBatch, Job

FOLLOWERS: tuple[Follower, ...] = (request_answers.follow,)
JOB_KINDS: dict[type[Job], JobKind] = {CardBatch: bulk_cards.KIND}
