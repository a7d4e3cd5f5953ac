"""Fixtures of the tests of tickets: an evening, two customers, and Stripe's double as the provider."""

from collections.abc import Iterator

import pytest

from chalicelib.table.items import Account
from tests.portals.webapp.evening import Evening, make_evening
from tests.support import payers, stripe_double
from tests.support.factories import make_customer
from tests.support.stripe_double import API_KEY, WEBHOOK_SECRET, StripeDouble
from tests.support.stripe_ground import leave, point_at


@pytest.fixture
def evening(moto_cloud: None) -> Evening:  # noqa: ARG001  # the cloud comes first
    return make_evening()


@pytest.fixture
def ayesha(moto_cloud: None) -> Account:  # noqa: ARG001  # the cloud comes first
    return make_customer()


@pytest.fixture
def bilal(moto_cloud: None) -> Account:  # noqa: ARG001  # the cloud comes first
    return make_customer(name="Bilal Ahmed")


@pytest.fixture
def stripe(moto_cloud: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[StripeDouble]:  # noqa: ARG001  # comes first
    """Stripe's double as the provider; at the end money and tickets must agree."""
    with stripe_double.running() as double, monkeypatch.context() as environment:
        point_at(double.url, environment, stripe_api_key=API_KEY, stripe_webhook_secret=WEBHOOK_SECRET)
        yield double
        payers.assert_money_and_tickets_are_true()
    leave()
