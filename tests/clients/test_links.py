"""Links and upload forms name the bucket's host in its own region, in every region that botocore knows."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from botocore.session import get_session

from chalicelib.clients import files
from chalicelib.config import config
from tests.support.caches import forget_caches

_REGIONS = [
    (region, partition)
    for partition in get_session().get_available_partitions()
    for region in get_session().get_available_regions("s3", partition_name=partition)
]
_ENDPOINTS = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3")


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> object:
    """Clients of this test only."""
    for name in _ENDPOINTS:
        monkeypatch.delenv(name, raising=False)
    forget_caches()
    yield
    forget_caches()


def _places() -> list[str]:
    lifetime = timedelta(minutes=5)
    form, fields, _ = files.upload_form("uploads/1", content_type="image/png", limit=10, lifetime=lifetime)
    assert fields["x-amz-algorithm"] == "AWS4-HMAC-SHA256"
    return [form, files.link("uploads/1", lifetime=lifetime)]


def test_the_newest_regions_are_among_those_that_are_tried() -> None:
    assert {"ap-southeast-7", "mx-central-1", "il-central-1", "ca-west-1", "us-east-1"} <= {
        name for name, _ in _REGIONS
    }


@pytest.mark.parametrize(("region", "partition"), [*_REGIONS, ("xx-unknown-1", "aws")])
def test_a_link_and_a_form_are_on_the_buckets_host_in_its_region(
    monkeypatch: pytest.MonkeyPatch, region: str, partition: str
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    for url in _places():
        place = urlsplit(url)
        assert place.scheme == "https"
        assert place.hostname is not None
        assert place.hostname.startswith(f"{config().files_bucket}.s3.{region}."), url
        if partition == "aws":
            assert place.hostname.endswith(".amazonaws.com")
        # The bucket is the host, so it is not in the path as well.
        assert config().files_bucket not in place.path


@pytest.mark.parametrize("name", _ENDPOINTS)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_link_to_an_engine_on_this_machine_has_its_host(
    monkeypatch: pytest.MonkeyPatch, name: str, host: str
) -> None:
    monkeypatch.setenv(name, f"http://{host}:4566")
    for url in _places():
        assert urlsplit(url).netloc == f"{host}:4566"
        assert urlsplit(url).path.startswith(f"/{config().files_bucket}")
