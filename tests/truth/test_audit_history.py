"""Of different acts of staff on one thing at the same moment, the audit log tells one history.

Each act says what was there before it. So each `before` but the first is the `after` of another act, and the last
`after` is what is stored. `ROUTE_CALLERS=32` for the full size.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chalicelib.domain.access import devices
from chalicelib.domain.events import venues
from chalicelib.domain.gate import incidents
from chalicelib.domain.gate.incidents import IncidentReport
from chalicelib.identifiers import new_id
from chalicelib.vocabulary.gate import IncidentType
from tests.support import audit, engines
from tests.support.caches import forget_caches
from tests.support.client import Answer, call
from tests.support.factories import admin_token, make_card, make_event
from tests.support.sizes import size_of

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("ledger"), pytest.mark.timeout(900)]
CALLERS = size_of("ROUTE_CALLERS", small=8, full=32)
SHARES = "/api/finances/profit-share/"
# The path of a thing, its id in the log, and the body of each caller's change.
Thing = tuple[str, str, Callable[[int], dict[str, Any]]]


@pytest.fixture(scope="module", autouse=True)
def exact_cloud() -> Iterator[None]:
    with engines.cloud():
        forget_caches()
        yield
    forget_caches()


def a_device() -> Thing:
    made = devices.provision(event_id=make_event().event_id, gate_name="Gate 1", name="Reader", by="adm_test")
    return f"/api/devices/{made.device_id}/", made.device_id, lambda number: {"name": f"Reader {number}"}


def an_incident() -> Thing:
    report = IncidentReport(IncidentType.MEDICAL, "Somebody fell.")
    filed = incidents.report(make_event().event_id, report, by="ush_test", operation_id=new_id("op"))
    states = ("in_progress", "in_progress", "in_progress", "closed")
    return (
        f"/api/incidents/{filed.id}/",
        filed.id,
        lambda number: {"status": states[number % len(states)], "note": f"Doctor {number}."},
    )


def shares() -> Thing:
    def body(number: int) -> dict[str, Any]:
        parts = ("Ayesha", 50 + number), ("Bilal", 50 - number)
        return {"shares": [{"partner": name, "percent": f"{percent}.00"} for name, percent in parts]}

    return SHARES, "profit_share", body


def a_venue() -> Thing:
    venue_id = venues.add(name="Garden", city="Lahore").venue_id
    return f"/api/venues/{venue_id}/", venue_id, lambda number: {"capacity": 100 + number}


def an_event() -> Thing:
    event_id = make_event().event_id
    return f"/api/events/{event_id}/", event_id, lambda number: {"title": f"Evening {number}"}


def a_card() -> Thing:
    card, states = make_card(), ("blocked", "lost")  # an active card keeps no reason
    return (
        f"/api/nfc-cards/{card.uid}/",
        card.card_id,
        lambda number: {"status": states[number % len(states)], "reason": f"Reason {number}."},
    )


def acts_on(entity: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return what was there before and after each act that changed a thing, by its id or its type."""
    entries = [each for each in audit.entries() if each["result"] == "done" and "after" in each]
    mine = [each for each in entries if entity in (each["entity_id"], each["entity_type"])]
    return [(json.loads(each.get("before", "{}")), json.loads(each["after"])) for each in mine]


@pytest.mark.parametrize("make", [a_device, an_incident, shares, a_venue, an_event, a_card])
def test_each_act_follows_the_one_before_it(make: Callable[[], Thing]) -> None:
    path, entity, body = make()
    token = admin_token()
    earlier = len(acts_on(entity))

    def change(number: int) -> Answer:
        return call("PUT", path, body(number), token=token)

    with ThreadPoolExecutor(CALLERS) as callers:
        answers = list(callers.map(change, range(CALLERS)))
    assert {answer.status for answer in answers} <= {200, 409, 503}
    done = acts_on(entity)[earlier:]
    assert len(done) >= 1
    for name in {name for was, _ in done for name in was} or done[0][1]:
        before = Counter(json.dumps(was.get(name)) for was, _ in done)
        after = Counter(json.dumps(now.get(name)) for _, now in done)
        # All but what was there at first, and what is there now.
        assert (before - after).total() <= 1, (name, done)
        assert (after - before).total() <= 1, (name, done)
