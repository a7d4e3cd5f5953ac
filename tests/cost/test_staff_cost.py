"""What the audit log adds to a write of staff: at most eight write units and one request, at any length of the log."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass

import pytest

from chalicelib.domain.access import devices
from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import Act
from infra.local.meter import Meter
from tests.support import audit, engines, ground
from tests.support.caches import forget_caches
from tests.support.streams import StreamReader

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("cost")]

MOST_WRITE_UNITS, MOST_REQUESTS = 8, 1
CALLS = 4


@dataclass(frozen=True)
class Cost:
    """Per act: before the answer, and with what the stream does afterwards."""

    requests: float
    write_units: float
    all_write_units: float


def _cost(meter: Meter, stream: StreamReader, act: Callable[[], object], *, by_staff: bool) -> Cost:
    from app import stream as worker

    while stream.read():
        pass
    meter.reset()
    for _ in range(CALLS):
        staff = Act(action="device.do", address="192.0.2.1", request_id="r" * 36, actor_id="adm_1", role="admin")
        with meter.request("act"), acts.acting(staff) if by_staff else nullcontext():
            act()
    while records := stream.read():
        with meter.background("stream"):
            worker({"Records": records}, None)
    report = meter.report()
    request, background = report["requests"]["act"], report["background"].get("stream", {"write_units": 0})
    writes = request["write_units"]
    return Cost(request["dynamodb_requests"] / CALLS, writes / CALLS, (writes + background["write_units"]) / CALLS)


@pytest.fixture(scope="module")
def costs() -> Iterator[dict[str, tuple[Cost, Cost]]]:
    """By act: the cost without staff, and with."""
    meter = Meter().attach()
    try:
        with engines.cloud():
            forget_caches()
            event, stream = ground.create_event(), StreamReader()

            def provision() -> str:
                made = devices.provision(event_id=event.event_id, gate_name="Gate 1", name="Reader", by="adm_1")
                return made.device_id

            acted = {"provision": provision, "revoke": lambda: devices.revoke(provision())}
            audit.fill(160, sealed_every=160, seals_at_most=0)
            yield {
                name: (
                    _cost(meter, stream, act, by_staff=False),
                    _cost(meter, stream, act, by_staff=True),
                )
                for name, act in acted.items()
            }
    finally:
        meter.detach()
        forget_caches()


def test_an_entry_costs_at_most_eight_write_units_and_one_request(costs: dict[str, tuple[Cost, Cost]]) -> None:
    without, by_staff = costs["provision"]
    assert by_staff.write_units - without.write_units <= MOST_WRITE_UNITS
    assert by_staff.all_write_units - without.all_write_units <= MOST_WRITE_UNITS
    # The head of the chain is read; the entry goes with the act.
    assert by_staff.requests - without.requests <= MOST_REQUESTS
