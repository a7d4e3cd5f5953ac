"""What a seeded bug is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutant:
    """One bug: in `file`, `before`, which occurs once, becomes `after`; `tests` must then fail."""

    name: str
    bug: str
    file: str
    before: str
    after: str
    tests: tuple[str, ...]
