"""The session of botocore that creates a client, and what AWS's refusals have in common."""

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import cache
from http import HTTPStatus
from threading import Lock

from botocore.exceptions import ClientError
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


def passes_by_itself(error: ClientError, busy: Collection[str]) -> bool:
    """Whether AWS could not do it now: by one of these codes, or by a status of its own fault, regardless of its code.

    AWS has more words for its own faults than one page lists ("Common errors"), and a broken road has none.
    """
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return error.response["Error"]["Code"] in busy or status >= HTTPStatus.INTERNAL_SERVER_ERROR
