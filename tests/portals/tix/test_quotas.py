"""What an organization may order: numbers and print runs in a day of its own, and open jobs at once."""

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib import clock
from chalicelib.identifiers import new_id
from chalicelib.table.items import Account
from tests.support.client import Answer, call
from tests.support.factories import make_organization, token_of
from tests.support.numbered import tally_of, work
from tests.support.settings import configured

pytestmark = pytest.mark.usefixtures("moto_cloud")
TICKETS = "/api/tix/tickets"
# 23:30 in Karachi.
EVENING = datetime(2026, 11, 20, 18, 30, tzinfo=UTC)


@pytest.fixture
def admin() -> Account:
    return make_organization(timezone="Asia/Karachi", name="City Run")


def generate(by: Account, count: int, *, key: str | None = None) -> Answer:
    headers = {"idempotency-key": key} if key else None
    body = {"count": count, "prefix": "VIP"}
    return call("POST", f"{TICKETS}/generate", body, token=token_of(by), headers=headers)


def order(by: Account, count: int) -> Answer:
    """Generate with a key of its own, since the same request without one is the same job."""
    return generate(by, count, key=new_id("key"))


def print_first(by: Account) -> Answer:
    body = {"prefix": "VIP", "from": 1, "to": 1, "format": "csv"}
    return call("POST", f"{TICKETS}/print", body, token=token_of(by), headers={"idempotency-key": new_id("key")})


def test_an_organization_orders_so_many_numbers_in_a_day_of_its_time_zone(admin: Account) -> None:
    with configured(LIMIT_NUMBERS_A_DAY=10):
        with clock.set_to(EVENING):
            assert generate(admin, 6, key="once").status == 200
            refused = generate(admin, 5)
            assert (refused.status, refused.code) == (429, "RATE_LIMITED")
            assert refused.headers["retry-after"] == "1800"
            message = "Too many numbers: 10 a day are allowed. Try again in 30 minutes."
            assert refused.json["error"] == message
            assert generate(admin, 4).status == 200
            # A retry is not another order, nor is it refused.
            assert generate(admin, 6, key="once").headers["idempotent-replayed"] == "true"
            assert generate(admin, 1).status == 429
            assert generate(make_organization(), 10).status == 200
            assert generate(make_organization(), 11).status == 429
        with clock.set_to(EVENING + timedelta(minutes=30)):
            assert generate(admin, 10).status == 200
            assert generate(admin, 1).status == 429
    assert tally_of(admin.organization_id).last == 20


@pytest.mark.usefixtures("one_window")
def test_deleted_numbers_do_not_come_back_into_the_day(admin: Account) -> None:
    with configured(LIMIT_NUMBERS_A_DAY=10):
        assert generate(admin, 10).status == 200
        cleared = call("DELETE", f"{TICKETS}?confirm=City%20Run", token=token_of(admin))
        assert cleared.status == 200
        assert generate(admin, 1).status == 429


def test_an_organization_orders_so_many_print_runs_in_a_day(admin: Account) -> None:
    with configured(LIMIT_PRINT_RUNS_A_DAY=2, LIMIT_OPEN_JOBS=50):
        with clock.set_to(EVENING):
            assert generate(admin, 1).status == 200
            assert [print_first(admin).status for _ in range(3)] == [202, 202, 429]
            assert print_first(admin).json["error"].startswith("Too many print runs: 2 a day are allowed.")
        with clock.set_to(EVENING + timedelta(minutes=30)):
            assert print_first(admin).status == 202


def test_five_jobs_are_open_at_once_and_an_ended_one_makes_room(admin: Account) -> None:
    with configured(LIMIT_NUMBERS_AT_ONCE=2):
        assert generate(admin, 2).status == 200
        started = [order(admin, 3).status for _ in range(3)] + [print_first(admin).status for _ in range(2)]
        assert started == [200] * 3 + [202] * 2
        refused = order(admin, 3)
        assert (refused.status, refused.code) == (429, "RATE_LIMITED")
        assert refused.json["error"].startswith("Too many open jobs: 5 at a time are allowed.")
        # Small orders are no jobs.
        assert generate(admin, 2).status == 200
        clearing = call("DELETE", f"{TICKETS}?confirm=City%20Run", token=token_of(admin))
        assert clearing.status == 429
        work()
        assert order(admin, 3).status == 200
        clearing = call("DELETE", f"{TICKETS}?confirm=City%20Run", token=token_of(admin))
        assert clearing.status == 202
