"""The local server of the console: what is served under which address, to whom, with which headers."""

import asyncio
import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

import app as platform
from infra import pages
from infra.local.front import Gateway
from infra.local.meter import Meter
from infra.local.pages import Pages
from infra.pages import Origins
from tests.infra.test_distribution import build
from tests.support.odd_paths import ODD_PATHS

BROWSER = "text/html,application/xhtml+xml,*/*;q=0.8"
FILES, LIVE = "http://127.0.0.1:4566", "ws://localhost:8000"
ORIGINS = Origins((FILES,), LIVE)
SETTINGS = {"stage": "local", "payments": None}


class Answered(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class Site:
    """A front with a console of a test's own, called as uvicorn calls it."""

    def __init__(self, folder: Path, origins: Origins = ORIGINS) -> None:
        self.folder = folder
        self.front = Gateway(platform.app, meter=Meter())
        self.front.serve_pages(Pages(origins, SETTINGS, folder))

    def ask(self, path: str, accept: str | None = BROWSER, *, method: str = "GET", **headers: str) -> Answered:
        given = {"host": "localhost:8000", **({"accept": accept} if accept is not None else {})}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        scope = {
            "type": "http",
            "method": method,
            "raw_path": urlsplit(f"http://x{path}").path.encode("latin-1") if "?" in path else path.encode("latin-1"),
            "query_string": b"",
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in given.items()],
            "scheme": "http",
            "http_version": "1.1",
            "client": ("127.0.0.1", 1),
        }
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        asyncio.run(self.front(scope, receive, send))
        said = {name.decode(): value.decode("latin-1") for name, value in sent[0]["headers"]}
        return Answered(int(sent[0]["status"]), said, sent[1]["body"])


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    folder = build(tmp_path / "console", "one")
    (folder / "assets" / "long-one.js").write_text("var x;" * 1000)
    made = Site(folder)
    yield made
    made.front.close()


PATHS = [(f"/{segment}", page) for page in pages.deployed() for segment in page.segments]


@pytest.mark.parametrize(("path", "page"), [*PATHS, *((f"{path}/more", page) for path, page in PATHS if path != "/")])
@pytest.mark.parametrize("accept", [BROWSER, "*/*", None])
def test_a_page_answers_its_segments_with_its_headers(
    site: Site, path: str, page: pages.Page, accept: str | None
) -> None:
    answer = site.ask(path, accept)
    assert (answer.status, answer.body.decode()) == (200, f"{page.name} one")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    wanted = {name.lower(): value for name, value in pages.headers(page, ORIGINS).items()}
    assert wanted.items() <= answer.headers.items()


def directives(page: str, origins: Origins = ORIGINS) -> dict[str, list[str]]:
    [found] = [each for each in pages.pages() if each.name == page]
    policy = pages.headers(found, origins)["Content-Security-Policy"]
    return {words[0]: words[1:] for words in map(str.split, policy.split(";"))}


@pytest.mark.parametrize("page", [page.name for page in pages.pages()])
def test_no_page_may_run_a_text_or_load_from_elsewhere(page: str) -> None:
    policy = directives(page)
    assert policy["default-src"] == ["'none'"]
    assert set(policy["script-src"]) <= {"'self'", "'wasm-unsafe-eval'"}
    assert policy["style-src"] == ["'self'"]
    assert policy["connect-src"] == ["'self'", LIVE, FILES]
    assert policy["img-src"] == ["'self'", "blob:", "data:", FILES]
    assert policy["require-trusted-types-for"] == ["'script'"]
    assert set(policy["trusted-types"]) <= {"gatehouse", "'none'"}
    for closed in ("frame-ancestors", "base-uri", "object-src", "form-action"):
        assert policy[closed] == ["'none'"]
    assert "frame-src" not in policy


def test_stripe_is_allowed_in_the_shop_only_and_only_where_it_is_configured() -> None:
    configured = Origins((FILES,), LIVE, stripe=True)
    for page in pages.pages():
        says = "stripe" in pages.headers(page, configured)["Content-Security-Policy"]
        assert says == (page.name == "shop")
    assert "https://js.stripe.com" in directives("shop", configured)["script-src"]


