from collections.abc import Iterator
from datetime import timedelta

import pytest

from chalicelib import clock
from chalicelib.domain.events import events
from chalicelib.table.items import Event
from tests.support import engines
from tests.support.caches import forget_caches
from tests.support.streams import StreamReader


@pytest.fixture(scope="module", autouse=True)
def exact_cloud() -> Iterator[None]:
    """DynamoDB Local for the table where it is available and wanted, else MiniStack."""
    with engines.cloud():
        forget_caches()
        yield
    forget_caches()


@pytest.fixture(scope="module")
def stream() -> StreamReader:
    return StreamReader()


@pytest.fixture
def event() -> Event:
    """An event that is open now and allows re-entry."""
    now = clock.now()
    return events.create(
        events.EventDraft(
            title="Fault night",
            starts_at=now,
            ends_at=now + timedelta(hours=6),
            re_entry_allowed=True,
            gates=["Gate 1"],
        )
    )
