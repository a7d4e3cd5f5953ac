"""A program that is stopped: by Ctrl-C, by another program, or by a terminal that was closed.

A signal's handler runs wherever the program is, also where Python ignores what is raised: in a callback of a weak
reference, as imports have them, or in `__del__`. So the stop is raised again until something handles it.
"""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_AGAIN_SECONDS = 0.5


@contextmanager
def raised() -> Iterator[None]:
    """Raise KeyboardInterrupt for each of the signals inside the block; only the main thread may handle them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    earlier = {number: signal.signal(number, stop) for number in SIGNALS}
    try:
        yield
    finally:
        stopped()
        for number, handler in earlier.items():
            signal.signal(number, handler)


def stop(*_: Any) -> None:
    """Raise KeyboardInterrupt, and again until something handles it."""
    signal.signal(signal.SIGALRM, _again)
    sys.unraisablehook = _ignored
    signal.setitimer(signal.ITIMER_REAL, _AGAIN_SECONDS, _AGAIN_SECONDS)
    raise KeyboardInterrupt


def stopped() -> None:
    """End what raises a stop again."""
    if signal.getsignal(signal.SIGALRM) is _again:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        sys.unraisablehook = sys.__unraisablehook__


def _ignored(_: "sys.UnraisableHookArgs") -> None:
    """Say nothing of what was raised where nothing can handle it: the stop, or what it broke off.

    A stop in a callback before a fork, such as that of `logging`, leaves a lock that the one after it cannot release.
    """


def _again(*_: Any) -> None:
    """Raise the stop again, unless what is interrupted cleans up after it."""
    handled = sys.exc_info()[1]
    while handled is not None:
        if isinstance(handled, KeyboardInterrupt):
            return
        handled = handled.__context__
    raise KeyboardInterrupt
