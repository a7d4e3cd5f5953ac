"""Tickets of Tix: numbered without gap, listed, scanned once, deleted."""

from typing import Any

import pytest

from chalicelib.table.items import Account
from tests.client import Answer, call
from tests.factories import make_organization, token_of
from tests.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
BASE = "/api/tix"


@pytest.fixture
def admin() -> Account:
    return make_organization(name="Lahore Marathon")


def generate(token: str, count: int, prefix: str = "VIP", **more: Any) -> list[dict[str, Any]]:
    answer = call("POST", f"{BASE}/tickets/generate", {"count": count, "prefix": prefix, **more}, token=token)
    assert answer.status == 200, answer.text
    tickets: list[dict[str, Any]] = answer.json
    return tickets


def scan(token: str, ticket: dict[str, Any]) -> Answer:
    return call("PUT", f"{BASE}/tickets/{ticket['id']}/scan", token=token)


def listed(token: str, query: str = "") -> Any:
    answer = call("GET", f"{BASE}/tickets?{query}", token=token)
    assert answer.status == 200, answer.text
    return answer.json


def test_it_works(admin: Account) -> None:
    token = token_of(admin)
    stream = StreamReader()
    made = generate(token, 5)
    assert [ticket["number"] for ticket in made] == [f"VIP-{n:06}" for n in range(1, 6)]
    assert generate(token, 2, extra={"gate": "A"})[0]["number"] == "VIP-000006"
    assert generate(token, 1, "A-B")[0]["number"] == "A-B-000001"
    assert len(listed(token)["tickets"]) == 8
    answer = scan(token, made[0])
    assert answer.status == 200, answer.text
    again = scan(token, made[0])
    print(again.text)
    assert again.status == 400
    stream.drain()
    print(call("GET", f"{BASE}/reports/stats", token=token).text)
    for report in ("daily", "weekly", "monthly"):
        print(call("GET", f"{BASE}/reports/{report}", token=token).text[:200])
    print(listed(token, "filter=scanned"), listed(token, "filter=not-scanned&limit=2&page=2"))
    assert call("GET", f"{BASE}/tickets/VIP-000003", token=token).json["id"] == made[2]["id"]
    assert call("DELETE", f"{BASE}/tickets/VIP-000003", token=token).json == {"success": True}
    stream.drain()
    print(call("GET", f"{BASE}/reports/stats", token=token).text)
    big = call("POST", f"{BASE}/tickets/generate", {"count": 1200, "prefix": "BIG"}, token=token)
    print(big.status, big.text)
    print(call("DELETE", f"{BASE}/tickets?confirm=Lahore%20Marathon", token=token).text)
    stream.drain()
    print(call("GET", f"{BASE}/reports/stats", token=token).text)
