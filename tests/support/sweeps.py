"""The sweep's mark, as a platform that has run for a while has one."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from chalicelib import clock
from chalicelib.table import keys, operations
from chalicelib.table.items import SweepMark, SweptItem
from chalicelib.table.places import Place
from chalicelib.workers import schedules

# More runs than any test needs: an item that is still due after them is due in every run.
_RUNS = 20


def begin() -> None:
    """Write the mark of a run that ended now, where there is none.

    A first run reads three hours of minutes: 720 queries, or 1.5 s of CPU on moto.
    `tests/domain/background/test_sweep.py` tests that first reach.
    """
    place = keys.jobs.sweep_mark("due")
    if operations.get(place) is None:
        operations.record(operations.put(SweepMark(*place, minute=keys.jobs.minute(clock.now()))))


def at_due(place: Place[SweptItem], run: Callable[[], object] = schedules.sweep) -> None:
    """Sweep in the minute after an item is due, and read no other minutes than those just before it."""
    item = operations.get(place)
    assert item is not None
    assert item.gsi2pk is not None
    minute = datetime.fromisoformat(item.gsi2pk.split("#")[1]).replace(tzinfo=UTC)
    # The overlap before the mark is read too.
    mark = keys.jobs.minute(minute + timedelta(minutes=2))
    operations.record(operations.put(SweepMark(*keys.jobs.sweep_mark("due"), minute=mark)))
    with clock.set_to(minute + timedelta(minutes=1, seconds=1)):
        run()


def each_minute() -> None:
    """Run the sweep as it runs each minute, of a platform that has run for a while."""
    begin()
    schedules.sweep()


def until_done() -> int:
    """Sweep until a run handles nothing, as the schedule does; return how many due items were handled.

    A run begins nothing after 18 s of real time, which a busy machine may exceed.
    """
    handled = 0
    for _ in range(_RUNS):
        came_to = schedules.sweep().handled
        if not came_to:
            return handled
        handled += came_to
    raise AssertionError(f"{_RUNS} runs of the sweep left something due")
