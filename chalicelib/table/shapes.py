"""The shape of stored items: the version of its class that an item was written in, and how the newest one is made.

An item says its shape in the attribute `shape`; without it the shape is 1, so that most items pay no byte for it. A
change of shape is a further `Step` of its kind. Every reader gets the newest shape: `Item.from_raw_data` upgrades what
it reads, in memory. `make upgrade-items` then writes it. Until it has, conditions must accept the former shape too.

A step never touches an attribute of the newest shape that is there, so it may run twice, and on an item of which a
former release has written a part. A release in between writes what both read (docs/decisions/d-dr-02-shapes.md).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

RawItem = dict[str, Any]
ATTRIBUTE = "shape"


@dataclass(frozen=True, slots=True)
class Step:
    """From one shape to the next: `make` returns what changes, None for an attribute that goes.

    It may look at the attributes in `reads` alone: the upgrade of a stored item requires that these are as read.
    """

    reads: tuple[str, ...]
    make: Callable[[RawItem], dict[str, Any]]


def _counted_from_zero(raw: RawItem) -> dict[str, Any]:
    """Return the numbers that a venue lacks which was stored before venues had versions and counted their events."""
    return {name: {"N": "0"} for name in ("version", "event_count") if name not in raw}


STEPS: Mapping[str, tuple[Step, ...]] = {
    "venue": (Step(("version", "event_count"), _counted_from_zero),),
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
