"""How many examples hypothesis tries: all of them with FAULTS=all, else the day's few."""

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, seed, settings

from tests.support import fault_days


def explore(*, most: int, fewest: int) -> Callable[[Any], Any]:
    """Decorate a property: try `most` examples with FAULTS=all, else `fewest`, other ones each day."""
    chosen = settings(
        max_examples=most if fault_days.is_everything() else fewest,
        deadline=None,
        database=None,
        # Examples are made slowly on a busy machine.
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    return lambda test: seed(fault_days.today())(chosen(test))
