"""The session of botocore that creates a client."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock

from botocore.session import Session, get_session

# Sessions are not thread-safe, their clients are (boto3's guide, "Multithreading or multiprocessing with sessions").
_in_use = Lock()


@contextmanager
def session() -> Iterator[Session]:
    """Give a session for one client: in a function one for all, which reads its data and handlers once.

    The second client of a cold start takes a third of the time then. Elsewhere each client has a session of its own, so
    that it has the settings of its moment.
    """
    if "_HANDLER" not in os.environ:
        yield get_session()
        return
    with _in_use:
        yield kept()


@cache
def kept() -> Session:
    """Return the one session of a function."""
    return get_session()
