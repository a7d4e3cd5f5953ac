"""The shape of stored items: the version of its class that an item was written in, and how the newest one is made.

An item says its shape in the attribute `shape`; without it the shape is 1, so that most items pay no byte for it. A
change of shape is a further `Step` of its kind. Every reader gets the newest shape: `Item.from_raw_data` upgrades what
it reads, in memory. `make upgrade-items` then writes it. Until it has, conditions must accept the former shape too.

A step never touches an attribute of the newest shape that is there, so it may run twice, and on an item of which a
former release has written a part. A release in between writes what both read (docs/decisions/d-dr-02-shapes.md).
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import Struct

from chalicelib import clock

RawItem = dict[str, Any]
ATTRIBUTE = "shape"
# How far ahead an upgrade makes due what should have been due before.
_SOON = timedelta(minutes=5)


class Step(Struct, frozen=True):
    """From one shape to the next: `make` returns what changes, None for an attribute that goes.

    It may look at the attributes in `reads` alone: the upgrade of a stored item requires that these are as read.
    """

    reads: tuple[str, ...]
    make: Callable[[RawItem], dict[str, Any]]


def _counted_from_zero(raw: RawItem) -> dict[str, Any]:
    """Return the numbers that a venue lacks which was stored before venues had versions and counted their events."""
    return {name: {"N": "0"} for name in ("version", "event_count") if name not in raw}


def _due_on_its_day(raw: RawItem) -> dict[str, Any]:
    """Return the key in the sweep's index that a scheduled payout lacks from before payouts were sent by the sweep.

    It is due on its day, or in a few minutes where that is over: the sweep reads no minutes of the past.
    """
    if raw.get("status") != {"S": "scheduled"} or "gsi2pk" in raw:
        return {}
    # Imported here: the keys import the items, which import this module.
    from chalicelib.table import keys

    day = datetime.fromisoformat(raw["scheduled_for"]["S"]).replace(tzinfo=UTC)
    pk, sk = keys.jobs.due(max(day, clock.now() + _SOON), raw["payout_id"]["S"])
    return {"gsi2pk": {"S": pk}, "gsi2sk": {"S": sk}}


STEPS: Mapping[str, tuple[Step, ...]] = {
    "venue": (Step(("version", "event_count"), _counted_from_zero),),
    "payout": (Step(("status", "scheduled_for", "payout_id", "gsi2pk"), _due_on_its_day),),
}


def newest(kind: str) -> int:
    """Return the shape that items of a kind are written in."""
    return 1 + len(STEPS.get(kind, ()))


def shape_of(raw: RawItem) -> int:
    """Return the shape of a stored item."""
    return int(raw[ATTRIBUTE]["N"]) if ATTRIBUTE in raw else 1


def missing_steps(raw: RawItem) -> tuple[Step, ...]:
    """Return the steps that an item has not made; none for an item of a later release."""
    steps = STEPS.get(raw["kind"]["S"]) if "kind" in raw else None
    return steps[shape_of(raw) - 1 :] if steps else ()


def upgraded(raw: RawItem) -> RawItem:
    """Return an item in the newest shape that this release knows; the same item where it is in that already."""
    steps = missing_steps(raw)
    if not steps:
        return raw
    made = dict(raw)
    for step in steps:
        for name, value in step.make({name: made[name] for name in step.reads if name in made}).items():
            if value is None:
                made.pop(name, None)
            else:
                made[name] = value
    made[ATTRIBUTE] = {"N": str(newest(raw["kind"]["S"]))}
    return made
