"""`make drill`: lose a table at a minute, restore it, rebuild it, and compare it with the one that was lost.

It runs on DynamoDB Local. The table is filled with tickets, log entries and journals. At the minute of the backup the
stream has not read the last tenth of them, and one counter is wrong. The rebuild runs through its own command.
"""

import argparse
import os
import subprocess  # nosec B404  # the rebuild's own command
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from infra.local import engines
from infra.local.table_shape import table_shape

_EVENTS = 4
_RECORDS = 100
_RESTORED = "gatehouse-restored"
Lap = Callable[[str], None]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the drill; return 0 if the rebuilt table equals the lost one."""
    options = _options(arguments)
    with engines.dynamodb_local() as url:
        os.environ.update(
            AWS_ENDPOINT_URL_DYNAMODB=url,
            AWS_ENDPOINT_URL=url,
            AWS_ACCESS_KEY_ID="local",
            AWS_SECRET_ACCESS_KEY="local",  # noqa: S106 # nosec B106  # the engine takes any
            AWS_DEFAULT_REGION="us-east-1",
            AWS_EC2_METADATA_DISABLED="true",
            AWS_ACCOUNT_ID_ENDPOINT_MODE="disabled",
            LIMIT_TABLE_MS="30000",
            POWERTOOLS_LOG_LEVEL="WARNING",
        )
        began = time.monotonic()

        def lap(what: str) -> None:
            sys.stdout.write(f"{(time.monotonic() - began) / 60:6.2f} min  {what}\n")
            sys.stdout.flush()

        lose(options, lap)
        command = [sys.executable, "-m", "infra.rebuild", "--stage", "local", "--endpoint", url]
        command += ["--table", _RESTORED, "--compare", "gatehouse", "--units", "1000000000", "--threads", "2"]
        ended = subprocess.run([*command, "--mark", options.mark], check=False)  # nosec B603
        lap("rebuilt and compared")
    return ended.returncode


def lose(options: argparse.Namespace, lap: Lap) -> None:
    """Fill a table, back it up before the stream is through, and go on to where it is lost."""
    # Only now: clients and items read the environment.
    from chalicelib.table import keys, operations
    from chalicelib.table.items import Counters, Item
    from chalicelib.workers import stream
    from infra.rebuild.walk import Walk

    client: Any = operations.client()
    client.create_table(**table_shape().create)
    event_ids = list(_events())
    base = list(_base(event_ids, options))
    operations.put_many(base)
    base = [*operations.get_many([keys.events.event(event_id) for event_id in event_ids]).values(), *base]
    lap(f"{len(base):,} items written: {options.tickets:,} tickets, {options.journals:,} journals")
    numbers = iter(range(10**9))

    def project(items: Sequence[Item]) -> None:
        for start in range(0, len(items), _RECORDS):
            images = [operations.put(item).arguments["Item"] for item in items[start : start + _RECORDS]]
            records = [{"dynamodb": {"SequenceNumber": str(next(numbers)), "NewImage": image}} for image in images]
            if stream.handle({"Records": records})["batchItemFailures"]:
                raise RuntimeError("the stream's function failed")

    until = len(base) * 9 // 10
    project(base[:until])
    lap("nine tenths of it projected by the stream")
    shape = {name: value for name, value in table_shape().create.items() if name != "StreamSpecification"}
    client.create_table(**{**shape, "TableName": _RESTORED})

    def restore(page: list[dict[str, Any]]) -> None:
        for start in range(0, len(page), operations.BATCH_WRITE_LIMIT):
            part = [{"PutRequest": {"Item": raw}} for raw in page[start : start + operations.BATCH_WRITE_LIMIT]]
            while part:
                part = client.batch_write_item(RequestItems={_RESTORED: part})["UnprocessedItems"].get(_RESTORED, [])

    Walk(client, "gatehouse", threads=2, units=10**9).run("restore", restore)
    place = keys.gate.counters(event_ids[0])
    wrong = operations.change(place, [Counters.admitted.set(1)]).arguments
    client.update_item(**{**wrong, "TableName": _RESTORED})
    lap(f"restored as {_RESTORED}, with a wrong counter")
    project(base[until:])
    lap("the rest projected; now the table is lost")


def _events() -> Iterator[str]:
    from infra.local import seed

    for number in range(_EVENTS):
        event_id = f"evt_drill{number}"
        seed.create_event(event_id)
        yield event_id


def _base(event_ids: Sequence[str], options: argparse.Namespace) -> Iterator[Any]:
    """Yield tickets, of which the first are admitted, log entries of refusals, and journals."""
    from chalicelib import clock
    from chalicelib.domain.convergence import Effect
    from chalicelib.domain.gate import passages
    from chalicelib.table import keys
    from chalicelib.table.items import Journal, Passage, Ticket
    from chalicelib.vocabulary.gate import ScanResult
    from chalicelib.vocabulary.tickets import TicketStatus

    now = clock.now().replace(microsecond=0)
    admitted = min(options.tickets, options.entries // 2)
    refused = options.entries - admitted
    for number in range(options.tickets):
        event_id, ticket_id = event_ids[number % len(event_ids)], f"tkt_{number:026}"
        name = f"Guest {number % 997} Khan"
        at = now - timedelta(seconds=number % 3000)
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
            ticket.admission = Passage(scan_id=f"scn_a{number:08}", log_id=f"log_a{number:024}", **seen)
        yield ticket
        if number < admitted and number < refused:
            entry = passages.record_of(ticket, ticket.admission, Effect.DOUBLE)
            entry.sk = entry.sk.replace("scn_a", "scn_r")
            entry.pk = entry.pk.replace("scn_a", "scn_r")
            entry.scan_id, entry.log_id = f"scn_r{number:08}", f"log_r{number:024}"
            entry.put_in_gsi1(keys.gate.log(event_id, entry.log_id))
            entry.put_in_gsi2(keys.gate.ticket_log(event_id, ticket_id, entry.log_id))
            entry.result, entry.reason = ScanResult.ALREADY_SCANNED, None
            entry.idle = None
            yield entry
    for number in range(options.journals):
        event_id, journal_id = event_ids[number % len(event_ids)], f"jnl_{number:026}"
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
    parser.add_argument("--tickets", type=int, default=100_000, help="tickets (default 100000)")
    parser.add_argument("--entries", type=int, default=200_000, help="entries of the check-in log (default 200000)")
    parser.add_argument("--journals", type=int, default=20_000, help="journals (default 20000)")
    parser.add_argument("--mark", default=".local/drill.json", help="the file with the place reached by the rebuild")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    raise SystemExit(main())
