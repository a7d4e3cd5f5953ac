"""Ranges of the sort key, to query a part of a partition."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Begins:
    """The items whose sort key begins with a prefix."""

    prefix: str

    def condition(self) -> tuple[str, list[str]]:
        """Return the condition on `#s`, and the values of `:s0` and on."""
        return "begins_with(#s, :s0)", [self.prefix]


@dataclass(frozen=True, slots=True)
class Before:
    """The items whose sort key sorts before one."""

    sk: str

    def condition(self) -> tuple[str, list[str]]:
        """Return the condition on `#s`, and the values of `:s0` and on."""
        return "#s < :s0", [self.sk]


@dataclass(frozen=True, slots=True)
class After:
    """The items whose sort key sorts after one."""

    sk: str

    def condition(self) -> tuple[str, list[str]]:
        """Return the condition on `#s`, and the values of `:s0` and on."""
        return "#s > :s0", [self.sk]


@dataclass(frozen=True, slots=True)
class Between:
    """The items whose sort key is between two, both inclusive."""

    first: str
    last: str

    def condition(self) -> tuple[str, list[str]]:
        """Return the condition on `#s`, and the values of `:s0` and on."""
        return "#s BETWEEN :s0 AND :s1", [self.first, self.last]


Range = Begins | Before | After | Between
