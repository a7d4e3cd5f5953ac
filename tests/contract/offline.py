"""Requests to the routes of offline gates, at events whose snapshots are built."""

from datetime import timedelta

from chalicelib import clock
from chalicelib.domain.offline import builds, feed
from chalicelib.table import keys, operations
from chalicelib.table.items import OfflineEvent
from tests.contract.request import Request
from tests.support import snapshots


def has_snapshot(*event_ids: str) -> None:
    """Build the snapshot of these events, where there is none, as of devices that asked an hour ago."""
    for event_id in event_ids:
        if operations.get(keys.offline.base(event_id)) is None:
            feed.begin(event_id)
            began = OfflineEvent.started_at.set(clock.now() - timedelta(hours=1))
            operations.record(operations.change(keys.offline.event(event_id), [began], OfflineEvent.pk.exists()))
            snapshots.forget()
            builds.begin(event_id)
            snapshots.build(event_id)


def snapshot(*event_ids: str) -> Request:
    """Ask for a full snapshot with names."""
    has_snapshot(*event_ids)
    return Request(query="names=true")


def sync(*event_ids: str) -> Request:
    """Ask for a full sync of a phone."""
    has_snapshot(*event_ids)
    return Request()