@pytest.mark.parametrize("path", ["/", "/gate", "/e/evt_demo", "/nothing", "/assets/none.js"])
def test_a_caller_that_takes_json_only_gets_the_apis_own_404(site: Site, path: str) -> None:
    answer = site.ask(path, "application/json")
    assert answer.status == 404
    assert json.loads(answer.body)["error"]["code"] == "NOT_FOUND"


def test_an_unknown_address_is_html_for_browsers_and_json_for_others(site: Site) -> None:
    page = site.ask("/nothing/here")
    assert (page.status, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert b"There is nothing at this address" in page.body
    for accept in ("*/*", None):
        assert json.loads(site.ask("/nothing/here", accept).body)["error"]["code"] == "NOT_FOUND"


@pytest.mark.parametrize("path", ["/api/nothing/", "/health/nothing/"])
def test_paths_of_the_api_stay_the_apis_own(site: Site, path: str) -> None:
    assert "error" in json.loads(site.ask(path).body)


@pytest.mark.parametrize("path", ODD_PATHS)
@pytest.mark.parametrize("accept", [BROWSER, "application/json"])
def test_an_odd_address_is_a_404(site: Site, path: str, accept: str) -> None:
    answer = site.ask(path, accept)
    assert answer.status == 404
    assert b"scripts" not in answer.body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_pages_are_read_only(site: Site, method: str) -> None:
    assert site.ask("/", method=method).status == 404


def test_an_asset_stays_for_a_year_and_is_packed_where_that_is_taken(site: Site) -> None:
    plain = site.ask("/assets/long-one.js", "*/*")
    assert (plain.status, plain.headers["cache-control"]) == (200, pages.IMMUTABLE)
    assert plain.headers["content-type"] == "text/javascript; charset=utf-8"
    packed = site.ask("/assets/long-one.js", "*/*", accept_encoding="br, gzip;q=0.5")
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body) / 10
    assert "content-encoding" not in site.ask("/assets/long-one.js", "*/*", accept_encoding="gzip;q=0").headers
    assert plain.headers["vary"] == packed.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("path", ["/", "/assets/long-one.js", "/gate-worker.js", "/settings.json"])
def test_what_is_known_is_not_sent_again(site: Site, path: str) -> None:
    first = site.ask(path)
    for tag in (first.headers["etag"], f'"x", {first.headers["etag"]}', "*"):
        again = site.ask(path, if_none_match=tag)
        assert (again.status, again.body) == (304, b"")
        assert again.headers["cache-control"] == first.headers["cache-control"]
    assert site.ask(path, if_none_match='"other"').status == 200
    head = site.ask(path, method="HEAD")
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", first.headers["content-length"])


def test_the_workers_and_the_settings_are_asked_for_each_time(site: Site) -> None:
    worker = site.ask("/gate-worker.js", "*/*")
    assert worker.headers["cache-control"] == "no-cache"
    assert "connect-src 'self'" in worker.headers["content-security-policy"]
    assert json.loads(site.ask("/settings.json", "application/json").body) == SETTINGS


def test_a_build_that_comes_later_is_served_and_one_that_is_missing_is_explained(tmp_path: Path) -> None:
    site = Site(tmp_path / "console")
    missing = site.ask("/")
    assert (missing.status, b"make console" in missing.body) == (503, True)
    assert site.ask("/health/", "*/*").status == 200
    build(site.folder, "one")
    assert site.ask("/").body == b"shop one"
    (site.folder / "shop.html").write_text("shop two")
    os.utime(site.folder / "pages.json", ns=(1, 1))
    assert site.ask("/").body == b"shop two"
    site.front.close()


def test_settings_name_a_form_where_the_provider_has_one() -> None:
    stripe = pages.settings(provider="stripe", publishable_key="pk_test_1", stage="dev")
    assert stripe["payments"] == {"provider": "stripe", "publishable_key": "pk_test_1"}
    for provider, key in (("stripe", ""), ("sandbox", "pk_test_1")):
        assert pages.settings(provider=provider, publishable_key=key, stage="dev")["payments"] is None
