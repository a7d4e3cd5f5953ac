"""Child processes that die at a request: forks of one server, which has imported the platform once."""

import multiprocessing
import os
from collections.abc import Callable

_SECONDS = 600
_server = multiprocessing.get_context("forkserver")
_server.set_forkserver_preload(["tests.faults.dying"])


def exit_code(act: Callable[..., object], *arguments: object) -> int | None:
    """Call a function in a process of its own, which has this process's environment; return how it ended."""
    child = _server.Process(target=_live, args=(dict(os.environ), act, arguments))
    child.start()
    child.join(_SECONDS)
    if child.is_alive():
        child.kill()
        child.join()
        raise AssertionError(f"the child did not end within {_SECONDS} s")
    return child.exitcode


def _live(environment: dict[str, str], act: Callable[..., object], arguments: tuple[object, ...]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    act(*arguments)
