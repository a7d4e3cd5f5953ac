"""The rate limits of a local run, in a table with other items."""

from datetime import timedelta

import boto3
import pytest

from chalicelib.domain import throttle
from chalicelib.domain.access import accounts
from chalicelib.errors import RateLimited
from infra.local.rate_limits import RateLimits
from tests.support.factories import make_customer

pytestmark = pytest.mark.usefixtures("moto_cloud")


def take(whom: str) -> None:
    throttle.take("a test", whom, limit=1, window=timedelta(days=400))


def test_all_counters_are_cleared_and_nothing_else() -> None:
    customer = make_customer()
    for n in range(60):
        take(f"caller {n}")
    with pytest.raises(RateLimited):
        take("caller 59")
    RateLimits(boto3.client("dynamodb")).clear()
    for n in range(60):
        take(f"caller {n}")
    assert accounts.get(customer.account_id).login == customer.login
