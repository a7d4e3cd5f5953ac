"""The handlers of queues, stream and schedules: their records, and the effects."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from botocore.session import get_session

import app
from chalicelib import clock
from chalicelib.config import config
from chalicelib.domain.access import devices, heartbeats, silences
from chalicelib.vocabulary.cards import CardType
from chalicelib.vocabulary.events import EventStatus
from tests.support import event_states
from tests.support.client import call
from tests.support.factories import make_card, make_event, make_reader, make_ticket, scan_id, usher_token
from tests.support.meanwhile import asked, before
from tests.support.streams import StreamReader, project

pytestmark = pytest.mark.usefixtures("moto_cloud")


def batch(*bodies: Any) -> dict[str, Any]:
    """Return bodies as SQS hands them to a function."""
    texts = [body if isinstance(body, str) else json.dumps(body) for body in bodies]
    return {"Records": [{"messageId": f"m{n}", "body": text, "receiptHandle": "r"} for n, text in enumerate(texts)]}


def queued(name: str) -> list[dict[str, Any]]:
    """Take all messages of a queue."""
    sqs: Any = get_session().create_client("sqs")
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(message["Body"]) for message in found]


def sent_count() -> float:
    ses: Any = get_session().create_client("ses")
    return float(ses.get_send_quota()["SentLast24Hours"])


def fact(detail_type: str, **detail: str) -> dict[str, Any]:
    return {"source": "gatehouse", "detail-type": detail_type, "detail": {"fact_id": "f1", **detail}}


@pytest.mark.parametrize(
    ("detail_type", "word"),
    [
        ("device.enrolled", "enrolled"),
        ("device.revoked", "locked out"),
        ("device.silent", "not been heard"),
        ("card.clone_suspected", "did not prove itself"),
    ],
)
def test_a_fact_becomes_a_mail_to_staff(detail_type: str, word: str) -> None:
    assert app.alerts(batch(fact(detail_type, device_id="dev_1", event_id="evt_1")), None) == {"batchItemFailures": []}
    (mail,) = queued(config().messages_queue_name)
    assert (mail["channel"], mail["to"]) == ("email", config().alerts_mail_to)
    assert word in mail["body"]
    assert "evt_1" in mail["body"]


def test_a_fact_that_comes_twice_makes_mails_of_one_id() -> None:
    app.alerts(batch(fact("device.enrolled"), fact("device.enrolled")), None)
    assert len({mail["message_id"] for mail in queued(config().messages_queue_name)}) == 1


def test_of_a_batch_only_the_messages_that_failed_come_again() -> None:
    good = {"message_id": "msg_1", "channel": "email", "to": "a@example.com", "subject": "s", "body": "b"}
    poison = [{**good, "channel": "pigeon"}, "not JSON", {"message_id": "msg_2"}]
    answer = app.messages(batch(good, *poison, {**good, "message_id": "msg_3"}), None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": f"m{n}"} for n in (1, 2, 3)]}
    assert sent_count() == 2


def test_a_text_message_goes_out_by_sms() -> None:
    sms = {"message_id": "msg_1", "channel": "sms", "to": "+923001234567", "subject": None, "body": "b"}
    assert app.messages(batch(sms), None) == {"batchItemFailures": []}


def test_what_nothing_follows_from_is_passed_over() -> None:
    unknown = {"dynamodb": {"SequenceNumber": "1", "Keys": {}, "NewImage": {"kind": {"S": "session"}}}}
    removed = {"dynamodb": {"SequenceNumber": "2", "Keys": {}, "OldImage": {"kind": {"S": "scan"}}}}
    assert project([unknown, removed]) == {"batchItemFailures": []}


@pytest.fixture
def published() -> Iterator[Callable[[], list[str]]]:
    """Returns the facts that the platform has published on the bus since."""
    with asked("PutEvents", service="events") as requests:
        yield lambda: [entry["DetailType"] for request in requests for entry in request["Entries"]]


def test_a_devices_changes_are_told_once_each_and_its_heartbeats_are_not(published: Callable[[], list[str]]) -> None:
    stream = StreamReader()
    reader = make_reader(make_event())
    stream.drain()
    assert published() == ["device.enrolled"]
    heartbeats.receive(reader.device_id, heartbeats.DeviceHeartbeat(queue_depth=0, clock_offset_ms=0, app_version="1"))
    devices.revoke(reader.device_id)
    devices.revoke(reader.device_id)
    stream.drain()
    assert published() == ["device.enrolled", "device.revoked"]


def test_a_suspected_clone_is_told_by_its_scan_and_no_other_refusal_is(published: Callable[[], list[str]]) -> None:
    event = make_event()
    token, card = usher_token(event), make_card(make_ticket(event), card_type=CardType.SECURE)
    stream = StreamReader()
    body = {"scan_id": scan_id(), "card_id": card.uid}
    for repeat in (body, body, {"scan_id": scan_id(), "card_id": "04AABBCCDDEEFF"}):
        call("POST", "/api/usher/scan/result/", repeat, token=token)
    stream.drain()
    assert published() == ["card.clone_suspected"]


def test_a_silent_reader_is_told_once_until_it_is_heard_again(published: Callable[[], list[str]]) -> None:
    now = clock.now()
    reader = make_reader(make_event())
    beat = heartbeats.DeviceHeartbeat(queue_depth=0, clock_offset_ms=0, app_version="1")
    heartbeats.receive(reader.device_id, beat)
    schedule = {"id": "1", "time": "t", "resources": [], "source": "aws.events", "detail": {}}

    def watch(minutes: int) -> None:
        with clock.set_to(now + timedelta(minutes=minutes)):
            app.watch_devices({**schedule, "version": "0", "account": "1", "region": "r", "detail-type": "d"}, None)

    watch(2)
    assert published() == []
    watch(4)
    watch(5)
    assert published() == ["device.silent"]
    with clock.set_to(now + timedelta(minutes=6)):
        heartbeats.receive(reader.device_id, beat)
    watch(7)
    watch(20)
    assert published() == ["device.silent", "device.silent"]


def test_a_reader_that_is_heard_while_it_is_told_of_is_told_of_at_its_next_silence(
    published: Callable[[], list[str]],
) -> None:
    now, event = clock.now(), make_event()
    heard, _silent = make_reader(event), make_reader(event)
    beat = heartbeats.DeviceHeartbeat(queue_depth=0, clock_offset_ms=0, app_version="1")

    def hear() -> None:
        heartbeats.receive(heard.device_id, beat)

    with clock.set_to(now + timedelta(minutes=4)), before("PutEvents", hear, service="events"):
        assert silences.watch() == 2  # both had been silent when they were read
    with clock.set_to(now + timedelta(minutes=9)):
        assert silences.watch() == 1
        assert silences.watch() == 0
    assert published() == ["device.silent"] * 3


def test_nobody_is_told_of_readers_whose_gates_are_closed(published: Callable[[], list[str]]) -> None:
    make_reader(make_event())
    with clock.set_to(clock.now() + timedelta(days=2)):
        assert silences.watch() == 0
    assert published() == []


@pytest.mark.parametrize("status", [EventStatus.ENDED, EventStatus.CANCELLED, EventStatus.ARCHIVED])
def test_nobody_is_told_of_readers_of_an_event_that_admits_nobody(
    status: EventStatus, published: Callable[[], list[str]]
) -> None:
    event = make_event()
    make_reader(event)
    event_states.put_into(event.event_id, status)
    with clock.set_to(clock.now() + timedelta(minutes=10)):
        assert silences.watch() == 0
    assert published() == []
