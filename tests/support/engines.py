"""The engines that tests may run on, by name: which are available here, and how to reach each."""

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
from infra.local.resources import Cloud
from tests.support import cloud as resources
from tests.support import ground

MOTO, MINISTACK, DYNAMODB_LOCAL = "moto", "ministack", "dynamodb-local"
EXACT = (DYNAMODB_LOCAL, MINISTACK)
ALL = (*EXACT, MOTO)


def is_available(name: str) -> bool:
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


# What this process has started, by name. Each engine runs until the process ends.
_kept: dict[str, engines.Engine] = {}


@contextmanager
def endpoints(access_key: str | None = None) -> Iterator[Cloud]:
    """Aim this process at empty engines, the best that can run here; they have no table and no queue yet.

    The engines are shared by all tests of a process: one cloud at a time. MiniStack is reset before each use. In
    DynamoDB Local each use has an access key, hence a database, of its own: within one database the streams of
    deleted tables remain and make every write slower.
    """
    url = _ministack()
    table_url = _engine(DYNAMODB_LOCAL).url if is_available(DYNAMODB_LOCAL) else url
    with ground.environment(
        AWS_ENDPOINT_URL=url,
        AWS_ENDPOINT_URL_DYNAMODB=table_url,
        AWS_ENDPOINT_URL_DYNAMODB_STREAMS=table_url,
        AWS_ACCESS_KEY_ID=access_key or f"test{secrets.token_hex(8)}",
    ):
        yield Cloud(url, table_url)


@contextmanager
def cloud() -> Iterator[None]:
    """Create the platform's resources on empty engines; the app uses them inside the block."""
    with endpoints():
        resources.create_all(secrets.token_hex(32))
        try:
            yield
        finally:
            # Its database remains until the engine ends, without the items.
            resources.delete_table()


def _ministack() -> str:
    """Return the endpoint of a MiniStack that has nothing in it."""
    url = _engine(MINISTACK).url
    with httpx.Client(trust_env=False, timeout=60) as client:
        client.post(f"{url}/_ministack/reset").raise_for_status()
    return url


def _engine(name: str) -> engines.Engine:
    """Return the running engine of this process, started where there is none."""
    kept = _kept.get(name)
    if kept is None or not kept.is_alive:
        launched = (
            engines.launch_ministack() if name == MINISTACK else engines.launch_dynamodb_local(one_database=False)
        )
        kept = _kept[name] = launched.wait()
    return kept
