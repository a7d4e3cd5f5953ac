"""The command line of `make rebuild`."""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from typing import Any

from infra import stages
from infra.rebuild.walk import EPILOG, Progress, Walk, parsed

PASSES = {"whole": ("reset", "marks", "replay"), "catch-up": ("catch-up",)}
_SHOWN = 20


def main(arguments: Sequence[str] | None = None) -> int:
    """Rebuild or compare; return 0, or 1 where tables differ, items were left out or a table is in use."""
    options = _options(arguments)
    stages.aim_at(options)
    # Only now: the items read the name of their table when they are imported.
    from chalicelib.table import operations
    from infra.rebuild import comparing, rebuilding
    from infra.rebuild.resetting import Reset

    client, table = operations.client(), os.environ["TABLE_NAME"]

    def walk(name: str) -> Walk:
        return Walk.of(client, name, options)

    began, has_failed = time.monotonic(), False
    if not options.compare_only:
        is_used = _is_read(client, table)
        if options.way == "whole" and is_used and not options.dry_run and not options.in_place:
            sys.stderr.write(
                f"{table} has a stream, so a stack may read it. What readers count while totals are removed is lost for"
                " good: rebuild a restored table before it gets its stream. Or switch off both readers (`aws lambda"
                " update-event-source-mapping --uuid <uuid> --no-enabled`), pass --in-place, and switch them on again"
                " afterwards; totals are wrong meanwhile. A local run cannot switch its readers off.\n"
            )
            return 1
        passes = PASSES[options.way]
        progress = Progress(None if options.dry_run else options.mark, passes=passes, of=f"{table} {options.way}")
        done = rebuilding.rebuild(walk(table), progress, passes=passes, reset=Reset(options.dry_run, is_used))
        sys.stdout.write(f"{done}\n{table}: {(time.monotonic() - began) / 60:.2f} minutes\n")
        sys.stderr.write(progress.left_out.said())
        has_failed = bool(progress.left_out.items)
    if options.compare is None:
        return int(has_failed)
    found = list(comparing.differences(comparing.read(walk(options.compare)), comparing.read(walk(table))))
    for each in found[:_SHOWN]:
        sys.stdout.write(f"{each.what}: {each.kind} {each.key.pk} {each.key.sk}\n")
    if len(found) > _SHOWN:
        sys.stdout.write(f"and {len(found) - _SHOWN:,} more\n")
    sys.stdout.write(f"{len(found):,} differences from {options.compare}\n")
    return 1 if found or has_failed else 0


def _is_read(client: Any, table: str) -> bool:
    described: dict[str, Any] = client.describe_table(TableName=table)["Table"]
    return bool(described.get("StreamSpecification", {}).get("StreamEnabled"))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make rebuild",
        description="Make every projection of a table again: log, totals, lists, the catalogue, reports.",
        epilog=EPILOG,
    )
    parser.add_argument(
        "--way",
        choices=("whole", "catch-up"),
        default="whole",
        help="whole: remove projections and marks first; catch-up: write what the stream never read, remove list"
        " entries, visits and names that are out of date, also of a table in use; wrong totals stay (default whole)",
    )
    parser.add_argument(
        "--in-place", action="store_true", help="also where the table has a stream, whose readers are switched off"
    )
    parser.add_argument("--compare", metavar="TABLE", help="afterwards, compare item by item with this table")
    parser.add_argument("--compare-only", action="store_true", help="compare, and rebuild nothing")
    options = parsed(parser, arguments, units=2000, threads=4, name="rebuild")
    if options.compare_only and options.compare is None:
        parser.error("--compare-only needs --compare TABLE")
    if options.dry_run and options.way != "whole":
        parser.error("--dry-run counts what --way whole removes first")
    return options


if __name__ == "__main__":
    raise SystemExit(stages.ended(main))
