"""The job that builds the full snapshot of an event: its tables, as a file in the bucket.

The number of the feed is read first, then the list of the event's tickets, then the tickets and their cards, all
strongly consistent. A change that these reads miss has a later number: the list's follower runs before the feed's.
"""

import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from itertools import chain

from msgspec import Struct, field

from chalicelib import clock
from chalicelib.clients import files
from chalicelib.domain import idempotency
from chalicelib.domain.background import jobs
from chalicelib.domain.events import gate_control
from chalicelib.domain.lists import entries
from chalicelib.domain.lists.tickets import TICKETS
from chalicelib.domain.offline import feed, names, snapshot_format, states
from chalicelib.domain.offline.snapshot_format import GateCard, GateTicket
from chalicelib.domain.offline.states import States
from chalicelib.identifiers import new_id, unkeyed_operation_id
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import OfflineBase, OfflineBuild, OfflineEvent
from chalicelib.table.places import Key, whose
from chalicelib.vocabulary.work import JobStatus

# The bucket deletes files of this folder after two days (lifecycle rule).
FOLDER = "offline/"
TABLES, NAMES = "/tables", "/names"
_HANDS = 8
_PAGE = 2_000
# Entries of the list read before their tickets are.
_CHUNK = operations.BATCH_READ_LIMIT
_JOB_KEPT = timedelta(days=2)


def begin(event_id: str) -> None:
    """Start a build, unless one was started within the last ten minutes. Raises Unavailable."""
    operation_id = jobs.operation_of(
        unkeyed_operation_id(), starter_id=event_id, request=("offline snapshot", event_id)
    )
    job_id, now = new_id("job"), clock.now()
    build = OfflineBuild(
        *keys.offline.build(job_id),
        job_id=job_id,
        owner_id=event_id,
        status=JobStatus.OPEN,
        event_id=event_id,
        created_by=event_id,
        created_at=now,
        gsi2=jobs.due_place(job_id),
        ttl=int((now + _JOB_KEPT).timestamp()),
    )
    try:
        operations.commit(
            idempotency.once(operation_id, job_id), operations.put(build, OfflineBuild.pk.does_not_exist())
        )
    except operations.ConditionFailed:
        return
    jobs.start(job_id)


def run_step(job_id: str) -> bool | timedelta:
    """Build the snapshot of a job's event and store it; idempotent. Raises Unavailable."""
    build = operations.get(keys.offline.build(job_id))
    if build is None or build.status != JobStatus.OPEN:
        return False
    settings = feed.begin(build.event_id)
    wait = settings.started_at + feed.FED_AFTER - clock.now()
    if wait > timedelta(0):
        # Rounded up: a queue waits for whole seconds.
        return timedelta(seconds=int(wait.total_seconds()) + 1)
    base = _built(build.event_id, settings)
    if base is None:
        return True
    ended = [OfflineBuild.status.set(JobStatus.COMPLETE), OfflineBuild.completed_at.set(clock.now())]
    is_open = OfflineBuild.status == JobStatus.OPEN
    try:
        operations.record(operations.change(build.place, [*ended, *OfflineBuild.not_due()], is_open))
    except operations.ConditionFailed:
        return False  # another run of it ended it
    return False


def _built(event_id: str, settings: OfflineEvent) -> OfflineBase | None:
    """Build and store a snapshot; None where two fingerprints are alike, and the event takes another key."""
    began, read_at = time.monotonic(), clock.now()
    found = read(event_id)
    key = bytes(settings.fingerprint_key)
    epoch = int(read_at.timestamp())
    body = snapshot_format.body(found.states.tickets.values(), found.states.cards.values(), key=key, epoch=epoch)
    if body.has_twins:
        feed.take_next_key(event_id, settings)
        return None
    base = OfflineBase(
        *keys.offline.base(event_id),
        number=found.number,
        read_at=read_at,
        generation=settings.generation,
        folder=f"{FOLDER}{event_id}/{secrets.token_hex(8)}",
        sections=dict(body.sections),
    )
    parts = {TABLES: body.content}
    if gate_control.control(event_id, fresh=True).event.offline_names is not False:
        by_print = {body.prints[each].hex(): named for each, named in found.names.items()}
        parts[NAMES] = names.kept(names.packed(by_print), folder=base.folder)
    base = _stored(base, parts)
    seconds = round(time.monotonic() - began, 1)
    logger.info(
        "snapshot built",
        extra={
            "event_id": event_id,
            "number": found.number,
            "bytes": len(body.content),
            "seconds": seconds,
            **body.sections,
        },
    )
    return base


