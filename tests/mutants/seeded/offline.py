"""Bugs of offline gates: the feed, the snapshot and its cursors."""

from tests.mutants.seeded.mutant import Mutant

_FEED = ("tests/domain/offline/test_feed.py",)
_FORMAT = ("tests/domain/offline/test_snapshot_format.py",)
_ROUTE = ("tests/portals/test_snapshots.py",)

MUTANTS = (
    Mutant(
        name="snapshot-cursor-read-after-its-tickets",
        bug="a change made while a snapshot is read is in no delta",
        file="chalicelib/domain/offline/builds.py",
        before="    return found\n\n\ndef ticket_ids(",
        after="    found.number = feed.last_number(event_id)\n    return found\n\n\ndef ticket_ids(",
        tests=_FEED,
    ),
    Mutant(
        name="feed-states-read-before-its-number",
        bug="a late batch stores older states after newer ones",
        file="chalicelib/domain/offline/feed.py",
        before="    for _ in retries.attempts(_ATTEMPTS):\n        number = last_number(event_id)\n",
        after="    read = present()\n    present = partial(States, read.tickets, read.cards)\n"
        "    for _ in retries.attempts(_ATTEMPTS):\n        number = last_number(event_id)\n",
        tests=_FEED,
    ),
    Mutant(
        name="feed-gap-skipped",
        bug="a reader passes over a transaction that its query did not see",
        file="chalicelib/domain/offline/feed.py",
        before="        if item.number != number + 1:\n            break\n",
        after="        if item.number <= number:\n            break\n",
        tests=_FEED,
    ),
    Mutant(
        name="snapshot-read-before-all-containers-feed",
        bug="a container that has not heard of the first device drops a change",
        file="chalicelib/domain/offline/builds.py",
        before="    if wait > timedelta(0):\n",
        after="    if wait > feed.CURSOR_LIFETIME:\n",
        tests=_ROUTE,
    ),
    Mutant(
        name="snapshot-signed-without-label",
        bug="a signature of another purpose verifies as a snapshot's",
        file="chalicelib/domain/offline/snapshot_format.py",
        before="signed_by.sign(SIGNED_AS + unsigned)",
        after="signed_by.sign(unsigned)",
        tests=_FORMAT,
    ),
    Mutant(
        name="snapshot-cursor-of-any-event",
        bug="a cursor of another event is taken",
        file="chalicelib/domain/offline/cursors.py",
        before='    return f"offline {what} {event_id}"',
        after='    return f"offline {what}"  # {event_id}',
        tests=_ROUTE,
    ),
)
