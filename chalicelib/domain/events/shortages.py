"""What a container knows of categories that are short of tickets, for a second.

A sold-out sale is asked for far more often than it is bought from. Without this, each refusal reads every shard of the
stock: 2,500 refusals a second are 7,500 read units of each shard, of which a partition serves 3,000 (AWS: "Best
practices for designing and using partition keys"). A returned ticket is for sale within KEPT_SECONDS.
"""

import threading
import time

KEPT_SECONDS = 1.0
_MOST_KEPT = 200

_lock = threading.Lock()
_left: dict[str, tuple[float, int]] = {}


def remember(category_id: str, left: int) -> None:
    """Keep how many tickets a consistent snapshot found, where they were too few."""
    with _lock:
        if len(_left) >= _MOST_KEPT:
            _left.clear()
        _left[category_id] = (time.monotonic() + KEPT_SECONDS, left)


def left_of(category_id: str) -> int | None:
    """Return how many tickets are left of a category that was short within the last second; None if it was not."""
    until, left = _left.get(category_id, (0.0, 0))
    return left if time.monotonic() < until else None


def forget(*category_ids: str) -> None:
    """Drop what is known of these categories, since tickets come back; of all without a name."""
    with _lock:
        for category_id in category_ids or list(_left):
            _left.pop(category_id, None)