def _stored(base: OfflineBase, parts: Mapping[str, bytes]) -> OfflineBase:
    """Store the files, then the item that names them, unless a later build has stored its own."""
    for name, content in parts.items():
        files.write(base.folder + name, content, content_type="application/octet-stream")
    earlier = operations.get(base.place)
    try:
        operations.record(operations.put(base, OfflineBase.pk.does_not_exist() | (OfflineBase.read_at < base.read_at)))
    except operations.ConditionFailed as failure:
        found = failure.found(OfflineBase)
        if found is None or found.folder == base.folder:
            return base  # our own first try, whose answer was lost
        base, earlier = found, base
    if earlier is not None and earlier.folder != base.folder:
        files.delete_all(f"{earlier.folder}/")
    return base


class Everything(Struct):
    """All states of an event, and the names and tiers of its tickets by their ids.

    A change that is not in them has a number above `number` in the feed.
    """

    number: int
    states: States = field(default_factory=States)
    names: dict[str, tuple[str, str | None]] = field(default_factory=dict)


def read(event_id: str) -> Everything:
    """Return the states of all tickets of an event, and of all cards that open them."""
    found, uids = Everything(feed.last_number(event_id)), set[str]()
    with ThreadPoolExecutor(_HANDS) as hands:
        ids = chain.from_iterable(hands.map(lambda shard: list(ticket_ids(event_id, shard)), range(TICKETS.shards)))
        for tickets in hands.map(_tickets, _chunks(list(ids))):
            for state, named, uid in tickets:
                found.states.tickets[state.ticket_id] = state
                found.names[state.ticket_id] = named
                if uid is not None:
                    uids.add(uid)
        for cards in hands.map(partial(_cards, event_id), _chunks(sorted(uids))):
            found.states.cards.update((card.uid, card) for card in cards if card.ticket_ids)
    return found


def ticket_ids(event_id: str, shard: int) -> Iterator[str]:
    """Yield the ids of an event's tickets in one shard of their list, in its order."""
    for rows in operations.stream(Key(partition(event_id, shard), "!"), ["item_pk"], page=_PAGE):
        for raw in rows:
            yield whose(raw["item_pk"]["S"])


def partition(event_id: str, shard: int) -> str:
    """Return the partition of one shard of the list of an event's tickets."""
    index = entries.index_text(("event_id",), {"event_id": event_id})
    return keys.lists.entries(TICKETS.name, "issued_at", index, shard=shard)


def _chunks(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[start : start + _CHUNK] for start in range(0, len(ids), _CHUNK)]


# Items become states where they were read: they are many times as large, and wait for all before them otherwise.
def _tickets(ids: Sequence[str]) -> list[tuple[GateTicket, tuple[str, str | None], str | None]]:
    """Return tickets with what a display shows, and the UIDs of their cards."""
    return [
        (
            states.of_raw_ticket(raw),
            (raw["holder_name"]["S"], raw["tier"]["S"] if "tier" in raw else None),
            raw["card_uid"]["S"] if "card_uid" in raw else None,
        )
        for raw in operations.get_raw(map(keys.tickets.ticket, ids), states.OF_TICKET)
    ]


def _cards(event_id: str, uids: Sequence[str]) -> list[GateCard]:
    raws = operations.get_raw(map(keys.cards.card, uids), states.OF_CARD)
    return [states.of_raw_card(raw, event_id) for raw in raws]
