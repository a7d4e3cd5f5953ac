"""Bugs of live updates: unauthorized listeners, lost or doubled messages, sockets that outlive a log-out."""

from tests.mutants.seeded.mutant import Mutant

_CHANNELS = "chalicelib/domain/live/channels.py"
_CONNECTIONS = "chalicelib/domain/live/connections.py"
_SUBSCRIPTIONS = "chalicelib/domain/live/subscriptions.py"
_DELIVERY = "chalicelib/domain/live/delivery.py"
_LIVE = "chalicelib/domain/live/follower.py"
_NEWS = "chalicelib/domain/live/news.py"
_LOCK_OUTS = "chalicelib/domain/live/closings.py"
_WHO = ("tests/workers/test_live_channels.py",)
_HOW = ("tests/workers/test_live_delivery.py",)

MUTANTS = (
    Mutant(
        name="anothers-organization-heard",
        bug="any organization's users listen to any other",
        file=_CHANNELS,
        before=' and principal.claims.get("organizationId") == organization_id\n',
        after=" and bool(organization_id)\n",
        tests=_WHO,
    ),
    Mutant(
        name="live-ticket-never-expires",
        bug="a ticket opens a socket long after its half minute",
        file=_CONNECTIONS,
        before="    if now >= spent.expires_at:\n",
        after="    if spent.expires_at is None:\n",
        tests=_WHO,
    ),
    Mutant(
        name="live-ticket-spent-twice",
        bug="a ticket opens as many sockets as it is shown for",
        file=_CONNECTIONS,
        before="        raw = operations.record(operations.remove(key, LiveTicket.pk.exists()))\n",
        after="        raw = operations.record(operations.change(key, [LiveTicket.ttl.add(0)]))\n",
        tests=_WHO,
    ),
    Mutant(
        name="locked-out-connects",
        bug="who was locked out after they got their ticket still opens a socket",
        file=_CONNECTIONS,
        before="        lock_outs.require_not_revoked(principal, fresh=True)\n",
        after="        principal_of(spent.principal)\n",
        tests=_WHO,
    ),
    Mutant(
        name="new-owner-told-to-the-old",
        bug="whoever gave a ticket away is told who has it now",
        file=_NEWS,
        before="LiveType.TICKET, change.position, now, was)\n",
        after="LiveType.TICKET, change.position, now, after)\n",
        tests=_WHO,
    ),
    Mutant(
        name="repeated-news-told-again",
        bug="a batch of news that comes twice is sent twice",
        file=_DELIVERY,
        before="        if mark not in told:\n",
        after="        if mark:\n",
        tests=_HOW,
    ),
    Mutant(
        name="rewritten-news-told-again",
        bug="news that a repeated batch of changes writes again is sent again",
        file=_LIVE,
        before="    Wanted(LiveNews, only_new=True),\n",
        after="    Wanted(LiveNews),\n",
        tests=_HOW,
    ),
    Mutant(
        name="joining-listener-forgotten",
        bug="what is told while somebody joins is neither sent to them nor left to them",
        file=_SUBSCRIPTIONS,
        before="Listener.pk.exists() & nothing_left)\n",
        after="Listener.pk.exists())\n",
        tests=_HOW,
    ),
    Mutant(
        name="counters-flood",
        bug="an event's counters are told at every change",
        file=_DELIVERY,
        before="            if told_at is None or now - told_at >= COUNTERS_EVERY:\n",
        after="            if told_at is None or now >= told_at:\n",
        tests=_HOW,
    ),
    Mutant(
        name="last-counters-lost",
        bug="counters that come too soon after the last are never told",
        file=_DELIVERY,
        before="    for channel in put_off:\n        remind_of_counters(channel)\n",
        after="",
        tests=_HOW,
    ),
    Mutant(
        name="signed-out-still-listens",
        bug="a session that was ended keeps its sockets",
        file=_LOCK_OUTS,
        before="    if owner is not None or session_id is None:\n",
        after="    if session_id is None:\n",
        tests=_HOW,
    ),
    Mutant(
        name="gap-passed-over",
        bug="who comes back for what is kept no longer is not told that they missed it",
        file=_SUBSCRIPTIONS,
        before="        if stored.told_at >= oldest:\n",
        after="        if stored.told_at:\n",
        tests=_HOW,
    ),
)
