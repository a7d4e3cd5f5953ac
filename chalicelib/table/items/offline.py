"""Items of offline gates: what an event's snapshot is made with, and the feed of changes to it."""

from pynamodb.attributes import BinaryAttribute, JSONAttribute, UnicodeAttribute

from chalicelib.table.items.attributes import IntegerAttribute, MomentAttribute
from chalicelib.table.items.item import Item
from chalicelib.table.items.jobs import Job


class OfflineEvent(Item, discriminator="offline_event"):
    """An event that has devices with snapshots, since `started_at`; without this item its changes are not fed.

    `generation` counts the fingerprint keys of the event: a snapshot with two equal fingerprints takes the next one.
    """

    started_at = MomentAttribute()
    generation = IntegerAttribute()
    fingerprint_key = BinaryAttribute(legacy_encoding=False)


class OfflineFeed(Item, discriminator="offline_feed"):
    """The number of the last changes in an event's feed."""

    number = IntegerAttribute()


class OfflineChanges(Item, discriminator="offline_changes"):
    """The states after some changes, packed by domain/offline/states.py."""

    number = IntegerAttribute()
    states = BinaryAttribute(legacy_encoding=False)
    written_at = MomentAttribute()


class OfflineBase(Item, discriminator="offline_base"):
    """The last full snapshot of an event. Its tables are the file `folder`/tables in the bucket.

    `number` is that of the feed before its tickets were read, `read_at` the time of that.
    """

    number = IntegerAttribute()
    read_at = MomentAttribute()
    generation = IntegerAttribute()
    folder = UnicodeAttribute()
    sections: JSONAttribute = JSONAttribute()


class OfflineBuild(Job, discriminator="offline_build"):
    """The job that builds the full snapshot of an event."""

    event_id = UnicodeAttribute()
