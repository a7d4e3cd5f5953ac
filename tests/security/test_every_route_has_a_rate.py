"""The general rate over the route table: every guarded route counts, no open one does."""

from collections.abc import Iterator

import pytest

from chalicelib.domain.access import request_rates
from chalicelib.portals.http.route import AnyRoute
from tests.contract.ground import Ground, routes
from tests.support.settings import configured


@pytest.fixture
def spent() -> Iterator[None]:
    """Every principal has used up their requests of this minute."""
    with configured(LIMIT_REQUESTS=0, LIMIT_DEVICE_REQUESTS=0):
        request_rates.forget()
        yield
    request_rates.forget()


@pytest.mark.parametrize("route", routes(), ids=lambda route: route.operation_id)
def test_a_guarded_route_refuses_a_principal_over_the_rate_and_an_open_one_knows_none(
    route: AnyRoute, ground: Ground, spent: None
) -> None:
    del spent
    answer = ground.send(route, ground.rightful(route), token=ground.token(route))
    if route.guard is None:
        assert answer.status < 400, answer.text
    else:
        assert (answer.status, answer.code) == (429, "RATE_LIMITED")
        assert 0 < int(answer.headers["retry-after"]) <= 60
