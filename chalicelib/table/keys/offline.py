"""Keys of offline gates."""

from chalicelib.table.items.offline import OfflineBase, OfflineBuild, OfflineChanges, OfflineEvent, OfflineFeed
from chalicelib.table.keys import events, jobs
from chalicelib.table.places import Place, joined


def event(event_id: str) -> Place[OfflineEvent]:
    """Question 1: whether changes of the event are fed; its gates read it with the event."""
    return Place(OfflineEvent, events.event(event_id).pk, "EVENT_OFFLINE")


def feed(event_id: str) -> Place[OfflineFeed]:
    """Question 200: the last number of an event's feed."""
    return Place(OfflineFeed, joined("OFFLINE", event_id), "FEED")


def changes(event_id: str, number: int) -> Place[OfflineChanges]:
    """Question 201: the changes with a number; in the order of their numbers."""
    return Place(OfflineChanges, feed(event_id).pk, joined("CHANGES", f"{number:012d}"))


def base(event_id: str) -> Place[OfflineBase]:
    """Question 202."""
    return Place(OfflineBase, feed(event_id).pk, "BASE")


def build(job_id: str) -> Place[OfflineBuild]:
    """Question 69, for the build of a snapshot."""
    return Place(OfflineBuild, *jobs.job(job_id))
