"""Every test's environment, the patches of moto and botocore, and the platform's resources on moto."""

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

from tests.support import cheap_hashes, moto_answers, moto_copies, moto_queries, service_models

# Before the modules below import what the patches replace.
service_models.install()
moto_copies.install()
moto_answers.install()
moto_queries.install()
cheap_hashes.install()

from tests.support import cloud
from tests.support.caches import forget_answers


@pytest.fixture
def moto_cloud() -> Iterator[None]:
    """The platform's resources on moto: for breadth, one thread at a time.

    The clients stay from test to test: a test that makes clients for another endpoint drops them.
    """
    with mock_aws():
        forget_answers()
        cloud.create_all(cloud.MASTER_SECRET)
        yield
    forget_answers()
