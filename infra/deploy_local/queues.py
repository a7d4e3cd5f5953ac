"""Messages that fail: one is retried and sent, one ends as a dead letter.

The app has no part in this. The mail about a revoked reader fails while its sender is not verified with the mail
service, as in a new account; then the sender is verified.
"""

import json
import urllib.request
from typing import Any

from chalicelib.config import config
from chalicelib.schemas.examples import demo
from infra.deploy.door import Door
from infra.deploy.seen import NotSeen, hold, wait_for
from infra.deploy_local.deployment import Deployment
from infra.local.console import step

_MESSAGES_LOG = "/aws/lambda/gatehouse-local-messages"
_DEAD_LETTERS = "gatehouse-messages-dlq"
_POISON = "this is not a message"
_NEIGHBOUR = "neighbour@example.com"
# infra/resources/queues.yaml: maxReceiveCount. Retries are one visibility timeout of 30 s apart.
_TRIES = 5
_SECONDS = 420.0


class Queues:
    """The messages queue of a deployment, its function's log and its dead letters."""

    def __init__(self, deployment: Deployment) -> None:
        """Look up the queues by their names."""
        self._cloud = deployment.cloud
        self._sqs = deployment.cloud.client("sqs")
        self._logs = deployment.cloud.client("logs")
        self._messages = self._url(config().messages_queue_name)
        self._dead = self._url(_DEAD_LETTERS)

    def check_retry(self, admin: Door) -> None:
        """Check that a mail that fails at first is retried and sent."""
        step("an administrator provisions a reader and revokes it: stream -> bus -> alerts queue -> messages queue")
        body = {"event_id": demo.EVENT_ID, "gate": "Gate 2", "name": "Spare reader"}
        made = admin.call("POST", "/api/devices/", body)
        hold("the reader is provisioned", made.status, 201)
        gone = admin.call("DELETE", f"/api/devices/{made.body['device_id']}/")
        hold("the reader is revoked", gone.status // 100, 2)
        failed = wait_for("its mail fails: the sender is not verified yet", self._failures, seconds=_SECONDS)
        hold("no mail was sent", self._mails(), [])
        step(f"  tried {len(failed)} time(s) so far; now the sender is verified")
        self._cloud.client("ses").verify_email_identity(EmailAddress=config().mail_from)
        mails = wait_for("the same mail is retried and sent", self._mails, seconds=_SECONDS)
        hold("it names the reader to staff", [made.body["device_id"] in mail["BodyText"] for mail in mails], [True])
        hold("it leaves no dead letter", self._count(self._dead), 0)

    def check_poison(self) -> None:
        """Check that a message that always fails becomes a dead letter, and the others of its batch do not."""
        step("a batch with an invalid message between good ones")
        good = {"channel": "email", "to": _NEIGHBOUR, "subject": "A good one", "body": "Good."}
        bodies = [
            json.dumps({**good, "message_id": "msg_good1"}),
            _POISON,
            json.dumps({**good, "message_id": "msg_good2"}),
        ]
        entries = [{"Id": str(place), "MessageBody": body} for place, body in enumerate(bodies)]
        sent = self._sqs.send_message_batch(QueueUrl=self._messages, Entries=entries)["Successful"]
        poison_id = next(entry["MessageId"] for entry in sent if entry["Id"] == str(bodies.index(_POISON)))
        letters = wait_for("the invalid one is a dead letter", self._dead_letters, seconds=_SECONDS)
        hold("it and no other", [letter["Body"] for letter in letters], [_POISON])
        hold(f"it was tried {_TRIES} times", sum(poison_id in line for line in self._failures()), _TRIES)
        hold("each of the others was sent once", [mail["To"] for mail in self._mails()[1:]], [[_NEIGHBOUR]] * 2)
        wait_for("the queue is empty", lambda: self._count(self._messages) == 0, seconds=_SECONDS)

    def _url(self, name: str) -> str:
        url: str = self._sqs.get_queue_url(QueueName=name)["QueueUrl"]
        return url

    def _count(self, url: str) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(found[name]) for name in names)

    def _dead_letters(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._sqs.receive_message(
            QueueUrl=self._dead, MaxNumberOfMessages=10, VisibilityTimeout=0
        ).get("Messages", [])
        return found

    def _failures(self) -> list[str]:
        try:
            events = self._logs.filter_log_events(logGroupName=_MESSAGES_LOG)["events"]
        except self._logs.exceptions.ResourceNotFoundException as error:
            raise NotSeen(f"{_MESSAGES_LOG}, the function's log group, does not exist") from error
        return [event["message"] for event in events if "message failed" in event["message"]]

    def _mails(self) -> list[dict[str, Any]]:
        """Return the mails that the mail service accepted, oldest first."""
        url = f"{self._cloud.url}/_ministack/ses/messages"
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 # nosec B310  # loopback
            taken = json.load(answer)["messages"]
        return [mail for mails in taken.values() for mail in mails]
