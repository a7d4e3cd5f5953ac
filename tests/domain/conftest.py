from collections.abc import Iterator

import pytest

from tests.support.settings import configured


@pytest.fixture
def no_pause() -> Iterator[None]:
    """Retry without a pause: nothing else is at work on moto."""
    with configured(LIMIT_RETRY_PAUSE_MS=0):
        yield
