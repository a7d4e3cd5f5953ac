"""Callers who scan the same ticket at the same moment, over HTTP, each in its own way."""

import base64
import json
import threading
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chalicelib import clock
from chalicelib.domain.access import devices, new_accounts, sessions
from chalicelib.domain.tickets import credentials
from chalicelib.vocabulary.access import UsherRole
from infra.local.seed import Seeded
from tests.support.connection import Client, request
from tests.support.factories import PASSWORD
from tests.support.ground import Event
from tests.truth.linearizability import Call

HOST = "127.0.0.1"
WAYS = ("card", "qr", "ticket", "device card", "qr", "card", "ticket", "device qr")


@dataclass
class Caller:
    """One scanner: a token, a way of scanning, and what it saw."""

    principal_id: str
    name: str
    token: str
    way: str
    calls: dict[str, list[Call]] = field(default_factory=dict)
    scan_ids: dict[str, str] = field(default_factory=dict)
    results: Counter[str] = field(default_factory=Counter)
    broken_promises: list[str] = field(default_factory=list)

    def body(self, one: Seeded, event_id: str, scan_id: str) -> tuple[str, dict[str, Any]]:
        """Return the path and body of this caller's scan of a ticket."""
        code = credentials.encode(one.ticket_id, event_id=event_id, credential=1)
        if self.way.startswith("device"):
            now = clock.to_text(clock.now())
            tapped = {"uid": one.uid} if self.way == "device card" else {"qr": code}
            return "/api/device/taps/", {
                "taps": [{"scan_id": scan_id, "scanned_at": now, **tapped}],
                "device_time": now,
            }
        shown: dict[str, dict[str, str | None]] = {
            "card": {"card_id": one.uid},
            "qr": {"qr": code},
            "ticket": {"ticket_id": one.ticket_id},
        }
        return "/api/usher/scan/result/", {"scan_id": scan_id, "gate": "Gate 1", **shown[self.way]}


def usher(event: Event, way: str) -> Caller:
    """Return a new usher at the event, logged in."""
    name = f"usher-{uuid.uuid4().hex}"
    account = new_accounts.create_usher(
        username=name,
        password=PASSWORD,
        name=name,
        roles=[UsherRole.USHERING],
        event_ids=[event.event_id],
    )
    return Caller(account.account_id, name, sessions.start(account, event_id=event.event_id).access, way)


def device(event: Event, way: str) -> Caller:
    """Return a new reader at the event, enrolled with its own key."""
    key = Ed25519PrivateKey.generate()
    name = f"reader-{uuid.uuid4().hex}"
    made = devices.provision(event_id=event.event_id, gate_name="Gate 2", name=name, by="adm_test")
    public = base64.urlsafe_b64encode(key.public_key().public_bytes_raw()).decode()
    devices.enroll(code=made.enrollment_code, public_key=public, address=uuid.uuid4().hex)
    now = clock.now()
    assertion = jwt.encode(
        {
            "iss": made.device_id,
            "sub": made.device_id,
            "aud": devices.ASSERTION_AUDIENCE,
            "iat": now,
            "jti": uuid.uuid4().hex,
            "exp": now + timedelta(seconds=60),
        },
        key,
        algorithm="EdDSA",
        headers={"typ": "device-assertion+jwt"},
    )
    return Caller(made.device_id, name, devices.token(device_id=made.device_id, assertion=assertion), way)


def crowd(event: Event, size: int) -> list[Caller]:
    """Return so many callers, by all ways in turn."""
    ways = [WAYS[number % len(WAYS)] for number in range(size)]
    return [device(event, way) if way.startswith("device") else usher(event, way) for way in ways]


def scan_all(port: int, event: Event, tickets: Sequence[Seeded], callers: Sequence[Caller]) -> None:
    """Scan every ticket by every caller, each ticket by all at once; each caller repeats its own scan right after."""
    together = threading.Barrier(len(callers))
    faults: list[BaseException] = []

    def work(caller: Caller) -> None:
        client = Client(HOST, port)
        try:
            for one in tickets:
                together.wait(60)
                _scan_twice(client, caller, one, event)
        except BaseException as fault:  # noqa: BLE001  # reported to the test, which runs in another thread
            faults.append(fault)
            together.abort()
        finally:
            client.close()

    threads = [threading.Thread(target=work, args=(caller,)) for caller in callers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]


def _scan_twice(client: Client, caller: Caller, one: Seeded, event: Event) -> None:
    scan_id = f"scn_{uuid.uuid4().hex}"
    path, body = caller.body(one, event.event_id, scan_id)
    sent = request("POST", path, body, host=HOST, token=caller.token)
    answers = []
    for _ in range(2):
        began = time.monotonic()
        status, content = client.ask(sent)
        ended = time.monotonic()
        if status != 200:
            raise AssertionError(f"{path} was answered {status}: {content.decode()}")
        answers.append(content)
        answer = json.loads(content)
        decision = answer["results"][0] if "results" in answer else answer
        # Each caller scans a ticket once, so the caller that a refusal names as admitted identifies the scan.
        first = decision.get("first_scan")
        caller.calls.setdefault(one.ticket_id, []).append(
            Call(caller.name, began, ended, admitted=decision["result"] == "valid", winner=first and first["by"])
        )
        caller.scan_ids[one.ticket_id] = scan_id
    caller.results[decision["result"]] += 1
    if not _is_same_answer(*answers):
        caller.broken_promises.append(f"{answers[0].decode()} then {answers[1].decode()}")


def _is_same_answer(first: bytes, again: bytes) -> bool:
    """Return whether a repeat was answered alike. A reader's tap is called a replay, with the time of that request."""
    if b'"results"' not in first:
        return first == again
    [before], [after] = json.loads(first)["results"], json.loads(again)["results"]
    said = (before.pop("status"), after.pop("status"))
    del before["corrected_at"], after["corrected_at"]
    return said == ("accepted", "replayed") and bool(before == after)
