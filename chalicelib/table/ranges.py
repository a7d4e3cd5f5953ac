"""Ranges of the sort key, to query a part of a partition."""

from msgspec import Struct


class Begins(Struct, frozen=True):
    """The items whose sort key begins with a prefix."""

    prefix: str

    def condition(self) -> tuple[str, list[str]]:
        """Return the condition on `#s`, and the values of `:s0` and on."""
        return "begins_with(#s, :s0)", [self.prefix]


class Before(Struct, frozen=True):
    """The items whose sort key sorts before one."""

    sk: str

    def condition(self) -> tuple[str, list[str]]:
        """Return the condition on `#s`, and the values of `:s0` and on."""
        return "#s < :s0", [self.sk]


class After(Struct, frozen=True):
    """The items whose sort key sorts after one."""

    sk: str

    def condition(self) -> tuple[str, list[str]]:
        """Return the condition on `#s`, and the values of `:s0` and on."""
        return "#s > :s0", [self.sk]


class Between(Struct, frozen=True):
    """The items whose sort key is between two, both inclusive."""

    first: str
    last: str

    def condition(self) -> tuple[str, list[str]]:
        """Return the condition on `#s`, and the values of `:s0` and on."""
        return "#s BETWEEN :s0 AND :s1", [self.first, self.last]


Range = Begins | Before | After | Between
