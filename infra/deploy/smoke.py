"""Some twenty checks of a deployed stage, through its public address, as portals and browsers use it.

They change nothing but one account of Tix, the smoke test's own. Its address is the mail simulator of SES, which takes
every mail, also in the SES sandbox (AWS: "Using the mailbox simulator"). Its password is in Secrets Manager.
"""

import json
import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
from botocore.exceptions import ClientError
from msgspec import to_builtins
from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.sync.client import connect

from chalicelib import config as settings
from infra import pages
from infra.deploy.account import Account
from infra.deploy.seen import NotSeen, hold, see, wait_for
from infra.local.console import step

_SECONDS = 30.0
_UPLOAD_LIFE = timedelta(minutes=5)
_FOREIGN_ORIGIN = "https://elsewhere.example"
_HTML = "text/html; charset=utf-8"
_LOG_IN = "/api/tix/auth/login"
# A refusal that says which one it is, in both forms of the envelope.
_GUARDED = (
    ("POST", "/api/usher/scan/result/"),
    ("GET", "/api/v1/users/me/"),
    ("GET", "/api/merchant/dashboard-stats/"),
    ("GET", "/api/organizer/events/"),
    ("GET", "/api/tix/auth/me"),
)


@dataclass(frozen=True, slots=True)
class Deployed:
    """What is checked: the stage's address, its stack's outputs, its parameters, its queues by logical name."""

    account: Account
    stage: str
    url: str
    outputs: Mapping[str, str]
    parameters: Mapping[str, str]
    queues: Mapping[str, str]
    # Checks that an engine on this machine cannot pass, by name.
    without: frozenset[str] = frozenset()
    mail_seconds: float = 120.0


