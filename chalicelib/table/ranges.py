"""Which part of a partition a query reads, by the sort key."""

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
    """The items whose sort key comes before one."""

    sk: str

    def condition(self) -> tuple[str, list[str]]:
        """Return the condition on `#s`, and the values of `:s0` and on."""
        return "#s < :s0", [self.sk]


@dataclass(frozen=True, slots=True)
class Between:
    """The items whose sort key is one of two, or between them."""

    first: str
    last: str

    def condition(self) -> tuple[str, list[str]]:
        """Return the condition on `#s`, and the values of `:s0` and on."""
        return "#s BETWEEN :s0 AND :s1", [self.first, self.last]


Range = Begins | Before | Between
