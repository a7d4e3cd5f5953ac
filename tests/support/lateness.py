"""How late a machine is: what a measured time may be longer for, where others use the same processors."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_PAUSE_SECONDS = 0.01


@contextmanager
def measured() -> Iterator[Callable[[], float]]:
    """Pause again and again beside the block; yield what tells by how many seconds the latest pause was too long."""
    over, lateness = threading.Event(), [0.0]

    def pause() -> None:
        is_over = False
        while not is_over:
            began = time.monotonic()
            is_over = over.wait(_PAUSE_SECONDS)
            lateness.append(time.monotonic() - began - _PAUSE_SECONDS)

    beside = threading.Thread(target=pause)
    beside.start()
    try:
        yield lambda: max(lateness)
    finally:
        over.set()
        beside.join()
