"""The same data for all the tests of a module: their requests are refused, or write only items of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.ground import Ground
from tests.contract.shared_ground import cloud_with_ground

_HERE = Path(__file__).parent


# Before xdist reads the groups, also where this folder is named on the command line.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run each file here on one worker: two would create its data twice."""
    for item in items:
        if item.path.parent == _HERE:
            item.add_marker(pytest.mark.xdist_group(f"contract {item.path.stem}"))


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    """The demo event and another one, with every right and wrong caller."""
    with cloud_with_ground() as found:
        yield found
