"""Every writing route gets the same request from many callers at the same moment, with a key and without one.

No answer is a fault, and they tell one story: what is stored is the effect of as many requests as were accepted. At the
end every journal sums to zero, and the audit log verifies. `CROWD_CALLERS=32` for the full size.
"""

import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from chalicelib.domain.audit.verification import Walk
from chalicelib.portals.http.route import AnyRoute
from chalicelib.table.items import Item, Journal
from tests.contract.ground import Ground, label, lay, routes
from tests.support import engines, payers
from tests.support.caches import forget_caches
from tests.support.client import Answer
from tests.support.settings import configured
from tests.support.sizes import size_of
from tests.support.streams import StreamReader

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("crowds"), pytest.mark.timeout(900)]
CALLERS = size_of("CROWD_CALLERS", small=5, full=32)
WRITING = [route for route in routes() if route.method != "GET"]
# Without a key each of these is a wish of its own, or a code or session of its own.
EACH_IS_ITS_OWN = {
    "admin_create_deposit",
    "admin_create_event",
    "admin_create_expense",
    "admin_create_venue",
    "admin_login",
    "admin_provision_device",
    "admin_return_unclaimed",
    "campus_create_event",
    "campus_create_events",
    "campus_login",
    "campus_password_reset",
    "customer_add_dependent",
    "customer_book",
    "customer_gift_ticket",
    "customer_reload_card",
    "merchant_change_mobile",
    "merchant_send_customer_otp",
    "organizer_create_draft",
    "organizer_request_edit",
    "public_forgot_password",
    "public_login",
    "public_merchant_login",
    "public_organizer_forgot_password",
    "public_organizer_login",
    "public_register",
    "public_tix_forgot_password",
    "public_tix_login",
    "realtime_ticket",
    "tix_clear_tickets",
    "tix_generate_tickets",
    "usher_login",
    "usher_report_incident",
}
_REFUSED = {400, 401, 404, 409, 429}
# What a request leaves besides its effect. The record of a first admission is the stream's.
_BESIDE = {"audit_entry", "audit_head", "idempotency", "operation", "scan", "throttle"}


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    with engines.cloud(), configured(LIMIT_TIMES=1000):
        forget_caches()
        yield lay()
        _agree()
    forget_caches()


def _agree() -> None:
    journals = [Item.from_raw_data(raw) for raw in payers.all_raws("journal")]
    sums = {
        each.journal_id: sum(one["amount"] for one in each.entries) for each in journals if isinstance(each, Journal)
    }
    assert {name: amount for name, amount in sums.items() if amount} == {}
    assert Walk().run()


@pytest.fixture(scope="module")
def stream(ground: Ground) -> StreamReader:  # noqa: ARG001  # the table comes first
    return StreamReader()


class _Sending:
    """One request of a route, which may be sent often; counts the items of each kind that were made since."""

    def __init__(self, ground: Ground, stream: StreamReader, route: AnyRoute, *, key: str | None = None) -> None:
        self._ground, self._stream, self._route, self._key = ground, stream, route, key
        self._request, self._token = ground.rightful(route), ground.token(route)
        stream.skip()

    def send(self) -> Answer:
        """Send it, again as long as the answer is 503, as a client does."""
        headers = {"idempotency-key": self._key} if self._key else {}
        for _ in range(60):
            answer = self._ground.send(self._route, self._request, token=self._token, headers=headers)
            if answer.status != 503:
                return answer
            assert "retry-after" in answer.headers
        raise AssertionError("60 tries brought no answer")

    def at_once(self) -> list[Answer]:
        together = Barrier(CALLERS)

        def act(_: int) -> Answer:
            together.wait(60)
            return self.send()

        with ThreadPoolExecutor(CALLERS) as callers:
            return list(callers.map(act, range(CALLERS)))

    def made(self) -> Counter[str]:
        """Return how many items of each kind were made since, and are still there."""
        found: dict[tuple[str, str], str] = {}
        for record in self._stream.read():
            place = record["dynamodb"]["Keys"]["pk"]["S"], record["dynamodb"]["Keys"]["sk"]["S"]
            if record["eventName"] == "INSERT":
                found[place] = record["dynamodb"]["NewImage"]["kind"]["S"]
            elif record["eventName"] == "REMOVE":
                found.pop(place, None)
        return Counter(kind for kind in found.values() if kind not in _BESIDE)


@pytest.mark.parametrize("route", WRITING, ids=label)
def test_the_same_request_of_many_at_once_has_the_effects_that_were_answered(
    ground: Ground, stream: StreamReader, route: AnyRoute
) -> None:
    once = _Sending(ground, stream, route)
    answer = once.send()
    assert answer.status < 300, answer.text
    alone = once.made()
    if route.idempotent:
        _with_a_key(_Sending(ground, stream, route, key=uuid.uuid4().hex), alone)
    crowd = _Sending(ground, stream, route)
    answers = crowd.at_once()
    done = [answer for answer in answers if answer.status < 300]
    assert len(done) >= 1, answers
    assert {answer.status for answer in answers if answer not in done} <= _REFUSED, answers
    effects = len(done) if route.operation_id in EACH_IS_ITS_OWN else 1
    most = Counter({kind: effects * count for kind, count in alone.items()})
    assert crowd.made() - most == Counter()
    again = crowd.send()
    assert again.status < 300 or again.status in _REFUSED, again.text


def _with_a_key(crowd: _Sending, alone: Counter[str]) -> None:
    """Require one effect and one answer, which the others get or wait for."""
    answers = crowd.at_once()
    done = [answer for answer in answers if answer.status < 300]
    waiting = [answer for answer in answers if answer not in done and answer.code == "IDEMPOTENCY_IN_PROGRESS"]
    assert len(waiting) + len(done) == CALLERS, answers
    assert ["idempotent-replayed" in answer.headers for answer in done].count(False) == 1
    again = crowd.send()
    assert {answer.text for answer in done} == {again.text}
    assert crowd.made() - alone == Counter()
