"""The log-ins of campus accounts, for staff: who, from which network, with which client, and how it ended.

An entry has the family of the client and the network, never an address or a password. A refusal by a limit writes
none, so that nobody fills the log. Entries are removed KEPT after they were written.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from chalicelib import clock
from chalicelib.domain import paging
from chalicelib.domain.access.visitors import Visitor
from chalicelib.domain.paging import Page, PageRequest, ReadBudget
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import CampusLogIn
from chalicelib.table.operations import Write
from chalicelib.table.ranges import Between
from chalicelib.vocabulary.campus import LogInResult

KEPT = timedelta(days=90)


class TriedLogIn(Struct, frozen=True):
    """A tried log-in as staff see it."""

    id: str
    at: datetime
    result: LogInResult
    device: str | None
    address_hint: str | None


def noting(user_id: str, result: LogInResult, visitor: Visitor) -> Write:
    """Return the write that notes a tried log-in."""
    log_in_id, now = new_id("lgn"), clock.now()
    return operations.put(
        CampusLogIn(
            *keys.campus_people.log_in(user_id, log_in_id),
            log_in_id=log_in_id,
            user_id=user_id,
            at=now,
            result=result,
            device=visitor.device,
            address_hint=visitor.address_hint,
            ttl=int((now + KEPT).timestamp()),
        )
    )


def page(user_id: str, *, caller_id: str, page_size: int, cursor: str | None) -> Page[TriedLogIn]:
    """Return a page of the tried log-ins of an account, newest first. Raises InvalidCursor."""
    every = keys.campus_people.log_in(user_id)

    def read(after: str | None, limit: int) -> list[tuple[str, CampusLogIn]]:
        one_more = limit + (after is not None)
        within = Between("!", after or "~")
        raws = operations.query(every.pk, within, newest_first=True, limit=one_more, consistent=True)
        rows = [(raw["sk"]["S"], CampusLogIn.from_raw_data(raw)) for raw in raws]
        return [row for row in rows if row[0] != after][:limit]

    def load(found: Sequence[CampusLogIn]) -> list[TriedLogIn | None]:
        oldest = clock.now() - KEPT  # DynamoDB removes items some time after their TTL
        return [_shown(each) if each.at >= oldest else None for each in found]

    asked = PageRequest(f"campus log-ins/{user_id}/{caller_id}", page_size, cursor)
    return paging.walk(asked, read, load, budget=ReadBudget())


def _shown(found: CampusLogIn) -> TriedLogIn:
    return TriedLogIn(found.log_in_id, found.at, LogInResult(found.result), found.device, found.address_hint)
