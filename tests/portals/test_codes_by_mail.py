"""Codes that go out by mail are limited by their address, and the refusal says so."""

import pytest

from tests.support.campus import make_campus, make_campus_user
from tests.support.client import call
from tests.support.factories import make_organization

pytestmark = pytest.mark.usefixtures("moto_cloud")


@pytest.mark.parametrize("portal", ["tix", "campus"])
def test_too_many_codes_by_mail_are_refused_for_an_address_not_a_number(portal: str) -> None:
    email = make_organization().login if portal == "tix" else make_campus_user(make_campus()).email
    path = "/api/tix/auth/forgot-password" if portal == "tix" else "/api/campus/auth/password-reset/"
    for wanted in (email, "nobody@example.com"):
        *sent, refused = (call("POST", path, {"email": wanted}) for _ in range(4))
        assert [answer.status for answer in sent] == [202] * 3
        assert (refused.status, refused.json["error"]) == (
            429,
            "Too many codes for this address. Try again in 15 minutes.",
        )
