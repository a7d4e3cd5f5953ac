"""A principal makes 600 requests a minute and a device 6,000: exact in a process, within a share of each of several."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib import clock
from chalicelib.domain.access import request_rates
from chalicelib.domain.access.request_rates import SHARES, RequestRates
from chalicelib.domain.access.tokens import Principal
from chalicelib.errors import RateLimited
from chalicelib.identifiers import new_id
from chalicelib.portals.http.auth import ANYBODY
from chalicelib.vocabulary.access import Portal
from infra.local.meter import Meter
from tests.support import engines
from tests.support.caches import forget_caches
from tests.support.client import Answer, call
from tests.support.factories import customer_token, make_customer, make_event, make_reader, usher_token
from tests.support.settings import configured
from tests.support.wire import Fault, wire

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("engines")]

LIMIT, OF_DEVICES, CALLERS = 600, 6000, 32
START = datetime(2026, 11, 20, 18, 0, 7, tzinfo=UTC)


@pytest.fixture(scope="module", autouse=True)
def meter() -> Iterator[Meter]:
    """An exact engine with the limits of a stage, and what is asked of it."""
    made = Meter().attach()
    try:
        with engines.cloud(), configured(LIMIT_REQUESTS=LIMIT, LIMIT_DEVICE_REQUESTS=OF_DEVICES):
            forget_caches()
            yield made
    finally:
        made.detach()
        forget_caches()


@pytest.fixture(autouse=True)
def at_start(meter: Meter) -> Iterator[None]:
    with clock.set_to(START):
        request_rates.forget()
        meter.reset()
        yield


def somebody(portal: Portal = Portal.USHER) -> Principal:
    return Principal(portal=portal, id=new_id("ush"), session_id=new_id("ses"), issued_at=clock.now())


def admitted(rates: RequestRates, principal: Principal, *, of: int) -> int:
    count = 0
    for _ in range(of):
        try:
            rates.take(principal)
        except RateLimited:
            continue
        count += 1
    return count


def ask(token: str, address: str = "192.0.2.1") -> Answer:
    return call("GET", "/api/sessions/", token=token, address=address)


def used(token: str, requests: int) -> None:
    """Count requests of a token's principal, as if they had been answered."""
    principal = ANYBODY.identify({"authorization": f"Bearer {token}"}).principal
    for _ in range(requests):
        request_rates.take(principal)


def test_the_601st_request_of_a_minute_is_refused_in_words_and_the_next_minute_is_free() -> None:
    token, other = customer_token(make_customer()), customer_token(make_customer())
    used(token, LIMIT - 1)
    assert ask(token).status == 200
    refused = ask(token)
    assert (refused.status, refused.code) == (429, "RATE_LIMITED")
    assert refused.headers["retry-after"] == "53"
    assert refused.json["error"]["message"] == "Too many requests. Try again in 53 seconds."
    # Another address is no way around it, and nobody else at the same one is concerned.
    assert ask(token, "203.0.113.9").status == 429
    assert ask(other).status == 200
    with clock.set_to(START + timedelta(seconds=53)):
        assert ask(token).status == 200


def test_a_device_may_make_ten_times_as_many() -> None:
    token = make_reader(make_event()).token()
    used(token, OF_DEVICES - 1)
    assert [ask(token).status for _ in range(2)] == [200, 429]


def test_all_sessions_of_a_principal_share_the_rate() -> None:
    customer = make_customer()
    first, second = customer_token(customer), customer_token(customer)
    used(first, LIMIT // 2)
    used(second, LIMIT // 2)
    assert [ask(first).status, ask(second).status] == [429, 429]


def test_of_32_callers_with_one_token_in_one_process_exactly_600_requests_are_answered() -> None:
    token = usher_token(make_event())
    used(token, LIMIT - 100)
    with ThreadPoolExecutor(CALLERS) as crowd:
        answers = Counter(answer.status for answer in crowd.map(ask, [token] * 160))
    assert answers == {200: 100, 429: 60}


def test_32_processes_at_once_admit_the_limit_and_at_most_a_share_more_each() -> None:
    principal = somebody()
    processes = [RequestRates() for _ in range(CALLERS)]
    share = LIMIT // SHARES
    with ThreadPoolExecutor(CALLERS) as crowd:
        counts = list(crowd.map(lambda rates: admitted(rates, principal, of=LIMIT), processes))
    assert LIMIT <= sum(counts) <= LIMIT + CALLERS * share
    # Each process that has added a share has learned that the minute is full.
    assert max(counts) <= LIMIT


def test_two_processes_share_the_limit() -> None:
    principal, one, other = somebody(), RequestRates(), RequestRates()
    assert admitted(one, principal, of=500) == 500
    assert 100 <= admitted(other, principal, of=LIMIT) <= 100 + LIMIT // SHARES
    assert admitted(one, principal, of=LIMIT) <= 100


def test_nobody_below_the_limit_is_refused_over_however_many_processes() -> None:
    principal = somebody()
    processes = [RequestRates() for _ in range(CALLERS)]
    with ThreadPoolExecutor(CALLERS) as crowd:
        counts = list(crowd.map(lambda n: admitted(processes[n % CALLERS], principal, of=1), range(LIMIT)))
    assert sum(counts) == LIMIT


def asked(meter: Meter, name: str) -> tuple[float, float, float]:
    """Return the requests, read units and write units of a block of the meter."""
    found = meter.report()["background"].get(name, {})
    return tuple(found.get(part, 0) for part in ("dynamodb_requests", "read_units", "write_units"))


@pytest.mark.parametrize(("portal", "limit"), [(Portal.USHER, LIMIT), (Portal.DEVICE, OF_DEVICES)])
def test_a_tenth_of_the_limit_costs_one_write_and_less_costs_nothing(meter: Meter, portal: Portal, limit: int) -> None:
    with meter.background("slow"):
        admitted(RequestRates(), somebody(portal), of=limit // SHARES - 1)
    assert asked(meter, "slow") == (0, 0, 0)
    rates, principal = RequestRates(), somebody(portal)
    with meter.background("fast"):
        assert admitted(rates, principal, of=limit) == limit
    assert asked(meter, "fast") == (SHARES, 0, SHARES)
    with meter.background("refused"):
        assert admitted(rates, principal, of=1000) == 0
    assert asked(meter, "refused") == (0, 0, 0)


@pytest.mark.parametrize("fault", [Fault.DROPPED, Fault.BROKEN, Fault.ANSWER_LOST])
def test_a_counter_that_cannot_be_written_refuses_no_request(fault: Fault) -> None:
    rates, principal = RequestRates(), somebody()
    with wire(retries=False) as wired:
        wired.choose = lambda: fault
        assert admitted(rates, principal, of=LIMIT + 5) == LIMIT


def test_a_process_keeps_a_bounded_number_of_principals() -> None:
    rates, first = RequestRates(), somebody()
    assert admitted(rates, first, of=LIMIT + 1) == LIMIT
    for _ in range(10_000):
        rates.take(somebody())
    assert admitted(rates, first, of=1) == 1
