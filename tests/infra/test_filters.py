"""The stream's filters let through exactly what followers take, so that a function is called for nothing else."""

import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.access import devices, heartbeats
from chalicelib.domain.access.heartbeats import DeviceHeartbeat
from chalicelib.domain.background.changes import Wanted, change_of
from chalicelib.domain.live import follower as live
from chalicelib.table import keys, operations
from chalicelib.table.items import Item
from chalicelib.workers import stream
from infra.local.delivery import passes
from infra.package import filters, quotas
from tests.infra import reading
from tests.support import purchases, settled
from tests.support.client import call
from tests.support.factories import make_event, make_reader, make_ticket, usher_token
from tests.support.streams import StreamReader, project

Template = dict[str, Any]
WANTED: dict[str, Sequence[Wanted]] = {"stream": stream.WANTED, "live": live.WANTED}
# A value of each type of attribute that a filter may ask for.
_VALUES: dict[str, dict[str, Any]] = {"S": {"S": "2026-11-27T10:00:00.000Z"}, "BOOL": {"BOOL": True}, "N": {"N": "1"}}


def _kinds(item: type[Item] = Item) -> Iterator[type[Item]]:
    """Yield every class of items that the table stores."""
    for below in item.__subclasses__():
        yield below
        yield from _kinds(below)


