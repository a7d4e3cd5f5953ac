"""The ground that every test stands on: a table, a bus, queues and a secret, made afresh."""

import json
import os
from collections.abc import Iterator

os.environ.update(
    AWS_ACCESS_KEY_ID="test",
    AWS_SECRET_ACCESS_KEY="test",
    AWS_DEFAULT_REGION="us-east-1",
    AWS_EC2_METADATA_DISABLED="true",
    # moto does not know the endpoints that carry an account id.
    AWS_ACCOUNT_ID_ENDPOINT_MODE="disabled",
    # An engine lives as long as one file of tests: what Java would spend on compiling it well is never earned back.
    JAVA_TOOL_OPTIONS="-XX:TieredStopAtLevel=1",
    STAGE="local",
    TABLE_NAME="gatehouse",
    POWERTOOLS_LOG_LEVEL="WARNING",
)
# The tests of the pace, and the bench, set their own.
os.environ.setdefault("ANSWER_PACE_MS", "0")

import pytest
from moto import mock_aws

from chalicelib.clients import aws, jobs, messages, secrets
from chalicelib.domain.access import lock_outs, tokens
from chalicelib.domain.events import catalogue, categories
from chalicelib.table import operations
from tests import cloud, moto_answers, moto_copies

moto_copies.install()
moto_answers.install()

MASTER_SECRET = "test-master-secret-of-the-platform-000000000000"


def forget_caches() -> None:
    """Drop everything that a container would keep between requests."""
    operations.client.cache_clear()
    aws.client.cache_clear()
    _forget_answers()


def _forget_answers() -> None:
    messages._queue_url.cache_clear()
    jobs._queue_url.cache_clear()
    secrets.forget()
    lock_outs.forget()
    categories.forget()
    catalogue.forget()
    tokens._proven.cache_clear()


@pytest.fixture
def moto_cloud() -> Iterator[None]:
    """The platform's resources on moto: for breadth, one thread at a time.

    The clients stay from test to test: whoever makes some for another endpoint drops them.
    """
    with mock_aws():
        _forget_answers()
        cloud.create_all(MASTER_SECRET)
        yield
    _forget_answers()


def secret_string() -> str:
    return json.dumps({"master": MASTER_SECRET})
