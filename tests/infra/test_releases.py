"""The bucket of packages: whichever call of its creation a run was killed at, the next run finishes it."""

from typing import Any

import pytest
from botocore.session import get_session

from infra.deploy.account import Account
from infra.deploy.releases import Releases
from infra.local.invocation import ACCOUNT, REGION

pytestmark = pytest.mark.usefixtures("moto_cloud")
_CALLS = (
    "PutPublicAccessBlock",
    "PutBucketEncryption",
    "PutBucketVersioning",
    "PutBucketLifecycleConfiguration",
)


def releases(*, killed_at: str = "", bucket: str | None = None) -> Releases:
    def kill(**_: Any) -> None:
        raise KeyboardInterrupt

    def client(service: str) -> Any:
        made: Any = get_session().create_client(service, region_name=REGION)
        if killed_at:
            made.meta.events.register(f"provide-client-params.s3.{killed_at}", kill)
        return made

    return Releases(Account(client, ACCOUNT, REGION), stage="dev", bucket=bucket)


def properties(bucket: str) -> dict[str, Any]:
    """Return what the bucket has, as S3 says it."""
    s3: Any = get_session().create_client("s3", region_name=REGION)
    found: dict[str, Any] = {"versioning": s3.get_bucket_versioning(Bucket=bucket).get("Status")}
    for name, ask in (
        ("closed", s3.get_public_access_block),
        ("encrypted", s3.get_bucket_encryption),
        ("ends", s3.get_bucket_lifecycle_configuration),
    ):
        try:
            found[name] = bool(ask(Bucket=bucket))
        except s3.exceptions.ClientError:
            found[name] = False
    return found


WHOLE = {"versioning": "Enabled", "closed": True, "encrypted": True, "ends": True}


@pytest.mark.parametrize("call", _CALLS)
def test_a_bucket_whose_creation_was_killed_is_finished_by_the_next_run(call: str) -> None:
    dying = releases(killed_at=call)
    with pytest.raises(KeyboardInterrupt):
        dying.create_bucket()
    assert properties(dying.bucket) != WHOLE
    releases().create_bucket()
    assert properties(dying.bucket) == WHOLE


@pytest.mark.parametrize("is_used", [True, False])
def test_what_somebody_named_and_uses_stays_as_it_is(is_used: bool) -> None:
    s3: Any = get_session().create_client("s3", region_name=REGION)
    s3.create_bucket(Bucket="packages-of-somebody")
    if is_used:
        s3.put_object(Bucket="packages-of-somebody", Key="theirs", Body=b"x")
    releases(bucket="packages-of-somebody").create_bucket()
    assert (properties("packages-of-somebody") == WHOLE) is not is_used


def test_a_rule_that_an_operator_gave_the_bucket_stays() -> None:
    made = releases()
    made.create_bucket()
    s3: Any = get_session().create_client("s3", region_name=REGION)
    rule = {"ID": "own", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 900}}
    s3.put_bucket_lifecycle_configuration(Bucket=made.bucket, LifecycleConfiguration={"Rules": [rule]})
    made.create_bucket()
    assert [each["ID"] for each in s3.get_bucket_lifecycle_configuration(Bucket=made.bucket)["Rules"]] == ["own"]
