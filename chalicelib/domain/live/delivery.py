"""Delivery of live messages on channels: numbered, stored, and sent to every subscriber (D-LIVE-01).

Messages are written as items of the channel's partition and delivered from their stream records. The stream returns
one partition in order and to one function at a time. So the numbers of a channel increase by one, without a gap, in
the order in which its subscribers get the messages. A message's key derives from its source, so a repeated batch of
changes writes it once. A repeated batch of messages is recognized by the marks in the channel's head. If the function
dies between sending and moving the head, the messages are sent again under the same numbers.
"""

import base64
import contextvars
import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from msgspec import Struct, field

from chalicelib import clock
from chalicelib.clients import sockets
from chalicelib.config import config
from chalicelib.domain.live import audiences, connections, frames, subscriptions
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import Listener, LiveCounters, LiveHead, LiveNews, LiveTold
from chalicelib.vocabulary.messages import LiveType

# Contract: at most two counter messages a second on a channel.
COUNTERS_EVERY = timedelta(milliseconds=500)
# Within the function's time-out of 30 s; later sockets are closed, and their clients reconnect and catch up.
_BUDGET_SECONDS = 15.0
_MARK_LENGTH = 8
_ITEM_BYTES = 200_000
_NEWS_KEPT = timedelta(minutes=15)


class ChannelMessage(Struct, frozen=True):
    """A message to publish on a channel; `source` is its idempotency key within channel and type."""

    channel: str
    type: LiveType
    source: str
    at: datetime
    data: Any


def heard(channels: Collection[str]) -> set[str]:
    """Return those of these channels that may have subscribers."""
    now = clock.now()
    heads = operations.get_many([keys.live.head(channel) for channel in channels]).values()
    return {head.channel for head in heads if head.listened_until is not None and head.listened_until > now}


def publish(news: Sequence[ChannelMessage]) -> None:
    """Write messages to the table, to be delivered from its stream; idempotent by channel, type and source."""
    gone_at = int((clock.now() + _NEWS_KEPT).timestamp())
    items = {
        keys.live.news(each.channel, f"{each.type}:{each.source}"): each for each in news
    }  # BatchWriteItem rejects duplicate keys
    operations.put_many(
        LiveNews(
            *key,
            channel=each.channel,
            type=each.type,
            data=json.dumps(each.data, separators=(",", ":"), ensure_ascii=False),
            at=each.at,
            ttl=gone_at,
        )
        for key, each in items.items()
    )


def remind_of_counters(channel: str) -> None:
    """Schedule a counters message on a channel, by a write that returns through the stream."""
    actions = [
        LiveCounters.kind.set(LiveCounters),
        LiveCounters.channel.set(channel),
        LiveCounters.changed.add(1),
        LiveCounters.ttl.set(int((clock.now() + _NEWS_KEPT).timestamp())),
    ]
    operations.record(operations.change(keys.live.counters(channel), actions))


class _ChannelState(Struct):
    """What one call of `deliver` sends on one channel."""

    head: LiveHead
    messages: list[str] = field(default_factory=list)
    marks: str = ""
    counters_told_at: datetime | None = None

    @property
    def first(self) -> int:
        return self.head.last_id + 1

    @property
    def last(self) -> int:
        return self.head.last_id + len(self.messages)

    def add(self, type_: str, data: Any, at: datetime) -> None:
        number = self.last + 1
        self.messages.append(frames.message(type_, channel=self.head.channel, data=data, number=number, at=at))


def deliver(
    news: Mapping[str, Sequence[LiveNews]],
    *,
    counters_changed: Collection[str] = (),
    counters_of: Callable[[str], tuple[LiveType, Any] | None] = lambda _: None,
) -> None:
    """Send messages to all subscribers of their channels, in order, and counters where they have changed.

    `counters_of` returns the type and the data of a channel's current counters, or None. They are sent at most every
    `COUNTERS_EVERY`; earlier changes are deferred through the stream.
    """
    channels = {*news, *counters_changed}
    heads = operations.get_many([keys.live.head(channel) for channel in channels])
    now = clock.now()
    tellings: list[_ChannelState] = []
    put_off: list[str] = []
    for head in heads.values():
        state = _state_of(head, news.get(head.channel, ()))
        if head.channel in counters_changed:
            told_at = head.counters_told_at
            if told_at is None or now - told_at >= COUNTERS_EVERY:
                # Last, so that the messages before it keep their numbers on a retry.
                counters = counters_of(head.channel)
                if counters is not None:
                    state.add(*counters, now)
                    state.counters_told_at = now
            else:
                put_off.append(head.channel)
        if state.messages:
            tellings.append(state)
    _write_down(tellings, now)
    _send(tellings)
    for state in tellings:
        _move_head(state)
    for channel in put_off:
        remind_of_counters(channel)


