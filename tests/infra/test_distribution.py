"""The console on AWS: what the distribution serves, what its edges answer, and what a deployment publishes."""

import io
import json
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.session import Session
from moto import mock_aws

from chalicelib.portals.http import envelope
from infra import pages
from infra.deploy.account import Account
from infra.deploy.pages import KEPT, publish
from infra.deploy.smoke import Deployed, Smoke
from infra.package import console, distribution, edge_functions, edge_proof
from tests.infra import reading
from tests.support.odd_paths import ODD_PATHS

pytestmark = pytest.mark.xdist_group("package")
Template = dict[str, Any]
BUCKET = "gatehouse-console-dev"
_SETTINGS = {"stage": "dev", "payments": None}
# What the edge runs has no modules; node gives it nothing more.
_CALL = "const fs=require('fs');const input=JSON.parse(fs.readFileSync(0));console.log(JSON.stringify(handler(input)))"


def at_edge(code: str, uri: str, accept: str = "text/html,*/*") -> dict[str, Any]:
    """Return what a function of the edge makes of a request."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no Node here to run the edge's functions")
    event = {
        "context": {"requestId": "req_1"},
        "viewer": {"ip": "203.0.113.9"},
        "request": {
            "uri": uri,
            "headers": {"accept": {"value": accept}, "x-gatehouse-viewer": {"value": "198.51.100.1"}},
        },
    }
    done = subprocess.run(
        [node, "-e", code + _CALL], input=json.dumps(event), capture_output=True, text=True, check=True, timeout=600
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def config(template: Template) -> dict[str, Any]:
    found: dict[str, Any] = reading.of_type(template, "AWS::CloudFront::Distribution")["ConsoleDistribution"]
    settings: dict[str, Any] = found["DistributionConfig"]
    return settings


def body_of(template: Template) -> dict[str, Any]:
    (api,) = reading.of_type(template, "AWS::ApiGateway::RestApi").values()
    body: dict[str, Any] = api["Body"]
    return body


def test_every_page_has_its_own_headers_and_the_api_has_none(template: Template) -> None:
    behaviours = {each["PathPattern"]: each for each in config(template)["CacheBehaviors"]}
    for page in pages.deployed():
        for segment in page.segments:
            behaviour = behaviours.get(f"/{segment}", config(template)["DefaultCacheBehavior"])
            policy = template["Resources"][behaviour["ResponseHeadersPolicyId"]["Ref"]]["Properties"]
            said = json.dumps(policy)
            assert "require-trusted-types-for 'script'" in said
            assert ("wasm-unsafe-eval" in said) == ("wasm" in page.uses)
            assert ("camera=(self)" in said) == ("camera" in page.uses)
            assert ("js.stripe.com" in said) == ("payments" in page.uses)
            assert behaviour["AllowedMethods"] == ["GET", "HEAD"]
    for path in ("/api/*", "/health", "/health/*"):
        assert "ResponseHeadersPolicyId" not in behaviours[path]
        assert len(behaviours[path]["AllowedMethods"]) == 7
        assert behaviours[path]["ViewerProtocolPolicy"] == "https-only"
    assert "_local" not in json.dumps(template["Resources"]["ConsolePaths"])
    # AWS: "Quotas on distributions", as it was before it was raised.
    assert len(behaviours) <= 25


def test_stripes_origins_are_where_stripe_is_configured_and_nowhere_else(template: Template) -> None:
    shop = template["Resources"]["ConsoleShopHeaders"]["Properties"]["ResponseHeadersPolicyConfig"]
    choice = shop["SecurityHeadersConfig"]["ContentSecurityPolicy"]["ContentSecurityPolicy"]["Fn::If"]
    assert choice[0] == "HasStripeForm"
    assert ["stripe.com" in json.dumps(each) for each in choice[1:]] == [True, False]


def test_the_bucket_is_read_by_this_distribution_only(template: Template) -> None:
    statements = template["Resources"]["ConsoleFilesPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    allowed = [each for each in statements if each["Effect"] == "Allow"]
    assert {each["Principal"]["Service"] for each in allowed} == {"cloudfront.amazonaws.com"}
    for each in allowed:
        source = each["Condition"]["StringEquals"]["aws:SourceArn"]["Fn::Sub"]
        assert source.endswith("distribution/${ConsoleDistribution}")


def test_the_edge_keeps_no_error_for_the_next_caller(template: Template) -> None:
    # AWS: "HTTP 4xx and 5xx status codes that CloudFront always caches". For 404, 410, 414 and 501 it obeys the
    # `no-store` that our answers and the gateway's have; for the others it does not.
    always, obeyed = {404, 410, 414, 500, 501, 502, 503, 504}, {404, 410, 414, 501}
    assert envelope.ANSWER_HEADERS["Cache-Control"] == "no-store"
    for refusal in body_of(template)["x-amazon-apigateway-gateway-responses"].values():
        assert refusal["responseParameters"]["gatewayresponse.header.Cache-Control"] == "'no-store'"
    errors = config(template)["CustomErrorResponses"]
    assert {each["ErrorCode"] for each in errors} == always - obeyed
    # No page in its place: the answer of the API goes on to its caller.
    assert all(each == {"ErrorCode": each["ErrorCode"], "ErrorCachingMinTTL": 0} for each in errors)


def test_a_local_stage_or_one_without_console_has_none_of_it(template: Template) -> None:
    made = distribution.expand("RestAPI", "live")
    assert {template["Resources"][name]["Condition"] for name in made} == {"HasConsole"}
    assert all(output["Condition"] == "HasConsole" for output in distribution.outputs().values())


def test_the_edge_and_the_gateway_share_a_secret(template: Template) -> None:
    [header] = next(each for each in config(template)["Origins"] if each["Id"] == "api")["OriginCustomHeaders"]
    assert (header["HeaderName"], header["HeaderValue"]) == (edge_proof.SECRET_HEADER, edge_proof.SECRET)
    stage = template["Resources"]["ApiStage"]["Properties"]["Variables"]
    assert stage["edgeSecret"]["Fn::If"][:2] == ["HasConsole", edge_proof.SECRET]


def test_the_edge_names_the_callers_address_whatever_the_caller_says() -> None:
    passed = at_edge(edge_functions.viewer(), "/api/v1/users/me/")
    assert passed["headers"][edge_proof.ADDRESS_HEADER] == {"value": "203.0.113.9"}
    assert passed["uri"] == "/api/v1/users/me/"


@pytest.mark.parametrize(
    ("uri", "file"),
    [
        *((f"/{segment}", page.file) for page in pages.deployed() for segment in page.segments),
        ("/e/evt_demo", "shop.html"),
        ("/gate/", "gate.html"),
        ("/board/evt_demo/more", "board.html"),
    ],
)
def test_the_edge_finds_a_page_by_the_first_segment(uri: str, file: str) -> None:
    assert at_edge(edge_functions.paths(), uri)["uri"] == f"/{file}"


@pytest.mark.parametrize(
    "uri", ["/nothing", "/_local/", "/shop.html", "/kept.json", "/constructor", "/__proto__/x", *ODD_PATHS]
)
def test_the_edge_answers_what_is_no_page(uri: str) -> None:
    code = edge_functions.paths()
    page = at_edge(code, uri)
    assert (page["statusCode"], page["headers"]["content-type"]) == (404, {"value": "text/html; charset=utf-8"})
    assert page["headers"]["content-security-policy"]["value"].startswith("default-src 'none'")
    refusal = at_edge(code, uri, accept="application/json")
    assert json.loads(refusal["body"]["data"])["error"] == {**pages.MISSING_JSON, "request_id": "req_1"}


def test_what_is_no_page_has_the_headers_that_the_smoke_test_looks_for() -> None:
    # A first deployment takes the distribution's address, so that the checks of an unknown path meet the edge.
    answer = at_edge(edge_functions.paths(), "/nothing/here/", accept="*/*")
    headers = {name: each["value"] for name, each in answer["headers"].items()}

    def edge(_: httpx.Request) -> httpx.Response:
        return httpx.Response(answer["statusCode"], headers=headers, text=answer["body"]["data"])

    nothing: Any = Deployed(Account(lambda _: None, "", ""), "dev", "https://console.example", {}, {}, {})
    with httpx.Client(transport=httpx.MockTransport(edge)) as http:
        checks = {name: check for name, _, check in Smoke(nothing, http).checks()}
        for name in ("headers", "unknown_path"):
            checks[name]()
    assert headers["x-request-id"] == json.loads(answer["body"]["data"])["error"]["request_id"]


def test_the_edges_functions_fit() -> None:
    for code in (edge_functions.paths(), edge_functions.viewer()):
        assert len(code.encode()) < edge_functions.LONGEST_BYTES


def build(folder: Path, release: str) -> Path:
    """Write what a build of the console looks like."""
    (folder / "assets").mkdir(parents=True)
    index = {page.name: {"bytes": 1} for page in pages.pages()}
    (folder / "pages.json").write_text(json.dumps(index))
    (folder / ".stamp").write_text("x")
    for page in pages.pages():
        (folder / page.file).write_text(f"{page.name} {release}")
        (folder / "assets" / f"{page.name}-{release}.js").write_text(release)
    (folder / "gate-worker.js").write_text(release)
    return folder


@pytest.fixture
def bucket() -> Iterator[Any]:
    with mock_aws():
        client: Any = Session().create_client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client


def packed(tmp_path: Path, release: str) -> io.BytesIO:
    made = io.BytesIO()
    chosen = tmp_path / f"chosen-{release}"
    console.copy(build(tmp_path / release, release), chosen)
    with zipfile.ZipFile(made, "w") as archive:
        for path in sorted(chosen.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(chosen).as_posix())
    return made


def keys(bucket: Any) -> set[str]:
    return {found["Key"] for found in bucket.list_objects_v2(Bucket=BUCKET)["Contents"]}


def test_a_deployment_publishes_pages_and_assets_without_the_local_page(bucket: Any, tmp_path: Path) -> None:
    publish(bucket, BUCKET, packed(tmp_path, "one"), _SETTINGS)
    names = [page.name for page in pages.deployed()]
    assert keys(bucket) == {
        *(f"{name}.html" for name in names),
        *(f"assets/{name}-one.js" for name in names),
        "gate-worker.js",
        "settings.json",
        KEPT,
    }
    asset = bucket.head_object(Bucket=BUCKET, Key="assets/shop-one.js")
    assert (asset["CacheControl"], asset["ContentType"]) == (pages.IMMUTABLE, "text/javascript; charset=utf-8")
    page = bucket.head_object(Bucket=BUCKET, Key="shop.html")
    assert (page["CacheControl"], page["ContentType"]) == ("no-cache", "text/html; charset=utf-8")
    assert json.loads(bucket.get_object(Bucket=BUCKET, Key="settings.json")["Body"].read()) == _SETTINGS


def test_assets_of_earlier_releases_stay_for_a_month(bucket: Any, tmp_path: Path) -> None:
    publish(bucket, BUCKET, packed(tmp_path, "one"), _SETTINGS)
    publish(bucket, BUCKET, packed(tmp_path, "two"), _SETTINGS)
    assert {"assets/shop-one.js", "assets/shop-two.js"} <= keys(bucket)
    assert bucket.get_object(Bucket=BUCKET, Key="shop.html")["Body"].read() == b"shop two"
    kept = json.loads(bucket.get_object(Bucket=BUCKET, Key=KEPT)["Body"].read())
    long_ago = (datetime.now(UTC) - timedelta(days=31)).isoformat()
    old = {name: long_ago if "-one" in name else at for name, at in kept.items()}
    bucket.put_object(Bucket=BUCKET, Key=KEPT, Body=json.dumps(old).encode())
    publish(bucket, BUCKET, packed(tmp_path, "three"), _SETTINGS)
    left = keys(bucket)
    assert "assets/shop-one.js" not in left
    assert {"assets/shop-two.js", "assets/shop-three.js"} <= left


def noted(bucket: Any, *, days: int) -> None:
    """Date everything that is noted so many days earlier."""
    kept = json.loads(bucket.get_object(Bucket=BUCKET, Key=KEPT)["Body"].read())
    earlier = {name: (datetime.fromisoformat(at) - timedelta(days=days)).isoformat() for name, at in kept.items()}
    bucket.put_object(Bucket=BUCKET, Key=KEPT, Body=json.dumps(earlier).encode())


def test_assets_stay_for_a_month_after_their_release_however_long_it_was_served(bucket: Any, tmp_path: Path) -> None:
    publish(bucket, BUCKET, packed(tmp_path, "one"), _SETTINGS)
    noted(bucket, days=40)
    # Pages of the first release are open now, and load its parts later.
    publish(bucket, BUCKET, packed(tmp_path, "two"), _SETTINGS)
    assert {"assets/shop-one.js", "assets/shop-two.js"} <= keys(bucket)
    noted(bucket, days=29)
    publish(bucket, BUCKET, packed(tmp_path, "three"), _SETTINGS)
    assert {"assets/shop-one.js", "assets/shop-two.js"} <= keys(bucket)
    noted(bucket, days=2)
    # A release that comes back is served again.
    publish(bucket, BUCKET, packed(tmp_path / "again", "two"), _SETTINGS)
    assert "assets/shop-one.js" not in keys(bucket)
    noted(bucket, days=40)
    publish(bucket, BUCKET, packed(tmp_path, "four"), _SETTINGS)
    left = keys(bucket)
    assert {"assets/shop-two.js", "assets/shop-four.js"} <= left
    assert "assets/shop-three.js" not in left
