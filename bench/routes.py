"""The cost of each route in DynamoDB requests and units, with few items in the table and with many.

Each route gets the request of the contract's tests, from the demo's customer, merchant, organizer or admin of an
organization, whose lists are filled (growth.py). Data that a container caches for some seconds is read beforehand.
"""

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bench import growth
from infra.local.meter import Meter
from tests.support import ground

SIZES = (100, 10_000)
CALLS = 3
# The cost of a route in a larger table may differ by this much.
TOLERANCE = 0.10

# Without filters: with filters they read a bounded part of the list, until their page is full.
_LISTS = (
    "customer_tickets",
    "customer_payments",
    "customer_card_transactions",
    "public_events",
    "merchant_cards",
    "organizer_events_list",
    "organizer_payouts",
    "tix_tickets",
)
# Does more where there is more, and behind the answer from some size on.
_GROWING = ("tix_clear_tickets",)


@dataclass(frozen=True, slots=True)
class RouteCost:
    """The cost of one call: requests and units before the answer."""

    requests: float
    read_units: float
    write_units: float


def measure(sizes: Iterable[int] = SIZES, *, calls: int = CALLS) -> dict[str, dict[int, RouteCost]]:
    """Return the cost of each route of these portals at each size, by method and path."""
    found: dict[str, dict[int, RouteCost]] = {}
    for size in sizes:
        meter = Meter().attach()
        try:
            # A cloud of its own: what the calls themselves leave behind must not count as growth.
            with ground.cloud(needs_dynamodb_local=True):
                for name, cost in _measure(size, meter, calls=calls).items():
                    found.setdefault(name, {})[size] = cost
        finally:
            meter.detach()
    return found


def _measure(size: int, meter: Meter, *, calls: int) -> dict[str, RouteCost]:
    from chalicelib.portals.http.auth import ANYBODY
    from chalicelib.vocabulary.access import Portal
    from tests.contract.ground import lay, routes
    from tests.support.caches import forget_caches

    forget_caches()
    people = lay()
    growth.grow(people, range(size))
    portals = {Portal.WEBAPP.value, Portal.MERCHANT.value, Portal.ORGANIZER.value, Portal.TIX.value}
    mine = [
        route
        for route in routes()
        if (route.portal in portals or route.guard == ANYBODY) and route.operation_id not in _GROWING
    ]
    try:
        return {f"{route.method} {route.path}": _cost(people, route, meter, calls=calls) for route in mine}
    finally:
        forget_caches()


def _cost(people: Any, route: Any, meter: Meter, *, calls: int) -> RouteCost:
    for number in range(calls + 1):
        if number == 1:
            # The first call paid for what a container keeps.
            meter.reset()
        request, token = people.rightful(route), people.token(route)
        if route.operation_id in _LISTS:
            request = dataclasses.replace(request, query="")
        with meter.request("route"):
            answer = people.send(route, request, token=token)
        if answer.status >= 400:  # the refusals of HTTP
            raise RuntimeError(f"{route.method} {route.path} was answered {answer.status}: {answer.text[:200]}")
    # A route that asks nothing of the table is not in the report.
    used = meter.report()["requests"].get("route", {})
    return RouteCost(*(used.get(name, 0) / calls for name in ("dynamodb_requests", "read_units", "write_units")))
