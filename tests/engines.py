"""The engines that tests may run on, by name: which are to be had here, and how to reach each."""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
from botocore.config import Config
from botocore.session import get_session
from moto import mock_aws

from bench import ground
from infra.local import engines, toolchain
from infra.local.console import CannotStart
from tests import cloud as resources

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


# What a process has started; starting anew for each file of tests would cost more than most files do.
_kept: dict[str, engines.Engine] = {}


@contextmanager
def cloud() -> Iterator[None]:
    """Give the platform's resources afresh, the table on the best engine that is to be had; the app uses them.

    The engines run on until the process ends, and are emptied before each use: one cloud at a time.
    """
    url = _engine(MINISTACK, engines.launch_ministack)
    urls = {"AWS_ENDPOINT_URL": url}
    _reset(url)
    if is_to_be_had(DYNAMODB_LOCAL):
        table_url = _engine(DYNAMODB_LOCAL, engines.launch_dynamodb_local)
        urls |= {"AWS_ENDPOINT_URL_DYNAMODB": table_url, "AWS_ENDPOINT_URL_DYNAMODB_STREAMS": table_url}
    with ground.environment(**urls):
        _drop_tables()
        resources.create_all(secrets.token_hex(32))
        yield


def _engine(name: str, launch: Callable[[], engines.Engine]) -> str:
    if name not in _kept or not _kept[name].is_alive:
        _kept[name] = launch().wait()
    return _kept[name].url


def _reset(url: str) -> None:
    """Let MiniStack forget everything."""
    with httpx.Client(trust_env=False, timeout=30) as client:
        client.post(f"{url}/_ministack/reset").raise_for_status()


def _drop_tables() -> None:
    client: Any = get_session().create_client("dynamodb")
    for name in client.list_tables()["TableNames"]:
        client.delete_table(TableName=name)
    client.close()
