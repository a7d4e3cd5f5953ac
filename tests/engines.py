"""The engines that tests may run on, by name: which are to be had here, and how to reach each."""

import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

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


@contextmanager
def cloud() -> Iterator[None]:
    """Run the platform's resources, its table on the best engine that is to be had; the app of this process uses it."""
    if is_to_be_had(DYNAMODB_LOCAL):
        with ground.cloud():
            yield
        return
    with engines.ministack() as url, ground.environment(AWS_ENDPOINT_URL=url):
        resources.create_all(secrets.token_hex(32))
        yield
