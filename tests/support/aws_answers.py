"""AWS as a test needs it, for a command that makes its own session and clients: what botocore's calls answer."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from tests.support.ground import environment

# Takes an operation's name and its parameters, and returns the parsed answer or raises what botocore would.
Answer = Callable[[str, dict[str, Any]], Any]


@contextmanager
def answered(answer: Answer) -> Iterator[None]:
    """Answer each call of each client inside the block; nothing is sent."""

    def call(_: Any, operation: str, asked: dict[str, Any]) -> Any:
        return answer(operation, asked)

    with pytest.MonkeyPatch.context() as patch, environment():
        patch.setattr(BaseClient, "_make_api_call", call)
        yield


def refusal(operation: str, code: str) -> ClientError:
    """Return what botocore raises where AWS refuses an operation."""
    return ClientError({"Error": {"Code": code}}, operation)
