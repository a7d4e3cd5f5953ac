"""Stream followers of the organizers area, and the facts that its organizers are notified of."""

from collections.abc import Callable
from typing import Any

from chalicelib.domain.background.changes import Follower
from chalicelib.domain.organizers import answer_notices, organizers
from chalicelib.vocabulary.messages import Fact

FOLLOWERS: tuple[Follower, ...] = (organizers.follow, answer_notices.follow)
FACT_TAKERS: dict[Fact, Callable[[dict[str, Any]], None]] = {Fact.ORGANIZER_REQUEST_ANSWERED: answer_notices.send}
