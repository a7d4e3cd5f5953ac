"""The rate limits of a local run, in a table with other items."""

from datetime import timedelta

import pytest
from botocore.session import get_session

from chalicelib.domain.access import accounts, throttle
from chalicelib.domain.organizations import ticket_reports
from chalicelib.errors import RateLimited
from infra.local.rate_limits import RateLimits
from tests.support.factories import make_customer, make_organization
from tests.support.numbered import generate
from tests.support.settings import configured

pytestmark = pytest.mark.usefixtures("moto_cloud")


def take(whom: str) -> None:
    throttle.take("a test", whom, limit=1, window=timedelta(days=400))


def test_all_counters_are_cleared_and_nothing_else() -> None:
    customer = make_customer()
    for n in range(60):
        take(f"caller {n}")
    with pytest.raises(RateLimited):
        take("caller 59")
    RateLimits(get_session().create_client("dynamodb")).clear()
    for n in range(60):
        take(f"caller {n}")
    assert accounts.get(customer.account_id).login == customer.login


@pytest.mark.usefixtures("one_window")
def test_an_organization_may_order_a_days_numbers_again_and_its_report_is_unchanged() -> None:
    admin = make_organization()
    with configured(LIMIT_NUMBERS_A_DAY=3):
        generate(admin, 3)
        with pytest.raises(RateLimited):
            generate(admin, 1)
        RateLimits(get_session().create_client("dynamodb")).clear()
        generate(admin, 3)
    assert ticket_reports.daily(admin.organization_id)[0].generated == 6
