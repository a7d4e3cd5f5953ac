"""`make upgrade-items`: write every item of a former shape in the newest one, beside a platform that runs.

Readers upgrade what they read in memory (`chalicelib/table/shapes.py`); after this command no item needs it. Each write
requires that what its steps read is as it was read, so a write beside it is never lost: then the item is read again.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any

from infra import stages
from infra.rebuild.walk import EPILOG, Progress, RawItem, Walk, parsed

_WALK = "upgrade"
_TRIES = 10


def main(arguments: Sequence[str] | None = None) -> int:
    """Upgrade every item; return 0, or 1 if some kept changing or were left out."""
    options = _options(arguments)
    stages.aim_at(options)
    # Only now: the items read the name of their table when they are imported.
    from chalicelib.table import operations

    table = os.environ["TABLE_NAME"]
    job = Upgrade(operations.client(), table, is_dry=options.dry_run)
    progress = Progress(None if options.dry_run else options.mark, passes=(_WALK,), of=f"{table} upgrade")
    Walk.of(operations.client(), table, options).run(_WALK, job.take, progress)
    progress.finish(_WALK)
    sys.stdout.write(f"{job.former:,} items of a former shape, {job.written:,} written, {job.failed:,} kept changing\n")
    sys.stderr.write(progress.left_out.said())
    return 1 if job.failed or progress.left_out.items else 0


class Upgrade:
    """Upgrades the items of pages, and counts them."""

    def __init__(self, client: Any, table: str, *, is_dry: bool = False) -> None:
        """`is_dry` counts and writes nothing."""
        self._client, self._table, self._is_dry = client, table, is_dry
        self.former = self.written = self.failed = 0

    def take(self, page: list[RawItem]) -> None:
        """Write what a page has of former shapes."""
        from chalicelib.table import shapes

        former = [raw for raw in page if shapes.missing_steps(raw)]
        for raw in () if self._is_dry else former:
            self._upgrade(raw)
        # At the end: a page with an item that cannot be upgraded is passed on again, by its items.
        self.former += len(former)

    def _upgrade(self, raw: RawItem) -> None:
        from chalicelib.table import shapes

        key = {"pk": raw["pk"], "sk": raw["sk"]}
        for _ in range(_TRIES):
            try:
                self._client.update_item(TableName=self._table, Key=key, **_request(raw))
            except self._client.exceptions.ConditionalCheckFailedException:
                found = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item")
                if found is None or not shapes.missing_steps(found):
                    return  # it is gone, or another process upgraded it
                raw = found
            else:
                self.written += 1
                return
        self.failed += 1


def _request(raw: RawItem) -> dict[str, Any]:
    """Return the update that makes a raw item its newest shape, if what that depends on is as read."""
    from chalicelib.table import shapes

    made = shapes.upgraded(raw)
    read = {name for step in shapes.missing_steps(raw) for name in step.reads}
    sets = {name: value for name, value in made.items() if raw.get(name) != value}
    gone = [name for name in raw if name not in made]
    names = sorted({*sets, *gone, *read, shapes.ATTRIBUTE, "pk"})
    alias = {name: f"#a{number}" for number, name in enumerate(names)}
    parts = ["SET " + ", ".join(f"{alias[name]} = :n{number}" for number, name in enumerate(sets))]
    if gone:
        parts.append("REMOVE " + ", ".join(alias[name] for name in gone))
    conditions, values = (
        [f"attribute_exists({alias['pk']})"],
        {f":n{n}": value for n, value in enumerate(sets.values())},
    )
    for number, name in enumerate(sorted({*sets, *gone, *read})):
        if name in raw:
            conditions.append(f"{alias[name]} = :w{number}")
            values[f":w{number}"] = raw[name]
        else:
            conditions.append(f"attribute_not_exists({alias[name]})")
    return {
        "UpdateExpression": " ".join(parts),
        "ConditionExpression": " AND ".join(conditions),
        "ExpressionAttributeNames": {text: name for name, text in alias.items() if _is_used(text, parts, conditions)},
        "ExpressionAttributeValues": values,
    }


def _is_used(alias: str, *texts: list[str]) -> bool:
    return any(
        alias in text.replace("(", " ").replace(")", " ").replace(",", " ").split() for part in texts for text in part
    )


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make upgrade-items",
        description="Write every item of a former shape in the newest one. The platform may run meanwhile.",
        epilog=EPILOG,
    )
    return parsed(parser, arguments, units=1000, threads=2, name="upgrade")


if __name__ == "__main__":
    raise SystemExit(stages.ended(main))
