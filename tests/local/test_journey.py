"""What a customer does from registering to the gate, and an organization with the client of Tix in a day, over HTTP
against `make run` itself: nothing in it is stubbed."""

import base64
import io
import json
import os
import re
import secrets
import shlex
import shutil
import subprocess
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from pypdf import PdfReader

from chalicelib.schemas.examples import demo
from infra.local import toolchain
from infra.local.demo import demo_passwords
from tests.local.conftest import wait_until
from tests.local.local_run import LocalRun

pytestmark = [pytest.mark.ministack, pytest.mark.xdist_group("engines")]

PASSWORD = "a long enough password"
CLIENT = toolchain.ROOT / "tests" / "tix_client"
CAMPUS_CLIENT = toolchain.ROOT / "tests" / "campus_client"
GENERATED = toolchain.ROOT / "tests" / "api_client"


class Customer:
    """A client of the customers' portal."""

    def __init__(self, run: LocalRun) -> None:
        self._run = run
        self._headers: dict[str, str] = {}

    def ask(self, method: str, path: str, body: Any = None, *, status: int = 200, **headers: str) -> httpx.Response:
        sent = {**self._headers, **headers}
        answer = self._run.client.request(method, f"/api/v1/{path}", json=body, headers=sent)
        assert answer.status_code == status, answer.text
        return answer

    def register(self, number: str) -> None:
        """Register, and prove the number with the code that was sent to it."""
        body = {"mobile_number": number, "password": PASSWORD, "name": "Nadia Iqbal"}
        challenge = self.ask("POST", "users/register/", body, status=202).json()
        self._prove("verify-otp", number, challenge["challenge_id"], status=201)

    def log_in(self, number: str, password: str) -> None:
        challenge = self.ask("POST", "users/login/", {"mobile_number": number, "password": password}).json()
        self._prove("verify-login-otp", number, challenge["challenge_id"], status=200)

    def _prove(self, path: str, number: str, challenge_id: str, *, status: int) -> None:
        def codes() -> list[str]:
            found = self._run.client.get("/_local/outbox/", params={"to": number})
            # Other texts may have come since, such as that of a ticket.
            told = (re.search(r"\b(\d{6}|\d{8})\b", text["body"]) for text in found.json()["messages"])
            return [code[1] for code in told if code is not None]

        wait_until(lambda: bool(codes()))
        body = {"challenge_id": challenge_id, "otp": codes()[0]}
        tokens = self.ask("POST", f"users/{path}/", body, status=status).json()
        assert tokens["customer"]["mobile_number"] == number
        self._headers = {"Authorization": f"Bearer {tokens['access']}"}

    def book(self, quantity: int) -> dict[str, Any]:
        """Reserve tickets of the demo event, which is found in the public list."""
        events = self.ask("GET", "public/events/").json()["results"]
        [event] = [event for event in events if event["id"] == demo.EVENT_ID]
        [standard] = [one for one in event["ticket_categories"] if one["name"] == "Standard"]
        body = {"event_id": event["id"], "items": [{"category_id": standard["id"], "quantity": quantity}]}
        booking: dict[str, Any] = self.ask("POST", "tickets/book/", body, status=201).json()
        return booking

    def pay(self, token: str, **what: Any) -> dict[str, Any]:
        """Pay, and return the payment as it was confirmed."""
        body = {"method": "card", "payment_token": token, **what}
        opened = self.ask("POST", "payments/process/", body, status=201).json()
        assert opened["status"] == "requires_confirmation"
        paid: dict[str, Any] = self.ask("POST", "payments/confirm/", {"payment_id": opened["id"]}).json()
        return paid

    def available(self) -> int:
        event = self.ask("GET", f"public/events/{demo.EVENT_ID}/").json()
        return int(next(one["available"] for one in event["ticket_categories"] if one["name"] == "Standard"))


@pytest.fixture
def nadia(run: LocalRun) -> Customer:
    customer = Customer(run)
    customer.register(f"+92300{secrets.randbelow(10**7):07}")
    return customer


def eventually(find: Callable[[], Any]) -> Any:
    """Return what is found once the pumps have brought it."""
    wait_until(lambda: bool(find()))
    return find()


