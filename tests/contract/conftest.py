"""The same data for all the tests of a module: their requests are refused, or write only items of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws

from tests.contract.ground import Ground, lay
from tests.support import cloud
from tests.support.caches import forget_caches
from tests.support.cloud import MASTER_SECRET

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run each file here on one worker: two would create its data twice."""
    for item in items:
        if item.path.parent == _HERE:
            item.add_marker(pytest.mark.xdist_group(f"contract {item.path.stem}"))


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    """The demo event and another one, with every right and wrong caller."""
    with mock_aws():
        forget_caches()
        cloud.create_on_moto(MASTER_SECRET)
        yield lay()
    forget_caches()
