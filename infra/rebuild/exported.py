"""`make export-query`: questions to an export of the table in S3, after its files were copied to a folder.

`aws s3 sync s3://<ExportsBucket>/AWSDynamoDB/<export>/ FOLDER` copies them: gzipped lines of DynamoDB JSON, and the
manifest that says how many items they have (AWS, "DynamoDB table export output format").
"""

import argparse
import gzip
import json
import sys
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from infra import stages
from infra.local.console import CannotStart

RawItem = dict[str, Any]
_MANIFEST = "manifest-summary.json"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the answers; return 1 if anything differs from what it should equal. Raises CannotStart without data."""
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
    promised = _promised(options.folder)
    total = "no manifest says how many there are" if promised is None else f"{promised} by the manifest"
    sys.stdout.write(f"{items} items read, {total}\n{wrong} journals do not sum to zero\n")
    differs = wrong > 0 or promised not in (None, items)
    for event_id, sums in sorted(journals.items()):
        sys.stdout.write(f"journals of {event_id}: {dict(sums)}\n")
    for event_id in sorted(tickets.keys() | {name for name, count in counted.items() if count}):
        differs |= (is_other := tickets[event_id] != counted[event_id])
        mark = " (differs)" if is_other else ""
        sys.stdout.write(f"admitted at {event_id}: {tickets[event_id]} tickets, {counted[event_id]} counted{mark}\n")
    for account, amount in sorted(accounts.items()) if options.accounts else ():
        sys.stdout.write(f"{account}: {amount}\n")
    return 1 if differs else 0


def read(folder: Path) -> Iterator[RawItem]:
    """Yield the items of an export's files. Raises CannotStart for a file that is damaged or none of an export."""
    for path in sorted(folder.rglob("*.json.gz")):
        try:
            with gzip.open(path, "rt", encoding="utf-8") as lines:
                for line in lines:
                    yield json.loads(line)["Item"]
        except (EOFError, zlib.error, gzip.BadGzipFile, ValueError, KeyError, TypeError):
            raise CannotStart(f"{path} is damaged, or no file of an export: copy it again.") from None


def _promised(folder: Path) -> int | None:
    """Return how many items the export has by its manifest; None without one. Raises CannotStart for two exports."""
    found = [*folder.rglob(_MANIFEST), *folder.absolute().parent.glob(_MANIFEST)]
    if len(found) > 1:
        raise CannotStart(f"{folder} has more than one export: name the folder of one.")
    try:
        return int(json.loads(found[0].read_text(encoding="utf-8"))["itemCount"]) if found else None
    except (ValueError, KeyError, TypeError):
        raise CannotStart(f"{found[0]} is no manifest of an export: copy it again.") from None


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make export-query", description="Sums of journals and admissions by event, from an export of the table."
    )
    parser.add_argument("folder", type=Path, help="the folder with the export's data files")
    parser.add_argument("--accounts", action="store_true", help="also the sum of every account")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    raise SystemExit(stages.ended(main))
