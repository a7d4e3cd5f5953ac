"""Messages that fail: one is retried and sent, two end as dead letters and are replayed.

The app has no part in this. A mail fails while its sender is not verified with the mail service, as in a new account;
then the sender is verified.
"""

import json
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

from chalicelib.config import config
from chalicelib.schemas.examples import demo
from infra.deploy.door import Door
from infra.deploy.seen import NotSeen, hold, wait_for
from infra.deploy_local.deployment import STACK, Deployment
from infra.local.console import step

_MESSAGES_LOG = "/aws/lambda/gatehouse-local-messages"
_DEAD_LETTERS = "gatehouse-messages-dlq"
_POISON = "this is not a message"
_NEIGHBOUR, _LATE = "neighbour@example.com", "late@example.com"
_ROOT = Path(__file__).parents[2]
# infra/resources/queues.yaml: maxReceiveCount. Retries are one visibility timeout of 30 s apart.
_TRIES = 5
_SECONDS = 600.0
_REDRIVE_SECONDS = 180


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
        self._verify_sender()
        mails = wait_for("the same mail is retried and sent", self._mails, seconds=_SECONDS)
        hold("it names the reader to staff", [made.body["device_id"] in mail["BodyText"] for mail in mails], [True])
        hold("it leaves no dead letter", self._count(self._dead), 0)

    def check_poison(self) -> None:
        """Check that two messages that always fail become dead letters, and the others of their batch do not."""
        step("a batch with an invalid message between good ones")
        bodies = [_mail("msg_good1", to=_NEIGHBOUR), _POISON, _mail("msg_good2", to=_NEIGHBOUR)]
        entries = [{"Id": str(place), "MessageBody": body} for place, body in enumerate(bodies)]
        sent = self._sqs.send_message_batch(QueueUrl=self._messages, Entries=entries)["Successful"]
        poison_id = next(entry["MessageId"] for entry in sent if entry["Id"] == str(bodies.index(_POISON)))
        wait_for("the others are sent", lambda: len(self._mails_to(_NEIGHBOUR)) == 2, seconds=_SECONDS)
        step("the mail service knows the sender no more, and another mail is due")
        self._cloud.client("ses").delete_identity(Identity=config().mail_from)
        late = _mail("msg_late", to=_LATE)
        self._sqs.send_message(QueueUrl=self._messages, MessageBody=late)
        wait_for("both are dead letters", lambda: self._count(self._dead) == 2, seconds=_SECONDS)
        hold("they and no other", sorted(self._dead_letters()), sorted([_POISON, late]))
        hold(f"the invalid one was tried {_TRIES} times", self._tries_of(poison_id), _TRIES)
        hold("each of the others was sent once", len(self._mails_to(_NEIGHBOUR)), 2)
        wait_for("the queue is empty", lambda: self._count(self._messages) == 0, seconds=_SECONDS)

    def redrive(self) -> None:
        """Mend the cause of one dead letter, and replay both: `make redrive STAGE=local`."""
        step("the sender is verified again; make redrive")
        self._verify_sender()
        command = [sys.executable, "-m", "infra.redrive", "--stage", "local", "--only", "messages"]
        where = ["--stack", STACK, "--endpoint", self._cloud.url]
        done = subprocess.run(
            [*command, *where], cwd=_ROOT, capture_output=True, text=True, check=False, timeout=_REDRIVE_SECONDS
        )
        hold("the command succeeds", (done.returncode, done.stderr), (0, ""))
        hold("  and says what it moved", done.stdout.strip(), "messages: 2 moved back to the queue")
        wait_for("the mail whose cause was mended is sent", lambda: self._mails_to(_LATE), seconds=_SECONDS)

    def check_redriven(self) -> None:
        """Check what became of the replayed letters: one mail, and the invalid message is kept again."""
        wait_for("the invalid message is a dead letter again", lambda: self._count(self._dead) == 1, seconds=_SECONDS)
        hold("it and no other", self._dead_letters(), [_POISON])
        hold("the late mail was sent once", len(self._mails_to(_LATE)), 1)
        hold("the others were not sent again", len(self._mails_to(_NEIGHBOUR)), 2)

    def _verify_sender(self) -> None:
        self._cloud.client("ses").verify_email_identity(EmailAddress=config().mail_from)

    def _url(self, name: str) -> str:
        url: str = self._sqs.get_queue_url(QueueName=name)["QueueUrl"]
        return url

    def _count(self, url: str) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(found[name]) for name in names)

    def _dead_letters(self) -> list[str]:
        found = self._sqs.receive_message(QueueUrl=self._dead, MaxNumberOfMessages=10, VisibilityTimeout=0)
        return [letter["Body"] for letter in found.get("Messages", [])]

    def _tries_of(self, message_id: str) -> int:
        return sum(message_id in line for line in self._failures())

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

    def _mails_to(self, address: str) -> list[dict[str, Any]]:
        return [mail for mail in self._mails() if mail["To"] == [address]]


def _mail(message_id: str, *, to: str) -> str:
    mail = {"channel": "email", "to": to, "subject": "A good one", "body": "Good.", "message_id": message_id}
    return json.dumps(mail)
