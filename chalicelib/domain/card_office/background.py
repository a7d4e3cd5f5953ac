"""The stream followers, the background jobs and the due work of the card office."""

from chalicelib.domain.background.changes import Follower
from chalicelib.domain.background.jobs import JobKind
from chalicelib.domain.background.sweep import SweepTaker
from chalicelib.domain.card_office import bulk_cards, leftovers, pay_backs, request_answers
from chalicelib.table.items import CardBatch, Job

FOLLOWERS: tuple[Follower, ...] = (request_answers.follow, leftovers.follow, pay_backs.follow)
JOB_KINDS: dict[type[Job], JobKind] = {CardBatch: bulk_cards.KIND}
SWEEP_TAKERS: dict[str, SweepTaker] = {"pbk_": pay_backs.run}
