"""`make restore`: restore the table to a minute, beside the present one; with --finish give it what a stack needs.

A restored table has neither stream, TTL nor recovery of its own (AWS: "Restoring a table using point-in-time
recovery"). Between the two runs it is rebuilt, and nobody uses it.
"""

import argparse
import secrets
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from infra import stages
from infra.package import production

_POLL_SECONDS = 15.0
# Above every number that a client may have seen of a channel since the minute: it then loads the state again.
_AHEAD = 1_000_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Restore, or finish; return 0, or 1 where there is nothing to restore."""
    options = _options(arguments)
    stages.aim_at(options)
    from chalicelib.table import operations

    client: Any = operations.client()
    source = stages.table_of(options.stage, options.table)
    # Another second is another table: one that exists would pass for it.
    target = options.target or f"{source}-{options.minute:{'%Y%m%d%H%M%S' if options.minute.second else '%Y%m%d%H%M'}}"
    if options.finish:
        keep_numbers(client, source, target, since=options.minute)
        keep_printed(client, source, target)
        finish(client, target, stage=options.stage)
        return 0
    restore(client, source, target, options.minute)
    named, local = _as_given(options, "table", "target"), _as_given(options, "endpoint", "table_endpoint")
    sys.stdout.write(
        f"{target} is restored. Next:\n"
        f'1. make rebuild STAGE={options.stage} ARGS="--table {target}{local}"\n'
        f'2. make erase-again STAGE={options.stage} ARGS="--table {target}{local}"\n'
        f'3. make restore STAGE={options.stage} MINUTE={_written(options.minute)} ARGS="--finish{named}{local}"\n'
    )
    return 0


def _as_given(options: argparse.Namespace, *names: str) -> str:
    """Return arguments as they were given, for a further command."""
    given = ((name, getattr(options, name)) for name in names)
    return "".join(f" --{name.replace('_', '-')} {text}" for name, text in given if text)


def restore(client: Any, source: str, target: str, minute: datetime) -> None:
    """Restore a table to a minute as another one, and wait for it. A run after a killed one goes on waiting."""
    try:
        client.restore_table_to_point_in_time(
            SourceTableName=source, TargetTableName=target, RestoreDateTime=minute, UseLatestRestorableTime=False
        )
    except client.exceptions.TableAlreadyExistsException:
        sys.stdout.write(f"{target} exists already\n")
    _when_active(client, target, doing="restoring")


def finish(client: Any, table: str, *, stage: str) -> None:
    """End what was of the lost hours, give a table what the template gives, and say how a stack uses it."""
    cursors, heads = settle(client, table)
    sys.stdout.write(
        f"{cursors} events end the cursors of their gates, {heads} live channels go on at higher numbers\n"
    )
    described = _when_active(client, table)
    if not described.get("StreamSpecification", {}).get("StreamEnabled"):
        stream = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
        client.update_table(TableName=table, StreamSpecification=stream)
        described = _when_active(client, table)
    if stage == production.PROD and not described.get("DeletionProtectionEnabled"):
        client.update_table(TableName=table, DeletionProtectionEnabled=True)
        _when_active(client, table)
    ttl = client.describe_time_to_live(TableName=table)["TimeToLiveDescription"]["TimeToLiveStatus"]
    if ttl == "DISABLED":
        client.update_time_to_live(TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"})
    client.update_continuous_backups(
        TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    arn = _when_active(client, table)["LatestStreamArn"]
    if stage == stages.LOCAL:
        sys.stdout.write(
            f"{table} is ready. A local run keeps its own table; `--compare` of `make rebuild` compares both.\n"
        )
        return
    sys.stdout.write(f'make deploy STAGE={stage} ARGS="--lose-data TableName={table} TableStreamArn={arn}"\n')


def keep_numbers(client: Any, source: str, table: str, *, since: datetime) -> None:
    """Continue the series of invoices after the last number of the former table: those of the lost hours are out.

    Without the former table, the numbers must come from the invoices that were sent: the operator is asked to look.
    """
    from chalicelib.table import keys

    for year in range(since.year, datetime.now(UTC).year + 1):
        for series in (f"{year}", f"P{year}"):
            place = keys.money.invoice_series(series)
            key = {"pk": {"S": place.pk}, "sk": {"S": place.sk}}
            try:
                found = client.get_item(TableName=source, Key=key, ConsistentRead=True).get("Item")
            except client.exceptions.ResourceNotFoundException:
                sys.stdout.write(f"{source} is gone: compare the last invoice {series} with those that were sent\n")
                continue
            if found is None:
                continue
            last = found["last"]
            try:
                client.put_item(
                    TableName=table,
                    Item=found,
                    ConditionExpression="attribute_not_exists(#l) OR #l < :l",
                    ExpressionAttributeNames={"#l": "last"},
                    ExpressionAttributeValues={":l": last},
                )
            except client.exceptions.ConditionalCheckFailedException:
                continue  # no number was issued since, or this ran before
            sys.stdout.write(f"invoices {series} go on after number {last['N']}\n")


def keep_printed(client: Any, source: str, table: str) -> None:
    """Continue the numbers of organizations after the former table's last ones: those of the lost hours are on paper.

    Two sheets with one number would admit the wrong person.
    """
    from infra.rebuild.walk import RawItem, Walk

    moved = 0

    def take(page: list[RawItem]) -> None:
        nonlocal moved
        moved += sum(_moves_on(client, table, raw) for raw in page if raw["kind"]["S"] == "number_series")

    try:
        Walk(client, source, threads=1).run("numbers", take)
    except client.exceptions.ResourceNotFoundException:
        sys.stdout.write(
            f"{source} is gone: compare the last number of each prefix with the sheets that were printed\n"
        )
        return
    sys.stdout.write(f"{moved} series of ticket numbers go on after what was given out since\n")


def _moves_on(client: Any, table: str, former: dict[str, Any]) -> bool:
    """Move a series of numbers up to the former table's, and return whether that changed it; its open ranges stay."""
    key = {"pk": former["pk"], "sk": former["sk"]}
    try:
        client.update_item(
            TableName=table,
            Key=key,
            UpdateExpression="SET #l = :l",
            ConditionExpression="#l < :l",
            ExpressionAttributeNames={"#l": "last"},
            ExpressionAttributeValues={":l": former["last"]},
        )
    except client.exceptions.ConditionalCheckFailedException:
        try:
            # A prefix of the lost hours; the ranges that were being written are lost with them.
            fresh = {**former, "firsts": {"M": {}}}
            client.put_item(TableName=table, Item=fresh, ConditionExpression="attribute_not_exists(pk)")
        except client.exceptions.ConditionalCheckFailedException:
            return False  # no number was given out since, or this ran before
    return True


