"""Addresses and numbers that nothing reaches: their messages come to an end, and the others are sent."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

import app
from chalicelib.clients import aws
from chalicelib.clients.messages import Channel
from chalicelib.identifiers import new_id
from infra.local.outbox import Outbox
from tests.support import log_lines

pytestmark = pytest.mark.usefixtures("moto_cloud")
GOOD, NUMBER, OTHER = "good@example.com", "+923001234567", "+923001234568"


@pytest.fixture
def outbox() -> Iterator[Outbox]:
    aws.client.cache_clear()
    kept = Outbox().attach()
    yield kept
    kept.detach()
    aws.client.cache_clear()


def message(channel: Channel, to: str, **more: Any) -> dict[str, Any]:
    return {"message_id": new_id("msg"), "channel": channel, "to": to, "body": new_id("text"), "subject": "s", **more}


def take(*bodies: dict[str, Any]) -> list[str]:
    """Give the messages queue's worker a batch, and return which of it come again."""
    records = [{"messageId": f"m{number}", "body": json.dumps(body)} for number, body in enumerate(bodies)]
    return [each["itemIdentifier"] for each in app.messages({"Records": records}, None)["batchItemFailures"]]


@pytest.mark.parametrize(
    "address", ["", "nobody", "a b@example.com", "ü@example.com", "a@localhost", "a@b@example.com"]
)
@pytest.mark.parametrize("has_file", [False, True])
def test_a_mail_to_an_address_that_no_mail_reaches_ends_and_the_others_are_sent(
    outbox: Outbox, address: str, has_file: bool
) -> None:
    files = [{"name": "a.txt", "content_type": "text/plain", "content": "QQ=="}] if has_file else []
    bad, good = message(Channel.EMAIL, address, attachments=files), message(Channel.EMAIL, GOOD)
    with log_lines.collected() as logged:
        assert take(bad, good) == []
    assert [sent["body"] for sent in outbox.messages(GOOD)] == [good["body"]]
    assert [line["sent_id"] for line in logged.all() if line["message"] == "mail dropped"] == [bad["message_id"]]


@pytest.mark.parametrize("number", ["", "12", "nonsense"])
def test_an_sms_to_what_is_no_number_ends_and_the_others_are_sent(outbox: Outbox, number: str) -> None:
    bad, good = message(Channel.SMS, number), message(Channel.SMS, NUMBER)
    assert take(bad, good) == []
    assert [sent["body"] for sent in outbox.messages(NUMBER)] == [good["body"]]


def refusing(number: str, code: str) -> Callable[..., None]:
    def refuse(params: dict[str, Any], **_: Any) -> None:
        if number in str(params["body"]) or number.replace("+", "%2B") in str(params["body"]):
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, "Publish")

    return refuse


@pytest.mark.parametrize(("code", "comes_again"), [("OptedOut", 0), ("InvalidParameter", 0), ("Throttled", 1)])
def test_an_sms_that_is_refused_for_its_number_ends_or_becomes_a_mail(
    outbox: Outbox, code: str, comes_again: int
) -> None:
    bad, good = message(Channel.SMS, OTHER), message(Channel.SMS, NUMBER)
    with_mail = message(Channel.SMS, OTHER, or_mail_to=GOOD)
    events, refuse = aws.client("sns").meta.events, refusing(OTHER, code)
    events.register("before-call.sns.Publish", refuse)
    try:
        assert take(bad, good) == ["m0"] * comes_again
        assert take(with_mail) == ["m0"] * comes_again
    finally:
        events.unregister("before-call.sns.Publish", refuse)
    assert [sent["body"] for sent in outbox.messages(NUMBER)] == [good["body"]]
    assert [sent["body"] for sent in outbox.messages(GOOD)] == [with_mail["body"]] * (1 - comes_again)
