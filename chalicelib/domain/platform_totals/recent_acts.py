"""The newest acts of staff, for the dashboard: small copies of the audit log's entries, kept for a month."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from chalicelib import clock
from chalicelib.clients.bus import Published
from chalicelib.domain.background.changes import Change, Wanted, follows
from chalicelib.table import keys, operations
from chalicelib.table.items import AuditEntry, RecentAct

# Of the dashboard.
SHOWN = 10
_KEPT = timedelta(days=30)


@follows(Wanted(AuditEntry))
def follow(changes: Sequence[Change]) -> list[Published]:
    """Copy what staff did, without refusals and without its content; idempotent."""
    acts = [act for change in changes if isinstance(change.after, AuditEntry) and (act := _act(change.after))]
    operations.put_many({act.entry_id: act for act in acts}.values())
    return []


def _act(entry: AuditEntry) -> RecentAct | None:
    if not entry.is_readable:
        return None
    said = entry.content
    if said["result"] != "done":
        return None
    at = datetime.fromisoformat(said["at"])
    return RecentAct(
        *keys.platform.recent_act(entry.entry_id),
        entry_id=entry.entry_id,
        at=at,
        actor_id=said["actor_id"],
        action=said["action"],
        entity_type=said["entity_type"],
        entity_id=said["entity_id"],
        ttl=int((at + _KEPT).timestamp()),
    )


def newest() -> list[RecentAct]:
    """Return the newest acts, with one query."""
    partition = keys.platform.recent_act("").pk
    raws = operations.query(partition, newest_first=True, limit=SHOWN)
    since = clock.now() - _KEPT
    return [act for act in map(RecentAct.from_raw_data, raws) if act.at > since]
