"""Fixtures of the tests of tickets: an evening, and two customers."""

import pytest

from chalicelib.table.items import Account
from tests.portals.webapp.evening import Evening, make_evening
from tests.support.factories import make_customer


@pytest.fixture
def evening(moto_cloud: None) -> Evening:  # noqa: ARG001  # the cloud comes first
    return make_evening()


@pytest.fixture
def ayesha(moto_cloud: None) -> Account:  # noqa: ARG001  # the cloud comes first
    return make_customer()


@pytest.fixture
def bilal(moto_cloud: None) -> Account:  # noqa: ARG001  # the cloud comes first
    return make_customer(name="Bilal Ahmed")
