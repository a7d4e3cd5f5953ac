"""What an event's snapshot costs: bytes, seconds of building, and requests to the store; and a delta after it.

`python -m bench.snapshots --tickets 100000` measures it, on DynamoDB Local in the same machine.
"""

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from infra.local.meter import Meter
from infra.local.seed import Seeded
from tests.support import ground

# Tickets of one batch of the stream, and how many batches a delta has.
_BATCH, _BATCHES = 20, 50
_SHARE = 2_500


@dataclass(frozen=True, slots=True)
class SnapshotCost:
    """A full snapshot and a delta; the bytes of names are those that the bucket keeps."""

    tickets: int
    bytes: int
    name_bytes: int
    build_seconds: float
    build_cpu_seconds: float
    build_requests: int
    build_read_units: float
    delta_changes: int
    delta_bytes: int
    delta_seconds: float
    delta_requests: int
    delta_read_units: float


def measure(count: int) -> SnapshotCost:
    """Fill an event with tickets and cards, build its snapshot, and read a delta of a thousand changes."""
    meter = Meter().attach()
    try:
        with ground.cloud(needs_dynamodb_local=True):
            event = ground.create_event()
            seeded = ground.fill(event, tickets=count)
            _list(event.event_id, seeded)
            return _measured(event.event_id, seeded, meter)
    finally:
        meter.detach()


def _list(event_id: str, seeded: Sequence[Seeded]) -> None:
    """Write the rows of the list of tickets, which the stream's worker writes as tickets are sold."""
    from chalicelib.domain.lists.tickets import TICKETS
    from chalicelib.domain.offline import builds
    from chalicelib.table import keys, operations
    from chalicelib.table.items import ListEntry

    facts = {"filters": {"event_id": [event_id], "status": ["valid"]}, "orderings": {"issued_at": "2026-11-27"}}

    def rows(share: Sequence[Seeded]) -> Iterator[Any]:
        for one in share:
            shard = keys.lists.shard_of(one.ticket_id, shards=TICKETS.shards)
            place = keys.lists.position("2026-11-27T12:00:00.000Z", one.ticket_id)
            ticket = keys.tickets.ticket(one.ticket_id)
            row = keys.lists.entry(builds.partition(event_id, shard), place)
            yield ListEntry(*row, item_pk=ticket.pk, item_sk=ticket.sk, facts=facts)

    shares = [seeded[start : start + _SHARE] for start in range(0, len(seeded), _SHARE)]
    with ThreadPoolExecutor(4) as hands:
        list(hands.map(lambda share: operations.put_many(rows(share)), shares))


def _measured(event_id: str, seeded: Sequence[Seeded], meter: Meter) -> SnapshotCost:
    from chalicelib import clock
    from chalicelib.clients import files
    from chalicelib.domain.offline import builds, feed, snapshots
    from chalicelib.domain.offline.snapshot_format import GateTicket
    from chalicelib.domain.offline.states import States
    from chalicelib.table import keys, operations
    from chalicelib.table.items import OfflineEvent
    from tests.support.factories import make_reader
    from tests.support.snapshots import ask, build, forget, read

    settings = feed.begin(event_id)
    early = OfflineEvent.started_at.set(settings.started_at - timedelta(hours=1))
    operations.record(operations.change(settings.place, [early]))
    forget()
    reader = make_reader(operations.get(keys.events.event(event_id)))  # type: ignore[arg-type]  # it was just made
    builds.begin(event_id)
    meter.reset()
    wall, cpu = time.monotonic(), time.process_time()
    build(event_id)
    wall, cpu, built = time.monotonic() - wall, time.process_time() - cpu, _used(meter)
    full = read(ask(reader.token()))
    size = len(ask(reader.token()).content)
    stored = operations.get(keys.offline.base(event_id))
    kept = files.read(f"{stored.folder}{builds.NAMES}", limit=64 * 1024 * 1024) if stored else None
    for batch in range(_BATCHES):
        ids = [one.ticket_id for one in seeded[batch * _BATCH : (batch + 1) * _BATCH]]
        now = int(clock.now().timestamp())
        feed.append(event_id, partial(States, {each: GateTicket(each, 0, presence=1, last_at=now) for each in ids}))
    token = reader.token()
    ask(token, since=full.head["cursor"])
    meter.reset()
    began = time.monotonic()
    delta = ask(token, since=full.head["cursor"])
    took, asked = time.monotonic() - began, _used(meter)
    snapshots.forget()
    return SnapshotCost(
        tickets=len(full.tickets),
        bytes=size,
        name_bytes=len(kept or b""),
        build_seconds=round(wall, 1),
        build_cpu_seconds=round(cpu, 1),
        build_requests=built[0],
        build_read_units=built[1],
        delta_changes=len(read(delta).tickets),
        delta_bytes=len(delta.content),
        delta_seconds=round(took, 3),
        delta_requests=asked[0],
        delta_read_units=asked[1],
    )


def _used(meter: Meter) -> tuple[int, float]:
    """Return the requests and the read units of everything since the reset."""
    report = meter.report()
    tallies = [*report["requests"].values(), *report["background"].values()]
    return sum(each["dynamodb_requests"] for each in tallies), sum(each["read_units"] for each in tallies)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m bench.snapshots", description="Measure an event's snapshot.")
    parser.add_argument("--tickets", type=int, default=100_000)
    print(json.dumps(asdict(measure(parser.parse_args().tickets)), indent=1))


if __name__ == "__main__":
    main()
