"""`make export-query`: questions to an export of the table in S3, after its files were copied to a folder.

`aws s3 sync s3://<ExportsBucket>/AWSDynamoDB/<export>/data/ FOLDER` copies them: gzipped lines of DynamoDB JSON.
"""

import argparse
import gzip
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from infra import stages
from infra.local.console import CannotStart

RawItem = dict[str, Any]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the answers; return 1 if a journal does not sum to zero. Raises CannotStart without data."""
    options = _options(arguments)
    journals: defaultdict[str, Counter[str]] = defaultdict(Counter)
    accounts, tickets, counted = Counter[str](), Counter[str](), Counter[str]()
    wrong = items = 0
    for raw in read(options.folder):
        items += 1
        kind = raw["kind"]["S"]
        if kind == "journal":
            entries = json.loads(raw["entries"]["S"])
            wrong += sum(int(entry["amount"]) for entry in entries) != 0
            event_id = json.loads(raw.get("references", {"S": "{}"})["S"]).get("event_id") or "no event"
            for entry in entries:
                journals[event_id][raw["currency"]["S"]] += int(entry["amount"])
                accounts[f"{entry['account']} {raw['currency']['S']}"] += int(entry["amount"])
        elif kind == "ticket" and "admission" in raw:
            tickets[raw["event_id"]["S"]] += 1
        elif kind == "counters":
            counted[raw["pk"]["S"].partition("#")[2]] = int(raw.get("admitted", {"N": "0"})["N"])
    if not items:
        raise CannotStart(f"{options.folder} holds no data of an export: copy its *.json.gz files there first.")
    sys.stdout.write(f"{wrong} journals do not sum to zero\n")
    for event_id, sums in sorted(journals.items()):
        sys.stdout.write(f"journals of {event_id}: {dict(sums)}\n")
    for event_id in sorted(tickets.keys() | {name for name, count in counted.items() if count}):
        sys.stdout.write(f"admitted at {event_id}: {tickets[event_id]} tickets, {counted[event_id]} counted\n")
    for account, amount in sorted(accounts.items()) if options.accounts else ():
        sys.stdout.write(f"{account}: {amount}\n")
    return 1 if wrong else 0


def read(folder: Path) -> Iterator[RawItem]:
    """Yield the items of an export's files."""
    for path in sorted(folder.rglob("*.json.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)["Item"]


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make export-query", description="Sums of journals and admissions by event, from an export of the table."
    )
    parser.add_argument("folder", type=Path, help="the folder with the export's data files")
    parser.add_argument("--accounts", action="store_true", help="also the sum of every account")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    raise SystemExit(stages.ended(main))
