"""`make drill`: lose a table at a minute, restore it, rebuild it, and compare it with the one that was lost.

It runs on DynamoDB Local. The table is filled with tickets, log entries and journals. At the minute of the backup the
stream has not read a tenth of them, and one counter is wrong. The rebuild runs through its own command.
"""

import argparse
import os
import subprocess  # nosec B404  # the rebuild's own command
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from itertools import islice
from typing import Any

from infra import stages
from infra.local import engines
from infra.local.table_shape import table_shape

_EVENTS = 4
_RECORDS = 100
# One item in so many is not read by the stream at the minute of the backup.
_LATE = 10
_LOST, _RESTORED = "gatehouse", "gatehouse-restored"
# The engine of this machine has no bound, and collects little garbage in a heap of this size.
_UNITS, _HEAP = 10**9, "3g"
RawItem = dict[str, Any]
Lap = Callable[[str], None]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the drill; return 0 if the rebuilt table equals the lost one."""
    options = _options(arguments)
    with ExitStack() as running:
        url = options.endpoint or running.enter_context(engines.dynamodb_local(heap=_HEAP))
        os.environ.update(
            AWS_ENDPOINT_URL_DYNAMODB=url,
            AWS_ENDPOINT_URL=url,
            AWS_EC2_METADATA_DISABLED="true",
            AWS_ACCOUNT_ID_ENDPOINT_MODE="disabled",
            LIMIT_TABLE_MS="30000",
            POWERTOOLS_LOG_LEVEL="WARNING",
            POWERTOOLS_METRICS_DISABLED="true",
        )
        # The engine takes any; one that shares no database between keys has one for each.
        for name, value in (
            ("ACCESS_KEY_ID", "local"),
            ("SECRET_ACCESS_KEY", "local"),
            ("DEFAULT_REGION", "us-east-1"),
        ):
            os.environ.setdefault(f"AWS_{name}", value)
        began = time.monotonic()

        def lap(what: str) -> None:
            sys.stdout.write(f"{(time.monotonic() - began) / 60:6.2f} min  {what}\n")
            sys.stdout.flush()

        lose(options, lap)
        command = [sys.executable, "-m", "infra.rebuild", "--stage", "drill", "--endpoint", url, "--mark", options.mark]
        command += ["--table", _RESTORED, "--compare", _LOST, "--units", str(_UNITS)]
        command += ["--threads", str(options.threads)]
        ended = subprocess.run(command, check=False)  # nosec B603
        lap("rebuilt and compared")
    return ended.returncode


def lose(options: argparse.Namespace, lap: Lap) -> None:
    """Fill a table, back it up before the stream is through, and go on to where it is lost."""
    # Only now: clients and items read the environment.
    from chalicelib.table import keys, operations
    from chalicelib.table.items import Counters

    client: Any = operations.client()
    shape = table_shape().create
    client.create_table(**shape)
    event_ids = list(_events())
    project([operations.put(event).arguments["Item"] for event in _stored_events(event_ids)])

    def fill(number: int) -> list[RawItem]:
        return _fill(event_ids[number], number, options)

    with ThreadPoolExecutor(options.threads) as writers:
        late = list(writers.map(fill, range(_EVENTS)))
    lap(
        f"{options.tickets + options.entries - _admitted(options) + options.journals:,} items written:"
        f" {options.tickets:,} tickets, {options.journals:,} journals; nine tenths projected by the stream"
    )
    without_stream = {name: value for name, value in shape.items() if name != "StreamSpecification"}
    client.create_table(**{**without_stream, "TableName": _RESTORED})
    copied = _copy(client, options.threads)
    wrong = operations.change(keys.gate.counters(event_ids[0]), [Counters.admitted.set(1)]).arguments
    client.update_item(**{**wrong, "TableName": _RESTORED})
    lap(f"{copied:,} items restored as {_RESTORED}, with a wrong counter")
    with ThreadPoolExecutor(options.threads) as writers:
        list(writers.map(project, late))
    lap("the rest projected; now the table is lost")


def project(raws: Sequence[RawItem]) -> None:
    """Pass new items to the stream's function as its records, in batches of its size."""
    from chalicelib.workers import stream

    for start in range(0, len(raws), _RECORDS):
        batch = enumerate(raws[start : start + _RECORDS])
        records = [{"dynamodb": {"SequenceNumber": str(number), "NewImage": raw}} for number, raw in batch]
        if stream.handle({"Records": records})["batchItemFailures"]:
            raise RuntimeError("the stream's function failed")


def _fill(event_id: str, number: int, options: argparse.Namespace) -> list[RawItem]:
    """Write the items of one event; project nine tenths of them, and return the rest."""
    from chalicelib.table import operations

    late: list[RawItem] = []
    items = _base(event_id, number, options)
    while raws := [operations.put(item).arguments["Item"] for item in islice(items, _RECORDS)]:
        operations.put_raw(raws)
        late += raws[::_LATE]
        project([raw for place, raw in enumerate(raws) if place % _LATE])
    return late


