"""One ground for all tests of a module: they are refused, so that they change nothing."""

from collections.abc import Iterator

import pytest

from tests.contract.ground import Ground
from tests.contract.shared_ground import cloud_with_ground


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    """The demo event and another one, with the callers of every portal."""
    with cloud_with_ground() as found:
        yield found
