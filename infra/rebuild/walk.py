"""Reads a whole table by parallel segments, at a bounded rate, and goes on where a killed command was.

Only commands of operators do this: no function may scan the table.
"""

import argparse
import json
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal, Self

from infra import stages
from infra.rebuild.left_out import LeftOut

RawItem = dict[str, Any]
# List price of on-demand reads in us-east-1 (aws.amazon.com/dynamodb/pricing, as bench/bill.py has it).
USD_PER_MILLION_READS = 0.125
_SECONDS_BETWEEN_LINES = 2.0


EPILOG = (
    "The AWS region and credentials come from the environment, as for the AWS command line. A command that was killed"
    " goes on from its file."
)


def parsed(
    parser: argparse.ArgumentParser, arguments: Sequence[str] | None, *, units: int, threads: int, name: str
) -> argparse.Namespace:
    """Add what every command has that reads a whole table, and parse: stage, rate, segments, and the file of `name`."""
    stages.add_arguments(parser)
    parser.add_argument("--dry-run", action="store_true", help="read and count only")
    parser.add_argument(
        "--units", type=stages.positive, default=units, help=f"read units a second at most (default {units})"
    )
    parser.add_argument("--segments", type=stages.positive, default=8, help="parts of the table (default 8)")
    parser.add_argument(
        "--threads", type=stages.positive, default=threads, help=f"parts read at once (default {threads})"
    )
    parser.add_argument("--page", type=stages.positive, help="items read by one request, to try the command")
    parser.add_argument("--mark", help=f"the file with the place reached (default .local/{name}-<stage>.json)")
    options = parser.parse_args(arguments)
    stages.check(parser, options)
    options.mark = Path(options.mark or f".local/{name}-{options.stage}.json")
    return options


class Progress:
    """Which pass a command is in, and where each segment of it is; kept in a file."""

    def __init__(self, path: Path | None, *, passes: tuple[str, ...], of: str) -> None:
        """`of` names what is done, so that a file of another table or another way is not used."""
        self._path, self._passes, self._lock = path, passes, threading.Lock()
        kept: dict[str, Any] = stages.mark(path) if path is not None else {}
        if kept.get("of") != of:
            kept = {"of": of, "done": [], "positions": {}}
        self._kept = kept
        self.left_out = LeftOut(kept.get("left_out"))

    @property
    def is_begun(self) -> bool:
        """Whether an earlier run got somewhere."""
        return bool(self._kept["done"] or self._kept["positions"])

    def is_done(self, name: str) -> bool:
        """Whether a pass is over."""
        return name in self._kept["done"]

    def reached(self, name: str, segment: str) -> dict[str, Any] | Literal[True] | None:
        """Return the key after which a segment, such as "1 of 8", goes on: None at its beginning, True at its end."""
        position: dict[str, Any] | Literal[True] | None = self._kept["positions"].get(f"{name}/{segment}")
        return position

    def note(self, name: str, segment: str, position: dict[str, Any] | Literal[True]) -> None:
        """Keep how far a segment is; True at its end."""
        with self._lock:
            self._kept["positions"][f"{name}/{segment}"] = position
            self._kept["left_out"] = self.left_out.items
            self._save()

    def finish(self, name: str) -> None:
        """Keep that a pass is over; after the last one, forget everything."""
        with self._lock:
            self._kept["done"].append(name)
            self._kept["positions"] = {}
            if name == self._passes[-1] and self._path is not None:
                self._path.unlink(missing_ok=True)
            else:
                self._save()

    def _save(self) -> None:
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        written = self._path.with_suffix(".part")
        written.write_text(json.dumps(self._kept))
        written.replace(self._path)


@dataclass(slots=True)
class Spent:
    """What the walk has read, in items and read units."""

    items: int = 0
    units: float = 0.0

    @property
    def usd(self) -> float:
        """The price of the units at the list price."""
        return self.units * USD_PER_MILLION_READS / 1_000_000


@dataclass(slots=True)
class Walk:
    """Reads of one table: how many segments and threads, and how many read units a second in all."""

    client: Any
    table: str
    segments: int = 8
    threads: int = 4
    units: int = 2000
    page: int | None = None
    spent: Spent = field(default_factory=Spent)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _said_at: float = 0.0

    @classmethod
    def of(cls, client: Any, table: str, options: argparse.Namespace) -> Self:
        """Return the reads of a table as a command's arguments ask for them."""
        return cls(client, table, options.segments, options.threads, options.units, options.page)

    def run(
        self,
        name: str,
        take: Callable[[list[RawItem]], None],
        progress: Progress | None = None,
        *,
        left_out: LeftOut | None = None,
    ) -> None:
        """Pass every page to `take`; each segment in order, several at once. A fault of one ends all.

        With `progress` or `left_out`, an item that `take` fails with is left out, and named there.
        """
        left_out = left_out or (progress.left_out if progress else None)
        given: Callable[[list[RawItem]], None] = partial(left_out.give, take=take) if left_out else take
        progress = progress or Progress(None, passes=(name,), of="")
        ending = threading.Event()

        def read(segment: int) -> None:
            try:
                self._read(name, segment, given, progress, ending)
            except BaseException:
                ending.set()
                raise

        if self.threads == 1:
            for segment in range(self.segments):
                read(segment)
        else:
            with ThreadPoolExecutor(self.threads, thread_name_prefix=name) as readers:
                try:
                    list(readers.map(read, range(self.segments)))
                except BaseException:
                    # Also where somebody stops the command, which no reader sees: each ends after its page.
                    ending.set()
                    raise
        self._say(name, is_last=True)

    def _read(
        self,
        name: str,
        segment: int,
        take: Callable[[list[RawItem]], None],
        progress: Progress,
        ending: threading.Event,
    ) -> None:
        # With the number of segments: another run may cut the table in other parts.
        part = f"{segment} of {self.segments}"
        reached = progress.reached(name, part)
        while reached is not True and not ending.is_set():
            begun = time.monotonic()
            answer: dict[str, Any] = self.client.scan(
                TableName=self.table,
                Segment=segment,
                TotalSegments=self.segments,
                ConsistentRead=True,
                ReturnConsumedCapacity="TOTAL",
                **({"ExclusiveStartKey": reached} if reached else {}),
                **({"Limit": self.page} if self.page else {}),
            )
            take(answer["Items"])
            last: dict[str, Any] | None = answer.get("LastEvaluatedKey")
            progress.note(name, part, last or True)
            reached = last or True
            units = answer.get("ConsumedCapacity", {}).get("CapacityUnits", 0.0)
            with self._lock:
                self.spent.items += len(answer["Items"])
                self.spent.units += units
            self._say(name)
            share = self.units / min(self.threads, self.segments)
            ending.wait(max(0.0, units / share - (time.monotonic() - begun)))

    def _say(self, name: str, *, is_last: bool = False) -> None:
        now = time.monotonic()
        with self._lock:
            if not is_last and now - self._said_at < _SECONDS_BETWEEN_LINES:
                return
            self._said_at = now
            spent = self.spent
        sys.stderr.write(f"{name}: {spent.items:,} items read, {spent.units:,.0f} read units, {spent.usd:.4f} USD\n")
