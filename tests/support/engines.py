"""The engines that tests may run on, by name: which are to be had here, and how to reach each."""

import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
from botocore.config import Config
from botocore.session import get_session
from moto import mock_aws

from infra.local import engines, toolchain
from infra.local.console import CannotStart
from tests.support import cloud as resources
from tests.support import ground

MOTO, MINISTACK, DYNAMODB_LOCAL = "moto", "ministack", "dynamodb-local"
EXACT = (DYNAMODB_LOCAL, MINISTACK)
ALL = (*EXACT, MOTO)


def is_to_be_had(name: str) -> bool:
    """Whether an engine can run here; GATEHOUSE_ENGINE=ministack leaves Amazon's own out."""
    if name != DYNAMODB_LOCAL:
        return True
    if os.environ.get("GATEHOUSE_ENGINE", "auto") == MINISTACK:
        return False
    try:
        toolchain.dynamodb_local_home()
        toolchain.java()
    except CannotStart:
        return False
    return True


@contextmanager
def clients(name: str) -> Iterator[tuple[Any, Any]]:
    """Run an engine inside the block; yields clients of its tables and streams that never try twice."""
    # As in the platform's own client: the engine itself must refuse what is wrong.
    config = Config(retries={"max_attempts": 1}, parameter_validation=False)
    with ExitStack() as running:
        url = None
        if name == MOTO:
            running.enter_context(mock_aws())
        else:
            url = running.enter_context(engines.dynamodb_local() if name == DYNAMODB_LOCAL else engines.ministack())
        made: list[Any] = [
            get_session().create_client(service, endpoint_url=url, config=config)
            for service in ("dynamodb", "dynamodbstreams")
        ]
        for client in made:
            running.callback(client.close)
        yield made[0], made[1]


# What a process has started; starting MiniStack anew for each file of tests would cost more than many files do.
_kept: dict[str, engines.Engine] = {}


@contextmanager
def cloud() -> Iterator[None]:
    """Give the platform's resources afresh, the table on the best engine that is to be had; the app uses them.

    MiniStack runs on until the process ends, and is emptied before each use: one cloud at a time. DynamoDB Local
    starts anew: it keeps the streams of tables that are gone, and each write becomes slower by them.
    """
    with ExitStack() as running:
        url = _ministack()
        urls = {"AWS_ENDPOINT_URL": url}
        if is_to_be_had(DYNAMODB_LOCAL):
            table_url = running.enter_context(engines.dynamodb_local())
            urls |= {"AWS_ENDPOINT_URL_DYNAMODB": table_url, "AWS_ENDPOINT_URL_DYNAMODB_STREAMS": table_url}
        running.enter_context(ground.environment(**urls))
        resources.create_all(secrets.token_hex(32))
        yield


def _ministack() -> str:
    """Return the endpoint of a MiniStack that has nothing in it."""
    kept = _kept.get(MINISTACK)
    if kept is None or not kept.is_alive:
        kept = _kept[MINISTACK] = engines.launch_ministack().wait()
    with httpx.Client(trust_env=False, timeout=30) as client:
        client.post(f"{kept.url}/_ministack/reset").raise_for_status()
    return kept.url
