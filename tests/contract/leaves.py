"""Leaves of the demo event, which itself allows none: written as a passage writes them."""

from typing import Any

from chalicelib import clock
from chalicelib.domain.gate import leaves
from chalicelib.domain.tickets import tickets
from chalicelib.identifiers import log_id_of
from chalicelib.schemas.examples import demo
from chalicelib.table import operations
from chalicelib.table.items import Passage
from chalicelib.vocabulary.gate import Direction
from tests.support.factories import scan_id


def put_three(ground: Any) -> None:
    """Have the demo ticket's holder leave three times."""
    ticket = tickets.get(demo.HOLDER.ticket_id)
    for _ in range(3):
        now, name = clock.now(), scan_id()
        passage = Passage(
            scan_id=name,
            caller_id=ground.usher.account_id,
            log_id=log_id_of(name, decided_at=now),
            decided_at=now,
            direction=Direction.EXIT,
        )
        operations.commit(*leaves.writes(ticket, passage, note=None))
