"""A projection that is down for a day: its records become dead letters, and are replayed late, mixed and twice."""

import random
import threading
import uuid
from typing import Any

import pytest

import app
from chalicelib import clock
from chalicelib.clients.aws import client
from chalicelib.domain.gate import checkin
from chalicelib.table import operations
from chalicelib.table.items import Event
from infra.local.delivery import Delivery, StreamMapping
from infra.package import filters
from infra.redrive import stream_letters
from infra.redrive.stream_letters import NotReplayed
from tests.faults import scenarios
from tests.faults.recount import assert_log_and_totals_are_true, items_of
from tests.support.streams import StreamReader, project
from tests.support.wire import Fault, wire

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("test_redrive")]

MAPPING = StreamMapping(
    "stream",
    maximum_retry_attempts=1,
    first_backoff_seconds=0.001,
    longest_backoff_seconds=0.001,
    patterns=filters.of_function("stream"),
)


def take(event: dict[str, Any]) -> Any:
    return app.stream(event, None)


class Bucket:
    """A bucket of dead letters, as the stream's event source mapping fills it."""

    def __init__(self) -> None:
        self.name = f"letters-{uuid.uuid4().hex[:12]}"
        client("s3").create_bucket(Bucket=self.name)

    def keep(self, letter: str) -> None:
        client("s3").put_object(Bucket=self.name, Key=f"aws/lambda/{uuid.uuid4()}", Body=letter.encode())

    def letters(self) -> list[stream_letters.StreamLetter]:
        return list(stream_letters.waiting(client("s3"), self.name))


def scans(event: Event, stream: StreamReader) -> list[dict[str, Any]]:
    stream.skip()
    made = [make(event.event_id) for make in scenarios.ALL.values()]
    assert [checkin.scan(scan.caller, scan.reading).result for scan in made] == [scan.result for scan in made]
    read = stream.read()
    for record in read:
        # Lambda gives seconds; the reader's text is that of the SDK's time.
        record["dynamodb"]["ApproximateCreationDateTime"] = clock.now().timestamp()
    return read


def test_records_of_a_day_without_projection_are_replayed_and_each_scan_counts_once(
    event: Event, stream: StreamReader
) -> None:
    bucket = Bucket()
    records = scans(event, stream)
    operations.client.cache_clear()
    with wire(retries=False) as wired:
        wired.choose = lambda: Fault.BROKEN
        delivery = Delivery(
            MAPPING, stream_arn="arn:stream", invoke=take, dead_letter=bucket.keep, stopping=threading.Event()
        )
        assert delivery.deliver("shard-1", records, lambda _: None)
        letters = bucket.letters()
        with pytest.raises(NotReplayed):
            stream_letters.replay(letters[0], client("s3"), bucket.name, call=take)
    assert not any(scan.get("counted") for scan in items_of(event.event_id, "scan"))
    # Records that need no write are taken meanwhile; none of a scan is.
    assert len(letters) >= len(items_of(event.event_id, "scan")) > 0

    # The projection is back, and newer scans come before the letters.
    assert project(scans(event, stream)) == {"batchItemFailures": []}
    twice = client("s3").get_object(Bucket=bucket.name, Key=letters[0].key)["Body"].read()
    bucket.keep(twice.decode())
    waiting = bucket.letters()
    random.shuffle(waiting)
    replayed = [stream_letters.replay(letter, client("s3"), bucket.name, call=take) for letter in waiting]
    assert replayed == [1] * (len(letters) + 1)
    assert bucket.letters() == []
    assert_log_and_totals_are_true(event.event_id)
