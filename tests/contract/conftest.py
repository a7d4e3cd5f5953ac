"""One ground for all the tests of a module: they refuse, or write only what is their own."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from tests.contract.ground import Ground, lay
from tests.support import cloud
from tests.support.caches import forget_caches
from tests.support.cloud import MASTER_SECRET


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    """The demo event and another one, with everybody who may and may not call."""
    with mock_aws():
        forget_caches()
        cloud.create_all(MASTER_SECRET)
        yield lay()
    forget_caches()
