"""What one deed takes from keys of its own, and from keys that it shares with others of its group or of all.

A deed is run for many actors in several groups (events, lectures or organizations). Keys of a kind of which there are
about as many as deeds are *own*: they spread as the actors do. Of a kind with few keys, one that a single group touches
is *shared in the group*, one that several touch is *shared by all*. So is a key that most deeds of a group touch,
of any kind: the account of an event's organizer among those of its customers.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from tests.support.scale.recorder import Touch

Run = Sequence[Touch]
# A partition serves 3,000 read units or 1,000 write units a second.
READS_OF_A_WRITE = 3
# A part of a key that names a kind: words in small letters, or a short name in capitals.
_NAME = re.compile(r"[a-z_ ]*|[A-Z_]{1,12}")
# Keys are own where there are at least so many for a deed, and a group's where so many for a group.
_OWN, _GROUPS = 0.75, 0.75
# A key is hot by itself where so many of its group's deeds touch it, and so many times the mean of its kind.
_HOT_SHARE, _HOT_TIMES = 0.25, 3.0


class Scope(StrEnum):
    """Who shares a partition key."""

    OWN = "own"
    GROUP = "group"
    ALL = "all"


@dataclass(slots=True)
class Family:
    """Keys of one kind and one scope: what a deed takes of them in all, and the share of the busiest of them."""

    place: str
    kind: str
    scope: Scope
    read_units: float = 0.0
    write_units: float = 0.0
    keys: int = 0
    busiest: float = 0.0


@dataclass(frozen=True, slots=True)
class Profile:
    """One deed."""

    name: str
    families: list[Family]
    requests: float
    # Write units that the engine itself named for one deed; 0 where they were not taken.
    named_writes: float = 0.0

    @property
    def read_units(self) -> float:
        """Read units of one deed."""
        return sum(family.read_units for family in self.families)

    @property
    def write_units(self) -> float:
        """Write units of one deed, with those of the indexes."""
        return sum(family.write_units for family in self.families)


@dataclass(slots=True)
class _Key:
    touches: int = 0
    groups: set[int] = field(default_factory=set)
    read_units: float = 0.0
    write_units: float = 0.0

    @property
    def weight(self) -> float:
        return self.write_units + self.read_units / READS_OF_A_WRITE


def kind_of(partition: str) -> str:
    """Return the kind of a partition key: its constant parts, and `*` for what varies."""
    first, *rest = partition.split("#")
    return "#".join([first, *(_part(part) for part in rest)])


def _part(part: str) -> str:
    name, equals, _ = part.partition("=")
    if equals:
        return f"{name}=*"
    return part if _NAME.fullmatch(part) else "*"


def profile(
    name: str, groups: Sequence[Sequence[Run]], *, deeds: float, requests: float = 0.0, mixed: int = 0
) -> Profile:
    """Return the profile of a deed from its runs by group; a run may hold several of all the `deeds`.

    `mixed` is the number of groups where one sequence of runs has all of them.
    """
    kinds: dict[tuple[str, str], dict[str, _Key]] = defaultdict(lambda: defaultdict(_Key))
    for number, runs in enumerate(groups):
        for touch in (touch for touches in runs for touch in touches):
            key = kinds[touch.place, kind_of(touch.partition)][touch.partition]
            key.touches += 1
            key.groups.add(number)
            key.read_units += touch.read_units
            key.write_units += touch.write_units
    families = []
    for (place, kind), keys in kinds.items():
        of_kind, count = list(keys.values()), mixed or len(groups)
        scopes = _mixed_scopes(of_kind, deeds, mixed) if mixed else _scopes(of_kind, deeds, count)
        for scope, found in scopes.items():
            families.append(_family((place, kind, scope), found, deeds, count))
    return Profile(name, families, requests)


def _scopes(keys: list[_Key], deeds: float, groups: int) -> dict[Scope, list[_Key]]:
    mean = sum(key.touches for key in keys) / len(keys)
    hot_from = max(_HOT_SHARE * deeds / groups, _HOT_TIMES * mean)
    is_own = len(keys) >= _OWN * deeds
    found: dict[Scope, list[_Key]] = defaultdict(list)
    for key in keys:
        shared = Scope.GROUP if len(key.groups) == 1 else Scope.ALL
        found[Scope.OWN if is_own and key.touches < hot_from else shared].append(key)
    if Scope.ALL in found and Scope.GROUP in found and len(found[Scope.ALL]) < len(found[Scope.GROUP]):
        return found
    # Shards that all share, of which a group happened to be the only one to draw some.
    if Scope.ALL in found:
        found[Scope.ALL] += found.pop(Scope.GROUP, [])
    return found


def _mixed_scopes(keys: list[_Key], deeds: float, groups: int) -> dict[Scope, list[_Key]]:
    if len(keys) >= _OWN * deeds:
        return {Scope.OWN: keys}
    return {Scope.GROUP if len(keys) >= _GROUPS * groups else Scope.ALL: keys}


def _family(of: tuple[str, str, Scope], keys: Sequence[_Key], deeds: float, groups: int) -> Family:
    """Return what a deed takes of these keys, how many a group has, and the share of the busiest.

    Of keys that are drawn at random, the busiest of a sample seems busier than it is: one within three standard
    deviations of the mean counts as drawn evenly.
    """
    place, kind, scope = of
    per_group = groups if scope is Scope.GROUP else 1
    touches = [key.touches for key in keys]
    mean, count = sum(touches) / len(touches), max(1, round(len(keys) / per_group))
    evenly = max(touches) <= mean + 3 * mean**0.5
    share = 1 / count if evenly else min(1.0, max(key.weight for key in keys) * per_group / sum(k.weight for k in keys))
    reads, writes = (sum(units) / deeds for units in ([k.read_units for k in keys], [k.write_units for k in keys]))
    return Family(place, kind, scope, reads, writes, count, share)
