"""The items of live updates: connections, listeners, and the messages of a channel."""

from typing import Any

from pynamodb.attributes import BooleanAttribute, JSONAttribute, ListAttribute, UnicodeAttribute, UnicodeSetAttribute

from chalicelib.table.items.attributes import EnumAttribute, IntegerAttribute, MomentAttribute
from chalicelib.table.items.item import Item
from chalicelib.vocabulary import LiveType, Portal


class LiveTicket(Item, discriminator="live_ticket"):
    """A one-time ticket, by its hash, and whom it lets in; `channels`, where there are any, are all it opens."""

    principal: JSONAttribute = JSONAttribute()
    channels: ListAttribute[Any] = ListAttribute(of=UnicodeAttribute, null=True)
    expires_at = MomentAttribute()


class LiveConnection(Item, discriminator="live_connection"):
    """An open socket and who holds it; `listens_to` are the channels that it stands among the listeners of."""

    connection_id = UnicodeAttribute()
    principal: JSONAttribute = JSONAttribute()
    channels: ListAttribute[Any] = ListAttribute(of=UnicodeAttribute, null=True)
    listens_to = UnicodeSetAttribute(null=True)
    opened_at = MomentAttribute()


class LiveOf(Item, discriminator="live_of"):
    """A connection among those of its principal, with what a lock-out may be about."""

    connection_id = UnicodeAttribute()
    session_id = UnicodeAttribute()
    event_id = UnicodeAttribute(null=True)
    # When its principal's access token was issued.
    issued_at = MomentAttribute()


class Listener(Item, discriminator="listener"):
    """A connection that listens to a channel.

    While it joins it has no `sent_to`: whoever joins it sends what was told so far, and others who have something to
    send leave it to them, and say so in `left_to`.
    """

    connection_id = UnicodeAttribute()
    channel = UnicodeAttribute()
    principal_id = UnicodeAttribute()
    portal = EnumAttribute(Portal)
    # Several messages may go in one frame.
    batch = BooleanAttribute(default=False)
    joins_at = MomentAttribute()
    sent_to = IntegerAttribute(null=True)
    left_to = IntegerAttribute(null=True)


class LiveHead(Item, discriminator="live_head"):
    """How far a channel has come, and until when somebody may be listening; where nobody is, nothing is told."""

    channel = UnicodeAttribute()
    last_id = IntegerAttribute(default=0)
    listened_until = MomentAttribute(null=True)
    # The short hashes of the news that was told last: a batch that comes again is known by them.
    told = UnicodeAttribute(null=True)
    counters_told_at = MomentAttribute(null=True)


class LiveCounters(Item, discriminator="live_counters"):
    """That an event's counters have changed and are to be told; each change of this item is a reminder."""

    channel = UnicodeAttribute()
    changed = IntegerAttribute(default=0)


class LiveNews(Item, discriminator="live_news"):
    """Something that is to be told on a channel: written once, and told from the stream."""

    channel = UnicodeAttribute()
    type = EnumAttribute(LiveType)
    data = UnicodeAttribute()
    at = MomentAttribute()


class LiveTold(Item, discriminator="live_told"):
    """Messages of a channel as they were sent, the first with the number in its key: what who was away comes for."""

    channel = UnicodeAttribute()
    messages: ListAttribute[Any] = ListAttribute(of=UnicodeAttribute)
    told_at = MomentAttribute()
