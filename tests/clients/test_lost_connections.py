"""A client that loses its connection to AWS raises Unavailable, which callers answer with 503 and workers retry."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from chalicelib import clock
from chalicelib.clients import aws, bus, data_keys, files, jobs, messages
from chalicelib.clients.bus import Published
from chalicelib.clients.messages import Channel, Message
from chalicelib.clients.secrets import SESSIONS
from chalicelib.errors import Unavailable
from chalicelib.vocabulary.messages import Fact
from tests.support import meanwhile

pytestmark = pytest.mark.usefixtures("moto_cloud")

MESSAGE = Message(message_id="msg_1", channel=Channel.EMAIL, to="a@example.com", body="text")
FACT = Published(Fact.DEVICE_ENROLLED, "fct_1", clock.now(), {"ticket_id": "tkt_1"})
# Every request that a client sends, by service, operation and what causes it.
REQUESTS: dict[str, tuple[str, str, Callable[[], object]]] = {
    "a fact": ("events", "PutEvents", lambda: bus.publish([FACT])),
    "a fresh data key": ("kms", "GenerateDataKey", lambda: data_keys.generate("cus_1")),
    "a wrapped data key": ("kms", "Decrypt", lambda: data_keys.unwrap("cus_1", b"wrapped")),
    "a file to read": ("s3", "GetObject", lambda: files.read("photos/1", limit=10)),
    "a file to write": ("s3", "PutObject", lambda: files.write("photos/1", b"x", content_type="image/png")),
    "a file to delete": ("s3", "ListObjectVersions", lambda: files.delete("photos/1")),
    "a job": ("sqs", "SendMessage", lambda: jobs.enqueue("job_1")),
    "a message": ("sqs", "SendMessage", lambda: messages.enqueue(MESSAGE)),
    "a secret": ("secretsmanager", "GetSecretValue", lambda: SESSIONS.current("tests")),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_lost_connection_is_unavailable_and_says_when_to_retry(name: str) -> None:
    service, operation, ask = REQUESTS[name]
    with meanwhile.failing(operation, service=service), pytest.raises(Unavailable) as refused:
        ask()
    assert refused.value.retry_after


def test_a_lost_connection_is_forgotten_by_the_next_request() -> None:
    with meanwhile.failing("GetSecretValue", service="secretsmanager"), pytest.raises(Unavailable):
        SESSIONS.current("tests")
    assert len(SESSIONS.current("tests")) == 32


def test_a_key_service_that_fails_is_unavailable_whatever_it_says() -> None:
    def fail(**_: object) -> tuple[AWSResponse, dict[str, object]]:
        said = {"Error": {"Code": "InternalFailure", "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": 500}}
        return AWSResponse("", 500, HTTPHeaders(), None), said

    events = aws.client("kms").meta.events
    events.register_first("before-call.kms.GenerateDataKey", fail)
    try:
        with pytest.raises(Unavailable):
            data_keys.generate("cus_1")
    finally:
        events.unregister("before-call.kms.GenerateDataKey", fail)


def test_every_service_has_one_client_whose_time_out_is_below_a_functions() -> None:
    for service in ("events", "kms", "s3", "secretsmanager", "ses", "sns", "sqs"):
        client = aws.client(service)
        assert client is aws.client(service)
        assert client.meta.config.connect_timeout == 1
        assert client.meta.config.retries["total_max_attempts"] == 3


def test_a_link_and_a_form_are_signed_with_version_4_and_bound_what_is_uploaded() -> None:
    url = files.link("photos/1", lifetime=timedelta(minutes=5))
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in url
    assert "X-Amz-Expires=300" in url
    _, fields, expires_at = files.upload_form(
        "photos/1", content_type="image/png", limit=10, lifetime=timedelta(minutes=5)
    )
    assert (fields["key"], fields["Content-Type"]) == ("photos/1", "image/png")
    assert timedelta(minutes=4) < expires_at - clock.now() <= timedelta(minutes=5)


def test_a_data_key_opens_under_its_owner_only() -> None:
    key, wrapped = data_keys.generate("cus_1")
    assert data_keys.unwrap("cus_1", wrapped) == key
    with pytest.raises(Exception, match="InvalidCiphertext"):
        data_keys.unwrap("cus_2", wrapped)


def test_a_file_larger_than_asked_for_or_missing_is_not_read() -> None:
    files.write("photos/1", b"0123456789", content_type="image/png")
    assert files.read("photos/1", limit=10) == b"0123456789"
    assert files.read("photos/1", limit=9) is None
    assert files.read("photos/2", limit=9) is None
    files.delete("photos/1")
    files.delete("photos/1")
    assert files.read("photos/1", limit=10) is None
