"""What is sealed is nowhere to be read: every route is called with seeded values, and everything stored is searched.

The fields are those of `chalicelib/schemas/sealed.py`. The values are looked for in table, stream, queues, facts,
files and log, in every usual encoding.
"""

import base64
import itertools
import json
import re
import uuid
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, get_args
from urllib.parse import quote

import pyotp
import pytest
from moto import mock_aws
from msgspec.structs import asdict
from pydantic import BaseModel

from chalicelib import clock
from chalicelib.clients import data_keys, messages
from chalicelib.clients.secrets import ALL
from chalicelib.config import config
from chalicelib.domain.access import new_accounts
from chalicelib.domain.payments import sandbox
from chalicelib.portals.http.route import AnyRoute
from chalicelib.schemas.sealed import OPEN, SEALED, SEALED_IN
from chalicelib.table import operations
from chalicelib.table.items import DataKey, Item
from chalicelib.vocabulary.access import AdminRole
from chalicelib.vocabulary.cards import CardType
from tests.contract.ground import Ground, lay, routes
from tests.contract.request import Request
from tests.support import cloud, secure_cards
from tests.support.caches import forget_caches
from tests.support.client import call
from tests.support.codes import code_in, has_code
from tests.support.factories import (
    PASSWORD,
    make_card,
    make_event,
    make_ticket,
    scan_id,
    usher_token,
    with_recovery_codes,
)
from tests.support.streams import StreamReader
from tests.support.traces import Traces, Watch, watched

# One worker sends the requests of all routes.
pytestmark = [pytest.mark.xdist_group("sealed"), pytest.mark.by_day("file")]

# What the sandbox, an imitated provider, keeps in its own book: its words for outcomes.
_WORDS = set(sandbox.TOKENS)
_TELLING = re.compile(
    r"password|passphrase|otp|secret|token|blood|allerg|emergency|iban|account_number|csrf|assertion|picc|cmac|cvc"
    r"|^access$|^refresh$|invite_code|enrol+ment_code|public_key|private"
)
_numbers = itertools.count(1)


def _iban() -> str:
    """Return an IBAN of its own with right check digits (ISO 13616)."""
    account = f"SCBL{next(_numbers):016}"
    spelled = "".join(str(int(letter, 36)) for letter in f"{account}PK00")
    return f"PK{98 - int(spelled) % 97:02}{account}"


def _contact() -> dict[str, str]:
    number = next(_numbers)
    return {"name": f"Zubaidé Markér {number:04}", "mobile_number": f"+92345777{number:04}"}


# A value of its own for each field that a request may leave out.
SEEDS: dict[str, Callable[[], Any]] = {
    "blood_type": lambda: "AB-",
    "emergency_contact": _contact,
    "iban": _iban,
    "address": lambda: {"line1": f"{next(_numbers)} Sealed Street", "city": "Markerabad"},
}


@dataclass
class Seeded:
    """The values of sealed fields, by field, that requests sent and answers showed."""

    values: dict[str, set[str | bytes]] = field(default_factory=dict)

    def note(self, name: str, value: Any) -> None:
        for leaf in _leaves(value):
            if leaf not in _WORDS:
                self.values.setdefault(name, set()).add(leaf)

    def note_all(self, route: AnyRoute, body: Any, *, is_answer: bool) -> None:
        """Note the sealed fields of a body; an answer's masked ones are shown, and not what was sent."""
        for name, value in _named(body):
            kept = SEALED.get(name) or SEALED_IN.get((route.operation_id, name))
            if kept is not None and not (is_answer and name in SEEDS):
                self.note(name, value)


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _leaves(part)
    elif isinstance(value, str) and value:
        yield value


