"""One ground for all tests of a module: they are refused, so that they change nothing."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from tests.contract.ground import Ground, lay
from tests.support import cloud
from tests.support.caches import forget_caches
from tests.support.cloud import MASTER_SECRET


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    """The demo event and another one, with the callers of every portal."""
    with mock_aws():
        forget_caches()
        cloud.create_all(MASTER_SECRET)
        yield lay()
    forget_caches()
