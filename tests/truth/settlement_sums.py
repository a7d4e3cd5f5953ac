"""Adds up a settlement's CSV: gross, refunds, platform fee and net as of its closing, and what came later.

`python tests/truth/settlement_sums.py settlement.csv`. It knows the file and nothing of the platform.
"""

import csv
import sys
from decimal import Decimal
from pathlib import Path

NAMES = ("gross", "refunds", "platform_fee", "net")


def sums(text: str) -> dict[str, dict[str, Decimal]]:
    found = {when: dict.fromkeys(NAMES, Decimal(0)) for when in ("no", "yes")}
    for row in csv.DictReader(text.lstrip("\ufeff").splitlines()):
        for name in NAMES[:3]:
            found[row["after_close"]][name] += Decimal(row[name])
    for part in found.values():
        part["net"] = part["gross"] - part["refunds"] - part["platform_fee"]
    return {"settled": found["no"], "later": found["yes"]}


if __name__ == "__main__":
    print(sums(Path(sys.argv[1]).read_text()))  # a script