def _copy(client: Any, threads: int) -> int:
    """Copy the table as it is to the restored one, as a backup of this minute would; return the number of items."""
    from chalicelib.table import operations
    from infra.rebuild.walk import Walk

    def write(page: list[RawItem]) -> None:
        for start in range(0, len(page), operations.BATCH_WRITE_LIMIT):
            part = [{"PutRequest": {"Item": raw}} for raw in page[start : start + operations.BATCH_WRITE_LIMIT]]
            while part:
                part = client.batch_write_item(RequestItems={_RESTORED: part})["UnprocessedItems"].get(_RESTORED, [])

    walk = Walk(client, _LOST, threads=threads, units=_UNITS)
    walk.run("restore", write)
    return walk.spent.items


def _events() -> Iterator[str]:
    from infra.local import seed

    for number in range(_EVENTS):
        event_id = f"evt_drill{number}"
        seed.create_event(event_id)
        yield event_id


def _stored_events(event_ids: Sequence[str]) -> Iterable[Any]:
    from chalicelib.table import keys, operations

    return operations.get_many([keys.events.event(event_id) for event_id in event_ids]).values()


def _admitted(options: argparse.Namespace) -> int:
    return int(min(options.tickets, options.entries // 2))


def _base(event_id: str, first: int, options: argparse.Namespace) -> Iterator[Any]:
    """Yield an event's tickets, of which the first are admitted, log entries of refusals, and journals."""
    from chalicelib import clock
    from chalicelib.domain.gate import passages
    from chalicelib.domain.gate.convergence import Effect
    from chalicelib.identifiers import log_id_of
    from chalicelib.table import keys
    from chalicelib.table.items import Journal, Passage, Ticket
    from chalicelib.vocabulary.gate import ScanResult
    from chalicelib.vocabulary.tickets import TicketStatus

    now = clock.now().replace(microsecond=0)
    admitted = _admitted(options)
    refused = options.entries - admitted
    for number in range(first, options.tickets, _EVENTS):
        ticket_id = f"tkt_{number:026}"
        name = f"Guest {number % 997} Khan"
        # Dozens a second, so that the log packs some of their rows in pages.
        at = now - timedelta(seconds=number // 50 % 3000)
        ticket = Ticket(
            *keys.tickets.ticket(ticket_id),
            gsi1=keys.gate.attendee(event_id, name, ticket_id),
            ticket_id=ticket_id,
            event_id=event_id,
            number=f"D-{number:06}",
            holder_name=name,
            status=TicketStatus.VALID,
            issued_at=now,
        )
        if number < admitted:
            gate = ("Gate 1", "Gate 2", "Side")[number % 3]
            seen = {"caller_id": "usr_drill", "caller_name": "Drill", "decided_at": at, "gate": gate}
            log_id = log_id_of(f"admitted {number}", decided_at=at)
            ticket.admission = Passage(scan_id=f"scn_a{number:08}", log_id=log_id, **seen)
        yield ticket
        if number < admitted and number < refused:
            entry = passages.record_of(ticket, ticket.admission, Effect.DOUBLE)
            entry.sk = entry.sk.replace("scn_a", "scn_r")
            entry.pk = entry.pk.replace("scn_a", "scn_r")
            entry.scan_id, entry.log_id = f"scn_r{number:08}", log_id_of(f"refused {number}", decided_at=at)
            entry.put_in_gsi1(keys.gate.log(event_id, entry.log_id))
            entry.put_in_gsi2(keys.gate.ticket_log(event_id, ticket_id, entry.log_id))
            entry.result, entry.reason = ScanResult.ALREADY_SCANNED, None
            entry.idle = None
            yield entry
    for number in range(first, options.journals, _EVENTS):
        journal_id = f"jnl_{number:026}"
        price, fee = 150_000 + number % 7, 7_500
        yield Journal(
            *keys.money.journal(journal_id),
            journal_id=journal_id,
            type="sale",
            currency="PKR",
            entries=[
                {"account": "clearing:sandbox", "amount": -price},
                {"account": f"sales:{event_id}", "amount": price - fee},
                {"account": f"fees:{event_id}", "amount": fee},
            ],
            references={"event_id": event_id, "payment_id": f"pay_{number:026}"},
            posted_at=now - timedelta(days=number % 30),
        )


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make drill", description="Lose a table on DynamoDB Local, restore it at a minute, rebuild and compare it."
    )
    parser.add_argument("--tickets", type=stages.positive, default=100_000, help="tickets (default 100000)")
    parser.add_argument(
        "--entries", type=stages.positive, default=200_000, help="entries of the check-in log (default 200000)"
    )
    parser.add_argument("--journals", type=stages.positive, default=20_000, help="journals (default 20000)")
    parser.add_argument("--threads", type=stages.positive, default=2, help="events and segments at once (default 2)")
    parser.add_argument("--endpoint", help="an empty engine that runs already (default one of its own)")
    parser.add_argument("--mark", default=".local/drill.json", help="the file with the place reached by the rebuild")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    raise SystemExit(stages.ended(main))
