"""A hook on every botocore client that is created, by which the meter and the outbox see the app's requests.

botocore has no such hook, so its one factory is wrapped, once and only while there are watchers.
"""

import threading
from collections.abc import Callable
from functools import wraps
from typing import Any

from botocore.session import Session

Watcher = Callable[[Any], None]

_lock = threading.Lock()
_watchers: list[tuple[str, Watcher]] = []
_original: Any = None


def watch(service: str, watcher: Watcher) -> None:
    """Call `watcher` with each client of a service that a botocore session creates from now on."""
    global _original  # the factory is one for the process
    with _lock:
        _watchers.append((service, watcher))
        if _original is None:
            _original = Session.create_client
            Session.create_client = _wrapped(_original)  # type: ignore[method-assign]  # see above


def leave(watcher: Watcher) -> None:
    """Stop calling a watcher; its changes to earlier clients stay."""
    global _original  # as above
    with _lock:
        _watchers[:] = [pair for pair in _watchers if pair[1] != watcher]
        if not _watchers and _original is not None:
            Session.create_client = _original  # type: ignore[method-assign]  # see above
            _original = None


def _wrapped(original: Any) -> Any:
    @wraps(original)
    def create_client(session: Session, service_name: str, *args: Any, **settings: Any) -> Any:
        client = original(session, service_name, *args, **settings)
        for service, watcher in _watchers:
            if service == service_name:
                watcher(client)
        return client

    return create_client
