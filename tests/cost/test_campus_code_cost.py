"""What showing the rotating code costs: two reads in a fresh container, then nothing, at any number of rotations."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from chalicelib import clock
from chalicelib.domain.access import lock_outs
from chalicelib.domain.campus.events import campus_events
from chalicelib.table.items import Account, Campus, CampusEvent
from chalicelib.vocabulary.campus import CampusRole
from infra.local.meter import Meter
from tests.support import engines
from tests.support.caches import forget_caches
from tests.support.campus import make_campus, make_campus_event, make_campus_user, token_of
from tests.support.client import Answer, call

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("cost")]
ROTATIONS = 20


@dataclass
class Screen:
    """A screen that shows the code of an event, in a container of its own."""

    meter: Meter
    event: CampusEvent
    token: str

    def show(self, *, action: str = "", method: str = "GET") -> tuple[Answer, float, float]:
        """Return an answer, its requests to the table, and its write units."""
        self.meter.reset()
        with self.meter.request("one"):
            path = f"/api/campus/events/{self.event.event_id}/qr/{action}"
            answer = call(method, path, {} if method == "POST" else None, token=self.token)
        assert answer.status == 200, answer.text
        used = self.meter.report()["requests"]["one"]
        return answer, used["dynamodb_requests"], used["write_units"]


@pytest.fixture(scope="module")
def meter() -> Iterator[Meter]:
    meter = Meter().attach()
    try:
        with engines.cloud():
            forget_caches()
            yield meter
    finally:
        meter.detach()
        forget_caches()


@pytest.fixture(scope="module")
def campus(meter: Meter) -> Campus:  # noqa: ARG001  # the engine comes first
    return make_campus()


def screen(meter: Meter, campus: Campus, role: CampusRole) -> Screen:
    account: Account = make_campus_user(campus, role=role)
    return Screen(meter, make_campus_event(campus, account), token_of(account))


@pytest.mark.parametrize(
    ("role", "first"),
    # Lock-outs and the event; of a supervisor the campus too.
    [(CampusRole.ORGANIZER, 2), (CampusRole.ADMIN, 2), (CampusRole.SUPERVISOR, 3)],
)
def test_rotations_read_nothing_after_the_first(meter: Meter, campus: Campus, role: CampusRole, first: int) -> None:
    shown = screen(meter, campus, role)
    campus_events.forget()
    _, requests, units = shown.show()
    assert (requests, units) == (first, 0)
    tokens = set()
    for step in range(1, ROTATIONS + 1):
        with clock.set_to(clock.now() + timedelta(seconds=30 * step)):
            answer, requests, units = shown.show()
        assert (requests, units) == (0, 0)
        tokens.add(answer.json["qr_token"])
    assert len(tokens) == ROTATIONS
    # What the guard of every route reads, once in REFRESH_SECONDS, is all that is left.
    lock_outs.forget()
    assert shown.show()[1:] == (1, 0)


def test_a_refresh_costs_one_read_and_one_write(meter: Meter, campus: Campus) -> None:
    shown = screen(meter, campus, CampusRole.ORGANIZER)
    shown.show()
    _, requests, units = shown.show(action="refresh/", method="POST")
    assert requests == 2
    assert units <= 1
