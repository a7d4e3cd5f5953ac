"""At execute-api every path begins with the stage's name: what names a path of ours says so too."""

from http.cookies import SimpleCookie
from urllib.parse import urlsplit

import pytest

from chalicelib.domain.access import new_accounts
from chalicelib.portals.http.route import ROUTES
from chalicelib.portals.openapi import document
from chalicelib.vocabulary.access import AdminRole
from tests.support.client import call
from tests.support.factories import PASSWORD
from tests.support.settings import configured

pytestmark = pytest.mark.usefixtures("moto_cloud")
_ADDRESSES = {
    "https://api.example.com": "",
    "https://abc123.execute-api.us-east-1.amazonaws.com/live": "/live",
    "https://www.example.com/tickets/v2": "/tickets/v2",
    "http://localhost:8000": "",
}


def _matches(path: str, cookie_path: str) -> bool:
    """Path-match (RFC 6265, 5.1.4)."""
    return path == cookie_path or (
        path.startswith(cookie_path) and (cookie_path[-1] == "/" or path[len(cookie_path)] == "/")
    )


@pytest.mark.parametrize("address", _ADDRESSES)
def test_the_refresh_cookie_comes_back_to_the_routes_that_read_it_and_to_no_others(address: str) -> None:
    new_accounts.create_admin(email="a@example.com", password=PASSWORD, name="Staff", role=AdminRole.SUPER_ADMIN)
    with configured(PUBLIC_URL=address):
        login = call("POST", "/api/auth/login/?cookie=1", {"email": "a@example.com", "password": PASSWORD})
        cookie = SimpleCookie(login.headers["set-cookie"])["gatehouse_refresh"]
        headers = {"cookie": f"gatehouse_refresh={cookie.value}", "x-csrf-token": login.json["csrf_token"]}
        renewed = call("POST", "/api/auth/refresh/", {}, headers=headers)
    again = SimpleCookie(renewed.headers["set-cookie"])["gatehouse_refresh"]
    assert cookie["path"] == again["path"]
    base = _ADDRESSES[address]
    for route in ROUTES:
        # A browser compares the path that it asks for, which has the stage's name.
        is_sent = _matches(f"{base}{route.path}/", cookie["path"])
        assert is_sent is route.path.startswith("/api/auth/"), route.path


@pytest.mark.parametrize("address", _ADDRESSES)
def test_the_document_names_the_address_under_which_its_paths_are(address: str) -> None:
    with configured(PUBLIC_URL=address):
        (server,) = document.document([])["servers"]
    assert server["url"] == address
    assert urlsplit(server["url"]).path == _ADDRESSES[address]
