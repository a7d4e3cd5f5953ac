"""The arrangement for measured scans: a cloud of its own, an event, an usher, tickets and cards."""

import itertools
import json
import os
import secrets
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from infra.local import engines, seed
from infra.local.console import CannotStart, complain

SCAN_PATH = "/api/usher/scan/result/"
USHER_NAME, _USHER_PASSWORD = "bench-usher", "a long enough password"
_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled",
    "STAGE": "local",
    # The bench sends all scans as one usher.
    "LIMIT_REQUESTS": "1000000",
    "LIMIT_DEVICE_REQUESTS": "1000000",
}


class Kind(StrEnum):
    """What is held to the reader."""

    QR = "QR"
    TICKET = "ticket"
    CARD = "card"


@dataclass(frozen=True, slots=True)
class Event:
    """An event with one usher at its gate."""

    event_id: str
    usher_name: str
    usher_password: str


@contextmanager
def cloud(*, needs_dynamodb_local: bool = False) -> Iterator[None]:
    """Run DynamoDB Local for the table and MiniStack for the rest; the app of this process uses them.

    Where DynamoDB Local is not available, MiniStack has the table as well, unless it is needed.
    """
    from tests.support import cloud as resources

    with ExitStack() as running:
        url = running.enter_context(engines.ministack())
        urls = {"AWS_ENDPOINT_URL": url}
        try:
            table_url = running.enter_context(engines.dynamodb_local())
        except CannotStart as why:
            if needs_dynamodb_local:
                raise
            complain(f"{why} Going on with MiniStack.")
        else:
            urls |= {"AWS_ENDPOINT_URL_DYNAMODB": table_url, "AWS_ENDPOINT_URL_DYNAMODB_STREAMS": table_url}
        running.enter_context(environment(**urls))
        resources.create_all(secrets.token_hex(32))
        yield


@contextmanager
def environment(**urls: str) -> Iterator[None]:
    """Aim the AWS clients of this process and its children at these endpoints."""
    before = dict(os.environ)
    os.environ.update(_ENVIRONMENT | urls)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def create_event() -> Event:
    """Create an event that is open now, and an usher with an assignment to it."""
    from chalicelib.domain.access import new_accounts
    from chalicelib.vocabulary.access import UsherRole

    event_id = f"evt_bench{secrets.token_hex(4)}"
    event = Event(event_id, f"{USHER_NAME}-{event_id}", _USHER_PASSWORD)
    seed.create_event(event_id)
    new_accounts.create_usher(
        username=event.usher_name,
        password=event.usher_password,
        name="Bench Usher",
        roles=[UsherRole.USHERING],
        event_ids=[event_id],
    )
    return event


def fill(event: Event, *, tickets: int) -> list[seed.Seeded]:
    """Add tickets, each with a card, and return them."""
    return seed.seed(event.event_id, tickets=tickets, cards=tickets)


def log_in(event: Event) -> str:
    """Return an access token of the event's usher, from the app in this process."""
    body = {"event_id": event.event_id, "username": event.usher_name, "password": event.usher_password}
    return str(ask("/api/usher/login/", body)["access"])


def ask(path: str, body: dict[str, Any] | None, *, token: str | None = None) -> dict[str, Any]:
    """Post to the app in this process, or get where there is no body; return its answer, which must be good."""
    content = json.dumps(body).encode() if body is not None else b""
    answer = invoke(gateway_event("POST" if content else "GET", path, content, token))
    if answer["statusCode"] != 200:
        raise RuntimeError(f"{path} was answered {answer['statusCode']}: {answer['body']}")
    return json.loads(answer["body"])  # type: ignore[no-any-return]  # JSON has no types


def scan_body(kind: Kind, one: seed.Seeded, event: Event) -> dict[str, Any]:
    """Return the body of a scan of this ticket, by its card, its QR or its id."""
    from chalicelib.domain.tickets import credentials

    body: dict[str, Any] = {"scan_id": f"scn_{uuid.uuid4().hex}", "gate": "Gate 1"}
    if kind is Kind.QR:
        return body | {"qr": credentials.encode(one.ticket_id, event_id=event.event_id, credential=1)}
    return body | ({"card_id": one.uid} if kind is Kind.CARD else {"ticket_id": one.ticket_id})


def gateway_event(method: str, target: str, body: bytes, token: str | None = None) -> dict[str, Any]:
    """Return the event that API Gateway sends for a request; `target` may have a query."""
    from app import app
    from infra.local.proxy_event import Request, proxy_event
    from infra.local.routes import RouteTable, routes_of

    path, _, query = target.partition("?")
    match = _tables.setdefault(id(app), RouteTable(routes_of(app))).find(path)
    if match is None:
        raise LookupError(f"no route for {path}")
    headers = [(b"host", b"localhost"), (b"content-type", b"application/json"), (b"user-agent", b"gatehouse-bench")]
    if token:
        headers.append((b"authorization", f"Bearer {token}".encode()))
    scope = {
        "method": method,
        "raw_path": path.encode("latin-1"),
        "headers": headers,
        "query_string": query.encode(),
        "scheme": "http",
        "http_version": "1.1",
        "client": ("127.0.0.1", 1),
    }
    return proxy_event(Request(scope, f"bench-{next(_numbers)}"), match, body, binary_types=frozenset())


_tables: dict[int, Any] = {}
_numbers = itertools.count(1)


def invoke(event: dict[str, Any]) -> dict[str, Any]:
    """Call the app as Lambda would."""
    from app import app
    from infra.local.invocation import FunctionContext

    answer: dict[str, Any] = app(event, FunctionContext("api", 29.0))
    return answer