@dataclass(slots=True)
class Smoke:
    """One run of the checks."""

    deployed: Deployed
    http: httpx.Client
    token: str = field(default="", repr=False)

    def checks(self) -> Iterator[tuple[str, str, Callable[[], None]]]:
        """Yield the checks in their order, each with its name and what it shows."""
        yield "health", "the function is up", self._health
        yield "headers", "every answer has the headers of the contract", self._headers
        yield "unknown_path", "an unknown path is 404 in the envelope", self._unknown_path
        yield "wrong_method", "a wrong method is 405 in the envelope", self._wrong_method
        yield "both_spellings", "both spellings of a path answer alike", self._both_spellings
        yield "preflight", "the preflight of an allowed origin is granted", self._preflight
        yield "foreign_preflight", "the preflight of another origin is not", self._foreign_preflight
        yield "admin_preflight", "only the admin's origin may send cookies", self._admin_preflight
        yield "cors", "an answer names the allowed origin", self._cors
        yield "events", "the list of events is there, with an ETag", self._events
        yield "not_modified", "what is known already is 304", self._not_modified
        yield "document", "the OpenAPI document is whole", self._document
        yield "guards", "routes of every portal ask for a token", self._guards
        yield "forged_token", "a forged token is refused", self._forged_token
        yield "malformed", "a body that is no JSON is refused", self._malformed
        yield "unknown_account", "an unknown account is refused", self._unknown_account
        yield "webhook", "a callback without a signature is refused", self._webhook
        yield "log_in", "the account of this test is logged in", self._log_in
        yield "upload", "a file is uploaded by its form, as a browser does it", self._upload
        yield "socket", "a socket opens with its ticket and answers", self._socket
        if "ConsoleUrl" in self.deployed.outputs:
            yield "pages", "the console's pages are there, with their headers", self._pages
            yield "console_api", "the API answers at the console's address", self._console_api
        yield "mail", "a mail of this run goes from the queue to SES", self._mail

    def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        return self.http.request(method, self.deployed.url + path, **more)

    def _code(self, answer: httpx.Response) -> Any:
        said = answer.json()
        return said["error"]["code"] if isinstance(said.get("error"), dict) else said.get("code")

    def _health(self) -> None:
        # The first call starts the function.
        answer = wait_for("GET /health/", lambda: self._answer_or_none("/health/"), seconds=_SECONDS * 2)
        hold("its answer", answer and answer.json()["status"], "ok")

    def _answer_or_none(self, path: str) -> httpx.Response | None:
        try:
            answer = self._ask("GET", path)
        except httpx.HTTPError:
            return None
        return answer if answer.status_code == 200 else None

    def _headers(self) -> None:
        for path in ("/health/", "/nothing/here/"):
            headers = self._ask("GET", path).headers
            hold(f"GET {path}: no sniffing", headers.get("x-content-type-options"), "nosniff")
            see(f"GET {path}: TLS only", "max-age=" in headers.get("strict-transport-security", ""))
            see(f"GET {path}: a request id", bool(headers.get("x-request-id")))

    def _unknown_path(self) -> None:
        answer = self._ask("GET", "/nothing/here/")
        hold("the answer", (answer.status_code, self._code(answer)), (404, "NOT_FOUND"))

    def _wrong_method(self) -> None:
        answer = self._ask("DELETE", "/health")
        hold("the answer", (answer.status_code, self._code(answer)), (405, "METHOD_NOT_ALLOWED"))

    def _both_spellings(self) -> None:
        seen = [self._ask("GET", path).status_code for path in ("/health", "/health/")]
        hold("the statuses", seen, [200, 200])

    def _preflight_of(self, origin: str) -> httpx.Response:
        asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        return self._ask("OPTIONS", "/api/usher/login", headers=asked)

    @property
    def _origin(self) -> str:
        return self.deployed.parameters["CorsOrigins"].split(",")[0]

    def _preflight(self) -> None:
        answer = self._preflight_of(self._origin)
        seen = (answer.status_code, answer.headers.get("access-control-allow-origin"))
        hold("the answer", seen, (204, self._origin))
        see("its methods", "POST" in answer.headers.get("access-control-allow-methods", ""))

    def _foreign_preflight(self) -> None:
        answer = self._preflight_of(_FOREIGN_ORIGIN)
        hold("no origin is named", answer.headers.get("access-control-allow-origin"), None)

    def _admin_preflight(self) -> None:
        admin = self.deployed.parameters["AdminOrigin"]
        for origin in self.deployed.parameters["CorsOrigins"].split(","):
            allowed = self._preflight_of(origin).headers.get("access-control-allow-credentials")
            hold(f"cookies of {origin}", allowed, "true" if origin == admin else None)

    def _cors(self) -> None:
        answer = self._ask("GET", "/api/v1/public/events/", headers={"Origin": self._origin})
        hold("the origin", answer.headers.get("access-control-allow-origin"), self._origin)

    def _events(self) -> None:
        answer = self._ask("GET", "/api/v1/public/events/")
        hold("the status", answer.status_code, 200)
        hold("a list with an ETag", ("results" in answer.json(), "etag" in answer.headers), (True, True))

    def _not_modified(self) -> None:
        tag = self._ask("GET", "/api/v1/public/events/").headers["etag"]
        again = self._ask("GET", "/api/v1/public/events/", headers={"If-None-Match": tag})
        hold("the status", again.status_code, 304)

    def _document(self) -> None:
        document = self._ask("GET", "/api/openapi.json").json()
        see("its paths", len(document["paths"]) > 100)

    def _guards(self) -> None:
        for method, path in _GUARDED:
            answer = self._ask(method, path, json={} if method == "POST" else None)
            hold(f"{method} {path}", (answer.status_code, self._code(answer)), (401, "UNAUTHENTICATED"))

    def _forged_token(self) -> None:
        forged = {"Authorization": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."}
        answer = self._ask("GET", "/api/v1/users/me/", headers=forged)
        hold("the answer", (answer.status_code, self._code(answer)), (401, "UNAUTHENTICATED"))

    def _malformed(self) -> None:
        answer = self._ask("POST", _LOG_IN, content=b"{", headers={"Content-Type": "application/json"})
        hold("the answer", (answer.status_code, self._code(answer)), (400, "MALFORMED_JSON"))

    def _unknown_account(self) -> None:
        who = {"email": f"{secrets.token_hex(8)}@example.com", "password": secrets.token_urlsafe(18)}
        answer = self._ask("POST", _LOG_IN, json=who)
        hold("the answer", (answer.status_code, self._code(answer)), (401, "INVALID_CREDENTIALS"))

    def _webhook(self) -> None:
        answer = self._ask("POST", "/api/v1/payments/webhook/", json={"id": "evt_smoke"})
        if answer.status_code == 503:
            raise NotSeen("the provider's keys are not set: make rotate NAME=providers (docs/operations.md)")
        hold("the status", answer.status_code, 400)

    def _log_in(self) -> None:
        who = {"email": self._email, "password": self._password()}
        answer = self._ask("POST", _LOG_IN, json=who)
        if answer.status_code == 401:
            new = {**who, "name": "Smoke test", "organization": "Smoke test"}
            answer = self._ask("POST", "/api/tix/auth/register", json=new)
        see("the account is there", answer.status_code in (200, 201))
        self.token = answer.json()["token"]

    @property
    def _email(self) -> str:
        return f"success+gatehouse-{self.deployed.stage}@simulator.amazonses.com"

    def _password(self) -> str:
        client, name = self.deployed.account.client("secretsmanager"), secret_of(self.deployed.stage)
        try:
            return str(client.get_secret_value(SecretId=name)["SecretString"])
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
        made = secrets.token_urlsafe(24)
        client.create_secret(Name=name, SecretString=made, Description="The password of the smoke test's account")
        return made

    def _upload(self) -> None:
        from chalicelib.clients import files  # it reads the names of the stage

        key = f"uploads/smoke-test/{secrets.token_hex(8)}.txt"
        url, fields, _ = files.upload_form(key, content_type="text/plain", limit=100, lifetime=_UPLOAD_LIFE)
        answer = self.http.post(
            url, data=fields, files={"file": ("smoke.txt", b"smoke", "text/plain")}, headers={"Origin": self._origin}
        )
        see("the bucket takes it", answer.status_code in (200, 201, 204))
        see("a browser may read the answer", bool(answer.headers.get("access-control-allow-origin")))
        hold("it is kept", files.read(key, limit=100), b"smoke")
        files.delete(key)

    def _socket(self) -> None:
        live = self.deployed.outputs["LiveUrl"]
        try:
            with connect(live, open_timeout=_SECONDS):
                raise NotSeen("a socket without a ticket was opened")
        except InvalidStatus as refused:
            see("without a ticket it is refused", refused.response.status_code in (401, 403))
        made = self._ask("POST", "/api/realtime/ticket/", json={}, headers=self._authorized).json()
        with connect(f"{made['url']}?ticket={made['ticket']}", open_timeout=_SECONDS) as socket:
            socket.send(json.dumps({"action": "ping"}))
            hold("it answers a ping", json.loads(socket.recv(timeout=_SECONDS))["type"], "pong")

    @property
    def _authorized(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def _pages(self) -> None:
        for page in pages.deployed():
            path = f"/{page.segments[0]}"
            answer = self._of_console(path)
            hold(f"GET {path}", (answer.status_code, answer.headers.get("content-type")), (200, _HTML))
            policy = answer.headers.get("content-security-policy", "")
            see(f"GET {path}: a strict policy", "require-trusted-types-for 'script'" in policy)
            script = re.search(r'<script type="module" src="(/assets/[^"]+)"', answer.text)
            see(f"GET {path}: its script", script is not None)
            asset = self._of_console(script[1] if script else "")
            hold(
                "it is kept by browsers",
                (asset.status_code, asset.headers.get("cache-control")),
                (200, pages.IMMUTABLE),
            )
        hold("an address that is no page's", self._of_console("/nothing/here").status_code, 404)

    def _console_api(self) -> None:
        hold("its health", self._of_console("/health/").json()["status"], "ok")
        hold("its own 404", self._of_console("/api/nothing/").json()["error"]["code"], "NOT_FOUND")

    def _of_console(self, path: str) -> httpx.Response:
        return self.http.get(self.deployed.outputs["ConsoleUrl"] + path, headers={"Accept": "text/html,*/*"})

    def _mail(self) -> None:
        dead = self._count("MessagesDeadLetters")
        answer = self._ask("POST", "/api/tix/auth/forgot-password", json={"email": self._email})
        hold("a code is on its way", answer.status_code, 202)
        # Behind the code, with an id that nothing else has: a queue may be empty before a message is in it.
        message_id = self._queue_mail()
        wait_for(
            "SES has this run's mail; it must have verified MailFrom",
            lambda: self._is_sent(message_id),
            seconds=self.deployed.mail_seconds,
        )
        wait_for("the queue is empty", lambda: self._count("MessagesQueue") == 0, seconds=self.deployed.mail_seconds)
        hold("and no letter is dead", self._count("MessagesDeadLetters"), dead)

    def _queue_mail(self) -> str:
        """Queue a mail to the simulator; return its id."""
        from chalicelib.clients.messages import Channel, Message  # it reads the names of the stage
        from chalicelib.identifiers import new_id

        text = "This mail is part of the smoke test of a deployment."
        mail = Message(new_id("msg"), Channel.EMAIL, self._email, text, subject="Smoke test")
        sqs = self.deployed.account.client("sqs")
        sqs.send_message(QueueUrl=self.deployed.queues["MessagesQueue"], MessageBody=json.dumps(to_builtins(mail)))
        return mail.message_id

    def _is_sent(self, message_id: str) -> bool:
        """Whether the platform remembers that SES has taken a message."""
        from chalicelib.table import keys  # it reads the names of the stage
        from chalicelib.table.items import SentMessage

        place = keys.access.sent_message(message_id)
        found = (
            self.deployed.account.client("dynamodb")
            .get_item(
                TableName=self.deployed.outputs["TableName"],
                Key={"pk": {"S": place.pk}, "sk": {"S": place.sk}},
                ConsistentRead=True,
            )
            .get("Item")
        )
        return found is not None and SentMessage.from_raw_data(found).sent_at is not None

    def _count(self, name: str) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        client = self.deployed.account.client("sqs")
        found = client.get_queue_attributes(QueueUrl=self.deployed.queues[name], AttributeNames=names)["Attributes"]
        return sum(int(value) for value in found.values())


def secret_of(stage: str) -> str:
    """Return the name of the secret with the password of the smoke test's account."""
    return f"gatehouse/smoke-test-{stage}"


def run(deployed: Deployed) -> None:
    """Run all checks. Raises NotSeen at the first that fails, with what was seen instead."""
    os.environ |= {"FILES_BUCKET": deployed.outputs["FilesBucket"], "STAGE": deployed.stage}
    settings.config.cache_clear()
    with httpx.Client(timeout=_SECONDS, follow_redirects=False) as http:
        smoke = Smoke(deployed, http)
        wanted = [check for check in smoke.checks() if check[0] not in deployed.without]
        for number, (_, what, check) in enumerate(wanted, start=1):
            step(f"check {number} of {len(wanted)}: {what}")
            try:
                check()
            except (
                httpx.HTTPError,
                WebSocketException,
                OSError,
                LookupError,
                ValueError,
                TypeError,
                AttributeError,
            ) as error:
                raise NotSeen(f"check {number}, {what}: {type(error).__name__}: {error}") from error