def _state_of(head: LiveHead, news: Sequence[LiveNews]) -> _ChannelState:
    known = head.told or ""
    told = {known[n : n + _MARK_LENGTH] for n in range(0, len(known), _MARK_LENGTH)}
    state = _ChannelState(head, marks=known)
    for each in news:
        mark = base64.urlsafe_b64encode(hashlib.sha256(each.sk.encode()).digest()[:6]).decode()
        if mark not in told:
            told.add(mark)
            state.marks += mark
            state.add(each.type, json.loads(each.data), each.at)
    state.marks = state.marks[-config().limits.live_marks * _MARK_LENGTH :]
    return state


def _write_down(tellings: Sequence[_ChannelState], now: datetime) -> None:
    gone_at = int((now + _NEWS_KEPT).timestamp())
    items: list[LiveTold] = []
    for state in tellings:
        number = state.first
        for part in _parts(state.messages):
            place = keys.live.told(state.head.channel, number)
            items.append(LiveTold(*place, channel=state.head.channel, messages=part, told_at=now, ttl=gone_at))
            number += len(part)
    operations.put_many(items)


def _parts(messages: Sequence[str]) -> list[list[str]]:
    """Split messages into parts that fit into one item each."""
    parts: list[list[str]] = [[]]
    size = 0
    for text in messages:
        if parts[-1] and (len(parts[-1]) == subscriptions.PER_ITEM or size + len(text.encode()) > _ITEM_BYTES):
            parts.append([])
            size = 0
        parts[-1].append(text)
        size += len(text.encode())
    return parts


def _move_head(state: _ChannelState) -> None:
    actions = [LiveHead.last_id.set(state.last), LiveHead.told.set(state.marks)]
    if state.counters_told_at is not None:
        actions.append(LiveHead.counters_told_at.set(state.counters_told_at))
    seen = LiveHead.last_id == state.head.last_id
    try:
        operations.record(operations.change(keys.live.head(state.head.channel), actions, seen))
    except operations.ConditionFailed:
        return  # our own first try, whose answer was lost


# Fan-out


def _send(tellings: Sequence[_ChannelState]) -> None:
    """Send to all subscribers in parallel. A stuck socket is dropped, and delays others by at most one send."""
    sendings: dict[str, list[str]] = defaultdict(list)
    channels: dict[str, list[str]] = defaultdict(list)
    for state in tellings:
        # Cut down once for all listeners of a portal.
        seen: dict[str, list[str]] = {}
        for raw in operations.query(keys.live.listener(state.head.channel).pk, consistent=True):
            listener = Listener.from_raw_data(raw)
            if listener.portal not in seen:
                seen[listener.portal] = audiences.seen_by(listener.portal, state.messages)
            sent_to = _sent_to(listener, state.last)
            due = seen[listener.portal][max(0, sent_to + 1 - state.first) :] if sent_to is not None else []
            sendings[listener.connection_id] += frames.frames(due, batch=listener.batch)
            channels[listener.connection_id].append(state.head.channel)
    sending: dict[Future[None], str] = {}
    for connection_id, due_frames in sendings.items():
        if due_frames:
            context = contextvars.copy_context()
            sent = _hands().submit(context.run, _serve, connection_id, due_frames, channels[connection_id])
            sending[sent] = connection_id
    late = wait(sending, timeout=_BUDGET_SECONDS).not_done
    for sent in late:
        # Cancels what has not started. The socket is closed either way, so its client reconnects.
        sent.cancel()
        connections.close(sending[sent])
    if late:
        logger.warning("sockets not reached in time", extra={"count": len(late)})


def _sent_to(listener: Listener, last_id: int) -> int | None:
    """Return the last number that a subscriber was sent; None where it is to be skipped (still replaying, or gone)."""
    if listener.sent_to is not None:
        return listener.sent_to
    if clock.now() - listener.joins_at > subscriptions.JOINING:
        # The function that replayed has died. The client reconnects and catches up.
        connections.close(listener.connection_id)
        return None
    key = keys.live.listener(listener.channel, listener.connection_id)
    still_joins = Listener.pk.exists() & Listener.sent_to.does_not_exist()
    try:
        operations.record(operations.change(key, [Listener.left_to.set(last_id)], still_joins))
    except operations.ConditionFailed as failure:
        found = failure.found(Listener)
        return found.sent_to if found is not None and found.sent_to is not None else None
    return None


def _serve(connection_id: str, frames: Sequence[str], channels: Sequence[str]) -> None:
    try:
        for frame in frames:
            sockets.send(connection_id, frame)
    except sockets.Gone:
        connections.end(connection_id)
    except sockets.NotTaken:
        connections.close(connection_id)
    else:
        return
    # A connection that ended before its subscription was stored left that item behind.
    operations.remove_many(keys.live.listener(channel, connection_id) for channel in channels)


@lru_cache(maxsize=1)
def _hands() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(sockets.HANDS, thread_name_prefix="live")