def _records(item: type[Item], names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield records of a class: new, changed and deleted, with each choice of these attributes."""
    attributes = item.get_attributes()
    own = [name for name in names if name in attributes]
    key = {"pk": {"S": "p"}, "sk": {"S": "s"}, "kind": {"S": item.kind.get_discriminator(item)}}
    for chosen in itertools.product([False, True], repeat=len(own)):
        extra = {
            name: _VALUES[attributes[name].attr_type] for name, is_there in zip(own, chosen, strict=True) if is_there
        }
        image = {**key, **extra}
        yield {"eventName": "INSERT", "dynamodb": {"SequenceNumber": "1", "NewImage": image}}
        yield {"eventName": "MODIFY", "dynamodb": {"SequenceNumber": "2", "OldImage": key, "NewImage": image}}
        yield {"eventName": "REMOVE", "dynamodb": {"SequenceNumber": "3", "OldImage": image}}


@pytest.mark.parametrize("function", WANTED)
def test_a_filter_lets_through_what_a_follower_takes_and_nothing_else(function: str) -> None:
    wanted, patterns = WANTED[function], filters.of_function(function)
    names = sorted({each.attr_name for one in wanted for each in (one.unless, one.having) if each is not None})
    tried: Counter[bool] = Counter()
    for item in _kinds():
        if item.kind.get_discriminator(item) is None:
            continue
        for record in _records(item, names):
            change = change_of(record)
            is_taken = any(each.takes(change) for each in wanted)
            assert passes(patterns, record) is is_taken, (item.__name__, record)
            tried[is_taken] += 1
    assert tried[True] > 20
    assert tried[False] > 100


@pytest.mark.parametrize("function", WANTED)
def test_a_mappings_filters_are_within_lambdas_limits_and_name_the_key_that_dynamodb_allows(
    template: Template, function: str
) -> None:
    mapping = reading.of_type(template, "AWS::Lambda::EventSourceMapping")[f"{function.capitalize()}Source"]
    patterns = [each["Pattern"] for each in mapping["FilterCriteria"]["Filters"]]
    assert [json.loads(pattern) for pattern in patterns] == filters.of_function(function)
    assert len(patterns) <= 5
    assert all(len(pattern) <= 4096 for pattern in patterns)
    assert all(set(json.loads(pattern)) == {"dynamodb"} for pattern in patterns)


def test_totals_wait_for_more_records_within_their_level_and_live_messages_do_not(template: Template) -> None:
    mappings = reading.of_type(template, "AWS::Lambda::EventSourceMapping")
    # Log and totals are at most 5 seconds behind: two are left for reading the stream and for the work.
    assert mappings["StreamSource"]["MaximumBatchingWindowInSeconds"] == 3
    # The contract: a message is usually sent within a second.
    assert "MaximumBatchingWindowInSeconds" not in mappings["LiveSource"]


def _passing(records: list[dict[str, Any]], function: str = "stream") -> list[str]:
    """Return the kinds of the records for which a function is called."""
    patterns = filters.of_function(function)
    return [record["dynamodb"]["NewImage"]["kind"]["S"] for record in records if passes(patterns, record)]


def _projected(work: Callable[[], object]) -> tuple[list[str], list[str]]:
    """Do a piece of work; return the records that call the stream's function, and those of its own writes that do."""
    reader = StreamReader()
    reader.skip()
    work()
    records, own = reader.read(), []
    caused = _passing(records)
    for _ in range(5):
        assert project(records) == {"batchItemFailures": []}
        if not (records := reader.read()):
            break
        own += _passing(records)
    return caused, own


@pytest.mark.usefixtures("moto_cloud")
def test_a_scan_calls_the_function_of_totals_once_and_its_own_writes_never() -> None:
    event = make_event()
    token, issued = usher_token(event), [make_ticket(event) for _ in range(5)]

    def scan() -> None:
        for number, ticket in enumerate([*issued, *issued]):
            body = {"ticket_id": ticket.ticket_id, "scan_id": f"scn_filtered{number:02}"}
            assert call("POST", "/api/usher/scan/result/", body, token=token).status == 200

    caused, own = _projected(scan)
    # An admission is a change of its ticket; a refused scan is a record of its own.
    assert Counter(caused) == {"ticket": 5, "scan": 5}
    assert own == []
    status = call("GET", f"/api/usher/events/{event.event_id}/status/", token=token).json
    assert (status["admitted"], status["inside"]) == (5, 5)


@pytest.mark.usefixtures("moto_cloud")
def test_an_admission_that_an_earlier_one_displaces_comes_once_and_what_counts_it_never() -> None:
    event, now = make_event(), clock.now()
    token, ticket = usher_token(event), make_ticket(event)

    def send(minutes_ago: int) -> None:
        at = clock.to_text(now - timedelta(minutes=minutes_ago))
        record = {"scan_id": f"scn_merged{minutes_ago:02}", "ticket_id": ticket.ticket_id, "scanned_at": at}
        body = {"logs": [{**record, "offline": {"result": "valid"}}], "device_time": clock.to_text(now)}
        assert call("POST", "/api/usher/sync/logs/", body, token=token).json["accepted"] == 1

    assert _projected(lambda: send(5))[1] == []
    # First the counted record of the one that is displaced, then that of the earlier one and a third of both.
    for minutes_ago in (9, 12):
        caused, own = _projected(lambda minutes_ago=minutes_ago: send(minutes_ago))  # type: ignore[misc]
        assert Counter(caused)["scan"] == 2
        # An open conflict is marked when it is counted, and its closing comes too.
        assert set(own) <= {"conflict_address"}
    counters = operations.get(keys.gate.counters(event.event_id))
    assert counters is not None
    assert (counters.scans, counters.admitted, counters.inside) == (3, 1, 1)


@pytest.mark.usefixtures("moto_cloud")
def test_a_heartbeat_calls_neither_function_and_a_revocation_calls_both() -> None:
    event = make_event()
    device_id = make_reader(event).device_id
    reader = StreamReader()
    reader.skip()
    for _ in range(2):
        heartbeats.receive(device_id, DeviceHeartbeat(queue_depth=0, clock_offset_ms=0, app_version="1.0.0"))
    beats = reader.read()
    assert len(beats) >= 2
    assert _passing(beats) == _passing(beats, "live") == []
    devices.revoke(device_id)
    gone = reader.read()
    assert "device" in _passing(gone)
    assert "device" in _passing(gone, "live")


@pytest.mark.usefixtures("moto_cloud")
@pytest.mark.by_day
def test_a_sale_is_projected_and_only_what_another_projection_needs_comes_back() -> None:
    _, category = purchases.make_show()
    caused, own = _projected(lambda: settled.buy(category))
    assert {"order", "payment", "journal", "ticket"} <= set(caused)
    # The first of an order's two marks, and the payment with the number of its invoice: refunds need these kinds.
    # The customer who was made here carries a mark of the platform's totals.
    assert Counter(own) <= Counter(order=1, payment=1, account=1)


@pytest.mark.by_day
def test_quotas_count_the_filters(template: Template) -> None:
    uses = {use.quota: use for use in quotas.of(template)}
    for function, name in (("stream", "StreamSource"), ("live", "LiveSource")):
        assert uses[f"filters of {name}"].used == len(filters.of_function(function))
