"""How many sockets a principal has open: one item names them all, and its size is the condition of the next one.

A socket whose end was never reported leaves its name there, and so does a function that died while it opened one. When
the item is full, names are removed that are older than a socket can be, or that no connection has, so that neither
shuts anybody out.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from pynamodb.expressions.condition import size

from chalicelib.config import config
from chalicelib.errors import RateLimited
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import LiveSockets

# AWS, "Quotas for configuring and running a WebSocket API": a connection lasts at most two hours.
LIFETIME = timedelta(hours=2)
_KEPT = timedelta(hours=3)
_FULL = "Too many live connections are open. Close one of them first."
_RETRY_SECONDS = 60
# In seconds: longer than the function that opens a socket may take (28 s).
_OPENING = 60


def take(principal_id: str, connection_id: str, opened_at: datetime) -> None:
    """Add a socket, exact under concurrency. Raises RateLimited where the principal has too many."""
    place, name = keys.live.sockets(principal_id), _name(connection_id, opened_at)
    actions = [
        LiveSockets.open.add({name}),
        LiveSockets.ttl.set(int((opened_at + _KEPT).timestamp())),
        LiveSockets.kind.set(LiveSockets),
    ]
    has_room = LiveSockets.open.does_not_exist() | (size(LiveSockets.open) < allowed())
    for _ in retries.attempts():
        try:
            operations.record(operations.change(place, actions, has_room))
        except operations.ConditionFailed as failure:
            found = failure.found(LiveSockets)
            names = set(found.open or ()) if found else set()
            if name in names:
                return  # an earlier try of this call succeeded
            gone = _gone(names, opened_at)
            if not gone:
                break
            operations.record(operations.change(place, [LiveSockets.open.delete(gone)]))
        else:
            return
    raise RateLimited(_FULL, retry_after=_RETRY_SECONDS)


def allowed() -> int:
    """Return how many sockets a principal may have open."""
    return config().limits.sockets * config().limits.times


def give_back(principal_id: str, connection_id: str, opened_at: datetime) -> None:
    """Remove a socket; idempotent."""
    removed = [LiveSockets.open.delete({_name(connection_id, opened_at)})]
    try:
        operations.record(operations.change(keys.live.sockets(principal_id), removed, LiveSockets.pk.exists()))
    except operations.ConditionFailed:
        return  # the item has expired


def _name(connection_id: str, opened_at: datetime) -> str:
    return f"{int(opened_at.timestamp())} {connection_id}"


def _gone(names: Iterable[str], now: datetime) -> set[str]:
    """Return the names of sockets that are no longer open, as far as the table tells."""
    opened = {name: now.timestamp() - int(name.partition(" ")[0]) for name in names}
    places = {name: keys.live.connection(name.partition(" ")[2]) for name, age in opened.items() if age > _OPENING}
    found = operations.get_many(places.values())
    ended = {name for name, place in places.items() if place not in found}
    return ended | {name for name, age in opened.items() if age >= LIFETIME.total_seconds()}