def _named(body: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(body, dict):
        yield from body.items()
        for value in body.values():
            yield from _named(value)
    elif isinstance(body, list):
        for value in body:
            yield from _named(value)


def _seed(route: AnyRoute, request: Request) -> Request:
    """Return a request with a value of its own in each sealed field that it may have."""
    if request.body is None or route.body is None:
        return request
    body = _seeded(json.loads(json.dumps(request.body)), route)
    for name in route.body.model_fields.keys() & SEEDS.keys():
        if name in SEALED or (route.operation_id, name) in SEALED_IN:
            body[name] = SEEDS[name]()
    return replace(request, body=body)


def _seeded(value: Any, route: AnyRoute) -> Any:
    if isinstance(value, list):
        return [_seeded(part, route) for part in value]
    if not isinstance(value, dict):
        return value
    return {
        name: SEEDS[name]() if name in SEEDS and name in SEALED else _seeded(part, route)
        for name, part in value.items()
    }


@dataclass
class Evening:
    """All routes called once, each with its sealed values."""

    watch: Watch
    seeded: Seeded
    sent: set[str]


@pytest.fixture(scope="module")
def evening() -> Iterator[Evening]:
    with mock_aws():
        forget_caches()
        cloud.create_all(cloud.MASTER_SECRET)
        with watched() as watch:
            ground, stream, seeded = lay(), StreamReader(), Seeded()
            sent = {route.operation_id for route in routes() if _call(ground, route, seeded)}
            _tap_a_secure_card(seeded)
            _log_in_with_a_second_factor(seeded)
            stream.drain()
            for message in _messages(watch):
                if has_code(message):
                    seeded.note("otp", code_in(message))
            _note_keys(seeded)
            yield Evening(watch, seeded, sent)
    forget_caches()


def _call(ground: Ground, route: AnyRoute, seeded: Seeded) -> bool:
    request = _seed(route, ground.rightful(route))
    if route.idempotent:
        request = replace(request, headers={**request.headers, "idempotency-key": uuid.uuid4().hex})
    if route.operation_id == "admin_login":
        # Only a session in a cookie has a CSRF token.
        request = replace(request, query="cookie=1")
    seeded.note_all(route, request.body, is_answer=False)
    token = ground.token(route)
    if token is not None:
        seeded.note("access", token)
    answer = ground.send(route, request, token=token)
    assert answer.status < 300, f"{route.operation_id}: {answer.text}"
    if route.reply is not None:
        seeded.note_all(route, answer.json, is_answer=True)
    for cookie in re.findall(r"=([^;,\s]{16,})", answer.headers.get("set-cookie", "")):
        seeded.note("refresh", cookie)
    return True


def _tap_a_secure_card(seeded: Seeded) -> None:
    event = make_event()
    card = make_card(make_ticket(event), card_type=CardType.SECURE)
    shown = secure_cards.message(card.uid, 1)
    sun = {"picc_data": shown.picc_data, "cmac": shown.cmac}
    body = {"scan_id": scan_id(), "card_id": card.uid, "sun": sun}
    answer = call("POST", "/api/usher/scan/result/", body, token=usher_token(event))
    assert answer.json["result"] == "valid", answer.text
    for name, value in sun.items():
        seeded.note(name, value)


def _log_in_with_a_second_factor(seeded: Seeded) -> None:
    email = f"{uuid.uuid4().hex}@staff.example.com"
    staff = new_accounts.create_admin(email=email, password=PASSWORD, name="Staff", role=AdminRole.SUPPORT)
    secret, recovery_codes = with_recovery_codes(staff)
    later = clock.now() + timedelta(seconds=30)
    body = {"email": email, "password": PASSWORD, "totp": pyotp.TOTP(secret).at(later)}
    with clock.set_to(later):
        answer = call("POST", "/api/auth/login/", body)
    assert answer.status == 200, answer.text
    seeded.note("secret", secret)
    seeded.note("totp", body["totp"])
    current = {"current": recovery_codes[0]}
    assert call("POST", "/api/auth/totp/", current, token=answer.json["access"]).status == 200
    seeded.note("current", recovery_codes[0])
    for recovery_code in recovery_codes:
        seeded.note("recovery_codes", recovery_code)


def _messages(watch: Watch) -> list[dict[str, Any]]:
    """Return the texts that were sent, opened as their worker opens them."""
    bodies = [request["MessageBody"] for requests in watch.sent for request in requests if "MessageBody" in request]
    return [asdict(messages.read(body)) for body in bodies if "message_id" in json.loads(body)]


def _note_keys(seeded: Seeded) -> None:
    """Note the keys themselves: of the rings, what is derived from them, and the data keys."""
    for life in ALL:
        for key in life.ring().keys:
            seeded.values.setdefault("key", set()).add(key.value.decode())
        seeded.values.setdefault("derived key", set()).update(life._derived.values())
    client: Any = operations.client()
    for page in client.get_paginator("scan").paginate(TableName=config().table_name):
        for raw in page["Items"]:
            item = Item.from_raw_data(raw)
            if isinstance(item, DataKey):
                plain = data_keys.unwrap(item.owner_id, bytes(item.wrapped))
                seeded.values.setdefault("data key", set()).add(plain)


def test_every_route_was_called(evening: Evening) -> None:
    assert evening.sent == {route.operation_id for route in routes()}


def test_every_kind_of_sealed_value_was_sent(evening: Evening) -> None:
    wanted = {*SEALED, *(name for _, name in SEALED_IN), "key", "derived key", "data key"}
    # The sandbox has words for outcomes, not tokens.
    assert wanted - evening.seeded.values.keys() <= {"payment_token"}


def test_no_sealed_value_is_in_table_stream_queues_facts_files_or_log(evening: Evening) -> None:
    traces = evening.watch.traces()
    assert len(traces.found) > 1000
    # All values at once: reading what is stored in every encoding takes longest.
    found = traces.places_of(set().union(*evening.seeded.values.values()))
    names = {str(value): name for name, values in evening.seeded.values.items() for value in values}
    assert {(names[value], value): sorted(places)[:5] for value, places in found.items()} == {}


ENCODINGS: dict[str, Callable[[str], Any]] = {
    "raw": lambda text: text,
    "within a text": lambda text: f"the value {text}, and more",
    "bytes": lambda text: text.encode(),
    "json": lambda text: json.dumps({"a": [text]}),
    "json in json": lambda text: json.dumps({"body": json.dumps({"a": text})}),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 within": lambda text: base64.b64encode(f"the value {text}, and more".encode()).decode(),
    "base64 of json": lambda text: base64.urlsafe_b64encode(json.dumps({"a": text}).encode()).decode(),
    "hex": lambda text: text.encode().hex(),
    "percent": lambda text: quote(f"a={text}"),
    "compressed": lambda text: zlib.compress(json.dumps({"a": text}).encode()),
    "dynamodb": lambda text: {"M": {"a": {"L": [{"S": text}]}}},
    "dynamodb binary": lambda text: {"M": {"a": {"B": json.dumps({"a": text}).encode()}}},
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("value", ["Zubaidé Markér 0001", "PK36SCBL0000001123456702", "AB-", "482915"])
def test_the_search_finds_a_value_in_every_encoding(value: str, encoding: str) -> None:
    traces = Traces()
    traces.add("somewhere", ENCODINGS[encoding](value))
    assert value in traces.places_of({value, "something else"})


def _schemas(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for info in model.model_fields.values():
        for part in _parts(info.annotation):
            if isinstance(part, type) and issubclass(part, BaseModel) and part is not model:
                yield from _schemas(part)


def _parts(annotation: Any) -> Iterator[Any]:
    yield annotation
    for part in get_args(annotation):
        yield from _parts(part)


def test_every_field_with_a_telling_name_is_declared_as_sealed_or_open() -> None:
    declared = SEALED.keys() | OPEN.keys() | {name for _, name in SEALED_IN}
    fields = {
        name
        for route in routes()
        for model in (route.body, route.reply, *route.also.values())
        if model is not None
        for schema in _schemas(model)
        for name in schema.model_fields
    }
    assert {name for name in fields if _TELLING.search(name)} - declared == set()
    assert SEALED.keys() - fields == set(), "a field that no schema has"
    assert {operation for operation, _ in SEALED_IN} <= {route.operation_id for route in routes()}
