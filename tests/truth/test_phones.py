"""Phones at once: one installation is one phone, an usher has no more than allowed, and a test is asked once."""

import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import pytest

from chalicelib.domain.access import devices, heartbeats, phones
from chalicelib.domain.access.devices import PHONES
from chalicelib.domain.access.heartbeats import DeviceHeartbeat
from chalicelib.domain.access.phones import MOST_PHONES
from chalicelib.domain.gate import round_trips
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Event
from tests.support import engines
from tests.support.caches import forget_caches
from tests.support.factories import make_event, make_reader, make_usher
from tests.support.sizes import size_of

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("ledger"), pytest.mark.timeout(900)]
CALLERS = size_of("ROUTE_CALLERS", small=12, full=32)


@pytest.fixture(scope="module", autouse=True)
def exact_cloud() -> Iterator[None]:
    with engines.cloud():
        forget_caches()
        yield
    forget_caches()


def at_once(acts: Sequence[Callable[[], object]]) -> list[object]:
    """Do all of these at the same moment; return what each returned, or the fault that it raised."""
    results: list[object] = [None] * len(acts)
    together = threading.Barrier(len(acts))

    def work(place: int) -> None:
        together.wait(60)
        try:
            results[place] = acts[place]()
        except BaseException as fault:  # noqa: BLE001  # reported to the test, which runs in another thread
            results[place] = fault

    threads = [threading.Thread(target=work, args=(place,)) for place in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def registered(usher: Account, event: Event) -> list[str]:
    known = operations.get(keys.access.usher_phones(usher.account_id, event.event_id))
    assert known is not None
    return [str(each) for each in known.phone_ids]


def test_of_many_log_ins_with_one_installation_at_once_one_phone_comes() -> None:
    event = make_event()
    ushers = [make_usher(event) for _ in range(2)]
    phone_id = phones.phone_id_of(event.event_id, "shared-installation")
    acts = [
        partial(phones.register, ushers[n % len(ushers)].account_id, event.event_id, phone_id) for n in range(CALLERS)
    ]
    assert at_once(acts) == [None] * CALLERS
    (phone,) = devices.of_event(event.event_id, PHONES)
    assert phone.usher_id in {usher.account_id for usher in ushers}
    assert all(registered(usher, event) == [phone_id] for usher in ushers)


def test_of_many_installations_of_one_usher_at_once_no_more_remain_than_allowed() -> None:
    event = make_event()
    usher = make_usher(event)
    phone_ids = [phones.phone_id_of(event.event_id, f"installation-{n:04}") for n in range(MOST_PHONES + 4)]
    faults = at_once([partial(phones.register, usher.account_id, event.event_id, each) for each in phone_ids])
    assert faults == [None] * len(phone_ids)
    left = {phone.device_id for phone in devices.of_event(event.event_id, PHONES)}
    assert left == set(registered(usher, event))
    assert len(left) == MOST_PHONES


def test_of_many_who_test_a_device_at_once_all_wait_for_one_echo() -> None:
    event = make_event()
    agent = make_reader(event)
    tests = at_once([partial(round_trips.test, event.event_id, agent.device_id) for _ in range(CALLERS)])
    assert len({str(getattr(each, "asked_at", each)) for each in tests}) == 1
    beat = DeviceHeartbeat(queue_depth=0, clock_offset_ms=0, app_version="1.0.0")
    nonce = heartbeats.receive(agent.device_id, beat).test
    assert nonce
    echo = DeviceHeartbeat(queue_depth=0, clock_offset_ms=0, app_version="1.0.0", test=nonce)
    assert heartbeats.receive(agent.device_id, echo).test is None
    assert round_trips.test(event.event_id, agent.device_id).pending is False
