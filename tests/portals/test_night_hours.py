"""Check-ins by hour over midnight: the hours of the day before are moved aside, complete."""

from datetime import timedelta

import pytest

from chalicelib import clock
from chalicelib.domain.gate import checkin_buckets
from chalicelib.table import keys, operations
from chalicelib.table.ranges import Between
from tests.support import meanwhile
from tests.support.client import call
from tests.support.factories import at, make_event, make_ticket, scan_id, usher_token
from tests.support.streams import StreamReader, project

pytestmark = pytest.mark.usefixtures("moto_cloud")
MIDNIGHT = at("2026-11-21T00:00:00Z")


def test_an_hour_that_a_late_record_changes_while_the_day_ends_is_counted_once() -> None:
    event = make_event(starts_at=MIDNIGHT - timedelta(hours=6), ends_at=MIDNIGHT + timedelta(hours=6))
    stream, counters = StreamReader(), keys.gate.counters(event.event_id)
    early, next_day = make_ticket(event), make_ticket(event)

    def claim(hours: int) -> None:
        body = {"scan_id": scan_id(), "ticket_id": early.ticket_id, "offline": {"result": "valid"}}
        scanned_at = clock.to_text(MIDNIGHT - timedelta(hours=hours))
        assert call("POST", "/api/usher/scan/log/", {**body, "scanned_at": scanned_at}, token=token).json["accepted"]

    with clock.set_to(MIDNIGHT - timedelta(hours=2)):
        token = usher_token(event)
        claim(3)
        stream.drain()
        claim(4)
    # The entry of the first claim is another one's by now, and no longer the admission.
    late = stream.read()
    displaced = [each for each in late if "revision" in each["dynamodb"]["NewImage"]]
    project([each for each in late if each not in displaced])
    with clock.set_to(MIDNIGHT + timedelta(minutes=10)):
        body = {"scan_id": scan_id(), "ticket_id": next_day.ticket_id}
        assert call("POST", "/api/usher/scan/result/", body, token=usher_token(event)).json["result"] == "valid"
        first_of_day = stream.read()
        # Between the read and the write of the batch that begins the new day.
        with meanwhile.before(
            "TransactWriteItems", None, lambda: project(displaced), matches=meanwhile.changing(counters)
        ):
            assert project(first_of_day) == {"batchItemFailures": []}
    raws = operations.query(counters.pk, Between(counters.sk, counters.sk))
    raws += operations.query(keys.gate.checkin_day(event.event_id, "").pk)
    hours = {hour.hour: hour.count for hour in checkin_buckets.by_hour(raws)}
    assert {hour: count for hour, count in hours.items() if count} == {
        MIDNIGHT - timedelta(hours=4): 1,
        MIDNIGHT: 1,
    }
