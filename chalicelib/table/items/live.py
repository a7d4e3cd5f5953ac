"""Items of live updates: connections, listeners, and the messages of a channel."""

from typing import Any

from pynamodb.attributes import BooleanAttribute, JSONAttribute, ListAttribute, UnicodeAttribute, UnicodeSetAttribute

from chalicelib.table.items.attributes import EnumAttribute, IntegerAttribute, MomentAttribute
from chalicelib.table.items.item import Item
from chalicelib.vocabulary.access import Portal
from chalicelib.vocabulary.messages import LiveType


class LiveTicket(Item, discriminator="live_ticket"):
    """A one-time connection ticket, by its hash, and its principal; `channels`, if set, restricts it to those."""

    principal: JSONAttribute = JSONAttribute()
    channels: ListAttribute[Any] = ListAttribute(of=UnicodeAttribute, null=True)
    expires_at = MomentAttribute()


class LiveConnection(Item, discriminator="live_connection"):
    """An open socket and its principal; `listens_to` are the channels with a Listener item for it."""

    connection_id = UnicodeAttribute()
    principal: JSONAttribute = JSONAttribute()
    channels: ListAttribute[Any] = ListAttribute(of=UnicodeAttribute, null=True)
    listens_to = UnicodeSetAttribute(null=True)
    opened_at = MomentAttribute()


class LiveOf(Item, discriminator="live_of"):
    """One connection of a principal, with the ids that a lock-out can match."""

    connection_id = UnicodeAttribute()
    session_id = UnicodeAttribute()
    event_id = UnicodeAttribute(null=True)
    # When its principal's access token was issued.
    issued_at = MomentAttribute()


class LiveSockets(Item, discriminator="live_sockets"):
    """The open sockets of a principal, each as the second of its opening and its id."""

    open = UnicodeSetAttribute(null=True)


class Listener(Item, discriminator="listener"):
    """The subscription of a connection to a channel.

    It has no `sent_to` while its subscriber replays the stored messages. Senders skip it meanwhile, and record the
    number of the last skipped message in `left_to`.
    """

    connection_id = UnicodeAttribute()
    channel = UnicodeAttribute()
    principal_id = UnicodeAttribute()
    portal = EnumAttribute(Portal)
    # Whether one frame may carry several messages.
    batch = BooleanAttribute(default=False)
    joins_at = MomentAttribute()
    sent_to = IntegerAttribute(null=True)
    left_to = IntegerAttribute(null=True)


class LiveHead(Item, discriminator="live_head"):
    """A channel's last message id, and the end of its subscriptions. A channel without any publishes nothing."""

    channel = UnicodeAttribute()
    last_id = IntegerAttribute(default=0)
    listened_until = MomentAttribute(null=True)
    # Short hashes of the last published news, to recognize a redelivered batch.
    told = UnicodeAttribute(null=True)
    counters_told_at = MomentAttribute(null=True)


class LiveCounters(Item, discriminator="live_counters"):
    """A marker that an event's counters changed; each change of this item triggers a publication."""

    channel = UnicodeAttribute()
    changed = IntegerAttribute(default=0)


class LiveNews(Item, discriminator="live_news"):
    """News to publish on a channel: written once, then published from the stream."""

    channel = UnicodeAttribute()
    type = EnumAttribute(LiveType)
    data = UnicodeAttribute()
    at = MomentAttribute()


class LiveTold(Item, discriminator="live_told"):
    """Published messages of a channel, for replay. The number of the first is in the key."""

    channel = UnicodeAttribute()
    messages: ListAttribute[Any] = ListAttribute(of=UnicodeAttribute)
    told_at = MomentAttribute()