def test_from_registering_to_the_gate(run: LocalRun, nadia: Customer) -> None:
    booking = nadia.book(2)
    assert (booking["status"], booking["total"]) == ("reserved", {"amount": "3000.00", "currency": "PKR"})
    paid = nadia.pay("tok_ok", booking_id=booking["id"])
    assert (paid["status"], paid["amount"]) == ("succeeded", booking["total"])

    def numbered() -> list[dict[str, Any]]:
        listed = nadia.ask("GET", "users/payment-history/").json()["results"]
        return [entry for entry in listed if entry["id"] == paid["id"] and entry["invoice_number"]]

    [entry] = eventually(numbered)
    path = f"users/payment-history/{paid['id']}/invoice/"
    document = nadia.ask("GET", path, Accept="application/pdf")
    assert document.headers["content-type"] == "application/pdf"
    text = PdfReader(io.BytesIO(document.content)).pages[0].extract_text()
    for line in (f"Invoice {entry['invoice_number']}", "To Nadia Iqbal", "Gatehouse Demo Night", "Total PKR 3,000.00"):
        assert line in text

    tickets = nadia.ask("GET", "users/tickets/?status=valid").json()["results"]
    assert {ticket["id"] for ticket in tickets} == {ticket["id"] for ticket in booking["tickets"]}
    code = nadia.ask("GET", f"users/tickets/{tickets[0]['id']}/qr-code/").json()
    picture = nadia.ask("GET", f"users/tickets/{tickets[0]['id']}/qr-code/", Accept="image/png")
    assert code["image"] == f"data:image/png;base64,{base64.b64encode(picture.content).decode()}"

    usher = run.usher()
    for scan_id, result in (("scn_journey0001", "valid"), ("scn_journey0002", "already_scanned")):
        body = {"scan_id": scan_id, "qr": code["payload"], "gate": "Gate 1"}
        answer = run.client.post("/api/usher/scan/result/", json=body, headers=usher).json()
        assert answer["result"] == result
    used = nadia.ask("GET", f"users/tickets/{tickets[0]['id']}/").json()
    assert (used["status"], used["scan_status"]) == ("used", "scanned")

    def told() -> tuple[int, str, int]:
        own = nadia.ask("GET", "users/analytics/").json()
        return own["tickets_bought"], own["total_spent"]["amount"], own["events_attended"]

    wait_until(lambda: told() == (2, "3000.00", 1))


def test_a_declined_payment_buys_nothing_and_another_may_follow(nadia: Customer) -> None:
    booking = nadia.book(1)
    declined = nadia.pay("tok_declined", booking_id=booking["id"])
    assert declined["status"] == "failed"
    assert declined["failure_reason"]
    ticket = f"users/tickets/{booking['tickets'][0]['id']}/"
    assert nadia.ask("GET", ticket).json()["status"] == "reserved"
    assert nadia.pay("tok_ok", booking_id=booking["id"])["status"] == "succeeded"
    assert nadia.ask("GET", ticket).json()["status"] == "valid"


def test_a_card_is_reloaded_and_its_ledger_says_so(run: LocalRun) -> None:
    owner = Customer(run)
    owner.log_in(demo.CUSTOMER_NUMBER, demo_passwords.CUSTOMER)

    def card() -> dict[str, Any]:
        cards = owner.ask("GET", "users/nfc-cards/").json()["results"]
        found: dict[str, Any] = next(one for one in cards if one["uid"] == demo.CARD_UID)
        return found

    def minor(amount: str) -> int:
        return int(amount.replace(".", ""))

    before = card()
    body = {"amount": "250.00", "payment_token": "tok_ok"}
    reload = owner.ask("POST", f"users/nfc-cards/{before['id']}/reload/", body, status=201).json()
    if reload["status"] == "requires_confirmation":
        owner.ask("POST", "payments/confirm/", {"payment_id": reload["id"]})
    assert minor(card()["balance"]["amount"]) == minor(before["balance"]["amount"]) + 25_000
    [newest, *_] = owner.ask("GET", f"users/nfc-cards/{before['id']}/transactions/").json()["results"]
    assert (newest["type"], newest["amount"]["amount"]) == ("reload", "250.00")
    assert newest["balance_after"] == card()["balance"]


@pytest.mark.each_run
@pytest.mark.skipif(not (GENERATED / "node_modules").exists(), reason="Node or its registry is not available here")
def test_a_client_generated_from_the_document_compiles_and_gets_from_registering_to_the_gate(run: LocalRun) -> None:
    url = f"http://127.0.0.1:{run.port}"
    environment = {**os.environ, "DOCUMENT": f"{url}/api/openapi.json"}
    for command in ("npm run --silent client", f"node build/journey.js {url}"):
        done = subprocess.run(
            shlex.split(command), cwd=GENERATED, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["scan"].startswith("scn_")


@pytest.mark.skipif(not (CLIENT / "node_modules").exists(), reason="Node or its registry is not available here")
def test_the_client_of_tix_gets_through_a_day_with_its_own_calls(run: LocalRun) -> None:
    node = shutil.which("node") or "node"
    url = f"http://127.0.0.1:{run.port}"
    done = subprocess.run([node, str(CLIENT / "journey.js"), url], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["tickets"] > 1000


@pytest.mark.skipif(not (CAMPUS_CLIENT / "node_modules").exists(), reason="Node or its registry is not available here")
def test_the_client_of_campus_gets_through_a_lecture_with_its_own_calls(run: LocalRun) -> None:
    node, url = shutil.which("node") or "node", f"http://127.0.0.1:{run.port}"
    # Node 20 has WebSocket behind this option; later ones have it anyway.
    command = [node, "--experimental-websocket", str(CAMPUS_CLIENT / "journey.js"), url, demo_passwords.CAMPUS]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["updates"] >= 1


@pytest.mark.skipif(not (CLIENT / "node_modules").exists(), reason="Node or its registry is not available here")
def test_the_console_logs_in_by_cookie_from_its_origin_and_another_origin_gets_no_credentials(run: LocalRun) -> None:
    node, url = shutil.which("node") or "node", f"http://127.0.0.1:{run.port}"
    command = [node, str(CLIENT / "cookies.js"), url, demo.ADMIN_EMAIL, demo_passwords.ADMIN]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout) == {"held": True}
