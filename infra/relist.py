"""`make relist`: write the list entries of rows that were stored before their list, or an index, was declared.

It reads the whole table once, which no function may do: it runs on the operator's machine, with the operator's own AWS
permissions (D-LIST-07). The place that it has reached is in a file, so a command that was killed goes on from there.
Entries are written as the stream writes them, so it may run while the platform does, and twice.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from infra import stages
from infra.rebuild.left_out import LeftOut

# One request reads up to a megabyte, which is 128 read units of an eventually consistent read.
_UNITS_PER_PAGE = 128


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the table page by page, and print how far it is."""
    options = _options(arguments)
    stages.aim_at(options)
    # Only now: the items read the name of their table when they are imported.
    from chalicelib.domain.lists import follower
    from chalicelib.domain.lists.declared import LISTS
    from chalicelib.table import operations
    from chalicelib.table.items import Item
    from infra import reindex

    listed = {str(kind.kind.get_discriminator(kind)) for each in LISTS for kind in _classes(each.item)}
    kinds = sorted(listed | reindex.KINDS)
    marks = Path(options.mark or f".local/relist-{options.stage}.json")
    kept = stages.mark(marks)
    # A file of another table, such as the one before a restore, is none of this one's.
    kept = kept if kept.get("of") == os.environ["TABLE_NAME"] else {}
    reached, left_out = kept.get("reached", {}), LeftOut(kept.get("left_out"))
    pause = _UNITS_PER_PAGE / options.units
    client: Any = operations.client()
    rows = indexed = 0

    def write(page: list[dict[str, Any]]) -> None:
        nonlocal rows, indexed
        rows += follower.write([Item.from_raw_data(raw) for raw in page if raw["kind"]["S"] in listed])
        indexed += reindex.write(Item.from_raw_data(raw) for raw in page if raw["kind"]["S"] in reindex.KINDS)

    while True:
        begun = time.monotonic()
        answer = client.scan(
            TableName=os.environ["TABLE_NAME"],
            FilterExpression=f"kind IN ({', '.join(f':k{n}' for n in range(len(kinds)))})",
            ExpressionAttributeValues={f":k{n}": {"S": kind} for n, kind in enumerate(kinds)},
            **({"ExclusiveStartKey": reached} if reached else {}),
            **({"Limit": options.limit} if options.limit else {}),
        )
        left_out.give(answer["Items"], write)
        reached = answer.get("LastEvaluatedKey")
        sys.stdout.write(f"{rows} rows of {len(LISTS)} lists, {indexed} missing keys and copies\n")
        if not reached:
            marks.unlink(missing_ok=True)
            sys.stdout.write("done\n")
            sys.stderr.write(left_out.said())
            return 1 if left_out.items else 0
        marks.parent.mkdir(parents=True, exist_ok=True)
        written = marks.with_suffix(".part")
        written.write_text(json.dumps({"of": os.environ["TABLE_NAME"], "reached": reached, "left_out": left_out.items}))
        written.replace(marks)
        time.sleep(max(0.0, pause - (time.monotonic() - begun)))


def _classes(item: Any) -> list[Any]:
    return [item, *(each for below in item.__subclasses__() for each in _classes(below))]


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make relist",
        description="Write the list entries of rows that were stored before their list was declared.",
        epilog="The AWS region and credentials come from the environment, as for the AWS command line.",
    )
    stages.add_arguments(parser, default="dev")
    parser.add_argument(
        "--units", type=stages.positive, default=1000, help="read units a second at most (default 1000)"
    )
    parser.add_argument("--mark", help="the file with the place reached (default .local/relist-<stage>.json)")
    parser.add_argument("--limit", type=stages.positive, help="items read by one request, to try the command")
    options = parser.parse_args(arguments)
    stages.check(parser, options)
    return options


if __name__ == "__main__":
    raise SystemExit(stages.ended(main))
