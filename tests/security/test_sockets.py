"""A principal has at most ten sockets open and gets at most twenty tickets for them a minute, also of 32 at once."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib import clock
from chalicelib.domain.live import open_sockets
from chalicelib.table import keys, operations
from tests.support import engines, meanwhile
from tests.support.caches import forget_caches
from tests.support.client import call
from tests.support.factories import customer_token, make_customer, make_event, usher_token
from tests.support.live import Gateway, Socket, gateway
from tests.support.settings import configured

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("engines")]

SOCKETS, TICKETS, CALLERS = 10, 20, 32
START = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def live() -> Iterator[Gateway]:
    with engines.cloud(), gateway() as made, configured(LIMIT_SOCKETS=SOCKETS):
        forget_caches()
        yield made
    forget_caches()


def is_open(live: Gateway, token: str) -> tuple[int, Socket]:
    return live.open(live.ticket(token))


def test_the_eleventh_socket_of_a_principal_is_refused_until_one_closes(live: Gateway) -> None:
    token, other = customer_token(make_customer()), customer_token(make_customer())
    opened = [live.connect(token) for _ in range(SOCKETS)]
    assert is_open(live, token)[0] == 429
    assert is_open(live, other)[0] == 200
    opened[3].leave()
    assert is_open(live, token)[0] == 200
    assert is_open(live, token)[0] == 429


def test_of_32_tickets_that_are_shown_at_once_ten_get_a_socket(live: Gateway) -> None:
    token = usher_token(make_event())
    tickets = [live.ticket(token) for _ in range(CALLERS)]
    with ThreadPoolExecutor(CALLERS) as crowd:
        answers = Counter(status for status, _ in crowd.map(live.open, tickets))
    assert answers == {200: SOCKETS, 429: CALLERS - SOCKETS}
    assert is_open(live, token)[0] == 429


def test_all_sessions_of_a_principal_share_its_sockets(live: Gateway) -> None:
    customer = make_customer()
    first, second = customer_token(customer), customer_token(customer)
    for n in range(SOCKETS):
        live.connect(first if n % 2 else second)
    assert [is_open(live, token)[0] for token in (first, second)] == [429, 429]


def test_sockets_whose_end_was_never_reported_shut_nobody_out(live: Gateway) -> None:
    customer = make_customer()
    with clock.set_to(START):
        token = customer_token(customer)
        for _ in range(SOCKETS):
            live.connect(token)
    with clock.set_to(START + open_sockets.LIFETIME - timedelta(seconds=1)):
        assert is_open(live, customer_token(customer))[0] == 429
    with clock.set_to(START + open_sockets.LIFETIME):
        token = customer_token(customer)
        assert [is_open(live, token)[0] for _ in range(SOCKETS + 1)] == [200] * SOCKETS + [429]
        stored = operations.get(keys.live.sockets(customer.account_id))
        assert stored is not None
        assert len(stored.open or ()) == SOCKETS


@pytest.mark.parametrize("operation", ["BatchWriteItem", "Query"])
def test_sockets_that_a_fault_of_the_table_refused_shut_nobody_out(live: Gateway, operation: str) -> None:
    token = usher_token(make_event())
    for _ in range(SOCKETS):
        ticket = live.ticket(token)
        with meanwhile.failing(operation):
            assert live.open(ticket)[0] == 503
    assert [is_open(live, token)[0] for _ in range(SOCKETS + 1)] == [200] * SOCKETS + [429]


def test_sockets_whose_function_died_before_it_stored_them_shut_nobody_out_for_long(live: Gateway) -> None:
    customer = make_customer()
    with clock.set_to(START):
        token = customer_token(customer)
        opened = [live.connect(token) for _ in range(SOCKETS)]
        operations.remove_many(keys.live.connection(socket.id) for socket in opened[1:])
        assert is_open(live, token)[0] == 429
    with clock.set_to(START + timedelta(minutes=1, seconds=1)):
        token = customer_token(customer)
        assert [is_open(live, token)[0] for _ in range(SOCKETS)] == [200] * (SOCKETS - 1) + [429]


def test_a_socket_of_a_locked_out_principal_leaves_its_place(live: Gateway) -> None:
    customer = make_customer()
    gone = customer_token(customer)
    ticket = live.ticket(gone)
    assert call("POST", "/api/v1/users/logout/", token=gone).status == 200
    assert live.open(ticket)[0] == 401
    with clock.set_to(clock.now() + timedelta(seconds=1)):
        token = customer_token(customer)
        assert [is_open(live, token)[0] for _ in range(SOCKETS)] == [200] * SOCKETS


@pytest.mark.usefixtures("live")
def test_of_32_requests_for_a_ticket_at_once_twenty_get_one() -> None:
    token, other = customer_token(make_customer()), customer_token(make_customer())

    def ask(by: str) -> int:
        return call("POST", "/api/realtime/ticket/", {}, token=by).status

    with configured(LIMIT_SOCKET_TICKETS=TICKETS), clock.set_to(clock.now()):
        with ThreadPoolExecutor(CALLERS) as crowd:
            answers = Counter(crowd.map(ask, [token] * CALLERS))
        assert answers == {200: TICKETS, 429: CALLERS - TICKETS}
        refused = call("POST", "/api/realtime/ticket/", {}, token=token)
        assert refused.json["error"]["message"].startswith("Too many tickets for live connections. Try again in ")
        assert 0 < int(refused.headers["retry-after"]) <= 60
        assert ask(other) == 200
        with clock.set_to(clock.now() + timedelta(minutes=1)):
            assert ask(token) == 200
