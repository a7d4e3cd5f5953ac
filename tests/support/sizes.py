"""How large a test is: full with FAULTS=all (`make truth`), small else; the test's own variable sets any size."""

import os

from tests.support import fault_days


def size_of(name: str, *, small: int, full: int) -> int:
    """Return the size that the variable `name` sets, else the size of this kind of run."""
    return int(os.environ.get(name) or (full if fault_days.is_everything() else small))
