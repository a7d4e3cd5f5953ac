"""Subscriptions to a channel: from now on, or from the last message before a client lost its socket.

A new subscriber gets each message once and in order, also with concurrent senders. A sender stores its messages
before it reads the subscribers. A subscriber registers before it reads the stored messages. So each message is in
the replay, or its sender sees the subscriber. Senders skip a subscriber that is still replaying, and record on it
the last number skipped (`left_to`). The replay repeats until it has sent up to that number.
"""

from datetime import timedelta

from msgspec import Struct

from chalicelib import clock
from chalicelib.clients import sockets
from chalicelib.config import config
from chalicelib.domain.live import audiences, channels, connections, frames, open_sockets
from chalicelib.errors import Conflict, NotFound, Unauthenticated
from chalicelib.table import keys, operations
from chalicelib.table.items import Listener, LiveConnection, LiveHead, LiveTold
from chalicelib.table.ranges import Between
from chalicelib.vocabulary.messages import LiveType

# How far back a reconnecting client can replay (contract/realtime.md).
KEPT = timedelta(minutes=10)
# How many messages stand in one item at most.
PER_ITEM = 100
_CHANNELS_PER_CONNECTION = 20
# A connection lasts two hours, and may be resumed for `KEPT` after that.
_LISTENED = open_sockets.LIFETIME + KEPT
# A channel's numbering restarts after this time without subscribers.
_HEAD_KEPT = timedelta(days=30)
_ROUNDS = 25
# Longer than the time-out of the function that replays (28 s).
JOINING = timedelta(seconds=30)


class MissedMessages(Struct, frozen=True):
    """The messages after a number, in order, and the last number; `is_whole` says that none is missing."""

    messages: list[str]
    last_id: int
    is_whole: bool


def begin(connection_id: str, channel: str, *, after: int | None = None, batch: bool = False) -> None:
    """Subscribe a connection to a channel and replay the messages after a number.

    Raises Unauthenticated (the connection has ended), NotFound (unknown or forbidden channel), Conflict (too many).
    """
    connection = connections.get(connection_id)
    principal = connections.principal_of(connection.principal)
    if connection.channels and channel not in connection.channels:
        raise NotFound("The ticket of this connection names other channels.")
    channels.require_open(channel, principal)
    _note(connection, channel)
    last_id = _open_head(channel)
    gone_at = int((connection.opened_at + open_sockets.LIFETIME).timestamp())
    joining = Listener(
        *keys.live.listener(channel, connection_id),
        connection_id=connection_id,
        channel=channel,
        principal_id=principal.id,
        portal=principal.portal,
        batch=batch,
        joins_at=clock.now(),
        ttl=gone_at,
    )
    operations.record(operations.put(joining))
    try:
        sockets.send(connection_id, frames.message(LiveType.SUBSCRIBED, channel=channel, number=last_id))
        _catch_up(joining, after=last_id if after is None else after)
    except BaseException:
        # Senders would skip a subscriber whose replay never ended, so it would get nothing.
        operations.remove_many([keys.live.listener(channel, connection_id)])
        raise


def end(connection_id: str, channel: str) -> None:
    """Unsubscribe a connection from a channel; idempotent."""
    key = keys.live.connection(connection_id)
    operations.record(operations.remove(keys.live.listener(channel, connection_id)))
    actions = [LiveConnection.listens_to.delete({channel})]
    try:
        operations.record(operations.change(key, actions, LiveConnection.pk.exists()))
    except operations.ConditionFailed:
        return
    sockets.send(connection_id, frames.message(LiveType.UNSUBSCRIBED, channel=channel))


def missed(channel: str, *, after: int) -> MissedMessages:
    """Return the messages of a channel after a number, as far back as they are kept."""
    head = operations.get(keys.live.head(channel))
    # The head moves after messages are sent, so it may lag.
    last_id = head.last_id if head else 0
    if last_id - after > config().limits.live_missed:
        return MissedMessages([], last_id, is_whole=False)
    first, beyond = keys.live.told(channel, max(0, after + 1 - PER_ITEM)), keys.live.told(channel, 10**12 - 1)
    oldest = clock.now() - KEPT
    found: dict[int, str] = {}
    for raw in operations.query(first.pk, Between(first.sk, beyond.sk), consistent=True):
        stored = LiveTold.from_raw_data(raw)
        if stored.told_at >= oldest:
            # A repeated batch may write to other items, but the same messages under the same numbers.
            number = keys.live.told_number(stored.sk)
            found |= {number + n: text for n, text in enumerate(stored.messages)}
    numbers = sorted(number for number in found if number > after)
    if not numbers:
        return MissedMessages([], last_id, is_whole=after == last_id or (after > last_id and after in found))
    is_whole = numbers[0] == after + 1 and len(numbers) == numbers[-1] - after and numbers[-1] >= last_id
    return MissedMessages([found[number] for number in numbers], numbers[-1], is_whole)


def _catch_up(joining: Listener, *, after: int) -> None:
    """Replay the messages after a number until senders have skipped none for this subscriber."""
    sent_to = after
    for _ in range(_ROUNDS):
        found = missed(joining.channel, after=sent_to)
        if found.is_whole:
            seen = audiences.seen_by(joining.portal, found.messages)
            for frame in frames.frames(seen, batch=joining.batch):
                sockets.send(joining.connection_id, frame)
            sent_to = max(sent_to, found.last_id)
        else:
            sent_to = found.last_id
            resync = frames.message(LiveType.RESYNC, channel=joining.channel, number=sent_to)
            sockets.send(joining.connection_id, resync)
        if _is_let_in(joining, sent_to):
            return
    # Messages arrive faster than the replay. Over a new socket the client reloads the state.
    connections.close(joining.connection_id)


def _is_let_in(joining: Listener, sent_to: int) -> bool:
    """Hand a subscriber over to the senders; return False while skipped messages remain.

    Also True where the subscription was deleted meanwhile.
    """
    nothing_left = Listener.left_to.does_not_exist() | (Listener.left_to <= sent_to)
    key = keys.live.listener(joining.channel, joining.connection_id)
    write = operations.change(key, [Listener.sent_to.set(sent_to)], Listener.pk.exists() & nothing_left)
    try:
        operations.record(write)
    except operations.ConditionFailed as failure:
        return failure.found(Listener) is None
    return True


def _note(connection: LiveConnection, channel: str) -> None:
    """Record a subscription on its connection, so that its end deletes it. Raises Unauthenticated, Conflict."""
    heard = set(connection.listens_to or ())
    if channel in heard:
        return
    if len(heard) >= _CHANNELS_PER_CONNECTION:
        raise Conflict(f"One connection listens to {_CHANNELS_PER_CONNECTION} channels at most.")
    key = keys.live.connection(connection.connection_id)
    actions = [LiveConnection.listens_to.add({channel})]
    try:
        operations.record(operations.change(key, actions, LiveConnection.pk.exists()))
    except operations.ConditionFailed as failure:
        raise Unauthenticated("This connection has ended. Open a new one.") from failure


def _open_head(channel: str) -> int:
    """Mark a channel as having subscribers; return the number of its last message."""
    now = clock.now()
    actions = [
        LiveHead.kind.set(LiveHead),
        LiveHead.channel.set(channel),
        LiveHead.listened_until.set(now + _LISTENED),
        LiveHead.last_id.add(0),
        LiveHead.ttl.set(int((now + _HEAD_KEPT).timestamp())),
    ]
    raw = operations.record(operations.change(keys.live.head(channel), actions))
    return LiveHead.from_raw_data(raw).last_id