def settle(client: Any, table: str) -> tuple[int, int]:
    """End the cursors of gates without network, and move live channels ahead; return how many of each."""
    from infra.rebuild.walk import RawItem, Walk

    counts = {"offline_event": 0, "live_head": 0}

    def take(page: list[RawItem]) -> None:
        for raw in page:
            kind, key = raw["kind"]["S"], {"pk": raw["pk"], "sk": raw["sk"]}
            if kind == "offline_event":
                # Another key of fingerprints: every gate takes a full snapshot.
                names = {"#g": "generation", "#k": "fingerprint_key"}
                values = {":n": {"N": "1"}, ":k": {"B": secrets.token_bytes(len(raw["fingerprint_key"]["B"]))}}
                change = "SET #g = #g + :n, #k = :k"
            elif kind == "live_head":
                names, values = {"#l": "last_id", "#u": "listened_until"}, {":n": {"N": str(_AHEAD)}}
                change = "SET #l = #l + :n REMOVE #u"
            else:
                continue
            client.update_item(
                TableName=table,
                Key=key,
                UpdateExpression=change,
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=values,
            )
            counts[kind] += 1

    Walk(client, table, threads=1).run("settle", take)
    return counts["offline_event"], counts["live_head"]


def _when_active(client: Any, table: str, *, doing: str = "changing") -> dict[str, Any]:
    """Wait until a table can be changed, and return its description.

    While an UpdateTable is under way, AWS refuses the next one (AWS, "UpdateTable").
    """
    began = time.monotonic()
    while True:
        described: dict[str, Any] = client.describe_table(TableName=table)["Table"]
        if described["TableStatus"] == "ACTIVE":
            return described
        sys.stderr.write(f"{doing}: {(time.monotonic() - began) / 60:.1f} minutes\n")
        time.sleep(_POLL_SECONDS)


def _minute(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no moment, such as 2026-11-28T08:30Z") from error
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text!r} has no time zone; end it with Z for UTC")
    return moment.astimezone(UTC).replace(microsecond=0)


def _written(minute: datetime) -> str:
    return f"{minute:{'%Y-%m-%dT%H:%M:%SZ' if minute.second else '%Y-%m-%dT%H:%MZ'}}"


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make restore",
        description="Restore the table to a minute, as another table; then --finish it for its stack.",
        epilog="The AWS region and credentials come from the environment, as for the AWS command line.",
    )
    stages.add_arguments(parser)
    parser.add_argument("--minute", required=True, type=_minute, help="the moment, such as 2026-11-28T08:30Z")
    parser.add_argument("--target", help="the name of the restored table (default the table's with the minute)")
    parser.add_argument("--finish", action="store_true", help="after the rebuild: stream, TTL, recovery, protection")
    options = parser.parse_args(arguments)
    stages.check(parser, options)
    return options


if __name__ == "__main__":
    raise SystemExit(stages.ended(main))
