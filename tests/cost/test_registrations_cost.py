"""What a registration and a log-in may cost: the same with few customers and with many.

`OTP_REGISTRATIONS` is how many have registered before; 100,000 for the full size.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from chalicelib import clock
from chalicelib.domain.access import new_accounts, numbers, passwords
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Challenge, Item, Login, NewestChallenge, Profile, Session
from chalicelib.vocabulary.access import Portal
from infra.local.meter import Meter
from tests.support import engines
from tests.support.caches import forget_caches
from tests.support.client import call
from tests.support.codes import code_for
from tests.support.factories import PASSWORD
from tests.support.sizes import size_of

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("cost")]

SMALL, LARGE = 20, size_of("OTP_REGISTRATIONS", small=100, full=300)
MEASURED = 3
USERS = "/api/v1/users"
STEPS = ["register", "confirm a registration", "log in", "confirm a log-in", "forget the password"]


@dataclass(frozen=True)
class Cost:
    requests: float
    read_units: float
    write_units: float


def number_of(place: int) -> str:
    return f"+92300{place:07}"


def left_behind(places: range) -> Iterator[Item]:
    """Return the items of so many registrations, each with a session and a used code."""
    password_hash, now = passwords.hash_password(PASSWORD, Portal.WEBAPP, about=()), clock.now()
    for place in places:
        number = number_of(place)
        account, _ = new_accounts.customer(mobile_number=number, password_hash=password_hash, name="Ayesha Khan")
        yield account
        yield Login(*keys.access.login(account.portal, account.login), account_id=account.account_id)
        yield Profile(*keys.customers.profile(account.account_id), customer_id=account.account_id)
        yield from _spent_code(account, number)
        session_id = new_id("ses")
        yield Session(
            *keys.access.session(session_id),
            session_id=session_id,
            portal=account.portal,
            account_id=account.account_id,
            generation=1,
            token_hash="0" * 64,
            rotated_at=now,
            started_at=now,
            expires_at=now + timedelta(days=30),
        )


def _spent_code(account: Account, number: str) -> Iterator[Item]:
    challenge_id, now, mac = new_id("chl"), clock.now(), numbers.number_mac(number)
    yield NewestChallenge(*keys.access.newest_challenge("register", mac), challenge_id=challenge_id)
    yield Challenge(
        *keys.access.challenge(challenge_id),
        challenge_id=challenge_id,
        purpose="register",
        mac="0" * 64,
        number_mac=mac,
        tries=1,
        started_at=now,
        expires_at=now,
        used_at=now,
        account_id=account.account_id,
    )


def measure(meter: Meter, *, first: int) -> dict[str, Cost]:
    """Register and log in some customers by every step, and return the average cost of each step."""
    meter.reset()
    for place in range(first, first + MEASURED):
        number, address = number_of(place), f"2001:db8::{place:x}"

        def ask(step: str, path: str, number: str = number, address: str = address, **body: str) -> None:
            with meter.request(step):
                answer = call("POST", f"{USERS}/{path}/", {"mobile_number": number, **body}, address=address)
            assert answer.status < 300, answer.text

        ask("register", "register", password=PASSWORD, name="Ayesha Khan")
        ask("confirm a registration", "verify-otp", password=PASSWORD, otp=code_for(number))
        ask("log in", "login", password=PASSWORD)
        ask("confirm a log-in", "verify-login-otp", otp=code_for(number))
        ask("forget the password", "forgot-password/request-otp")
    used = meter.report()["requests"]
    parts = ("dynamodb_requests", "read_units", "write_units")
    return {step: Cost(*(used[step][part] / MEASURED for part in parts)) for step in STEPS}


@pytest.fixture(scope="module")
def costs() -> Iterator[dict[int, dict[str, Cost]]]:
    """What each step costs, by how many have registered."""
    meter = Meter().attach()
    try:
        with engines.cloud():
            forget_caches()
            found, place = {}, 0
            measure(meter, first=9_000_000)  # what a container keeps is read
            for size in (SMALL, LARGE):
                operations.put_many(left_behind(range(place, size)))
                found[size] = measure(meter, first=size)
                place = size + MEASURED
            yield found
    finally:
        meter.detach()
        forget_caches()


@pytest.mark.parametrize("step", STEPS)
def test_coming_in_costs_the_same_however_many_have(costs: dict[int, dict[str, Cost]], step: str) -> None:
    assert costs[LARGE][step] == costs[SMALL][step]
    assert costs[LARGE][step].requests <= 9
