"""The list prices of bench/prices.toml."""

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_suffix(".toml")


@lru_cache(maxsize=1)
def prices() -> dict[str, Any]:
    """Return the prices by service and name; `as_of` is the day on which they were checked."""
    return tomllib.loads(FILE.read_text())


def price(service: str, name: str) -> float:
    """Return one price in USD. Raises KeyError for one that the file has not."""
    return float(prices()[service][name])
