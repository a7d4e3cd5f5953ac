"""Files: what is deleted is gone, with every version."""

import pytest

from chalicelib.clients import aws, files
from chalicelib.config import config

pytestmark = pytest.mark.usefixtures("moto_cloud")


def versions() -> set[str]:
    """Return the keys of every version and delete marker in the bucket."""
    found = aws.client("s3").list_object_versions(Bucket=config().files_bucket)
    return {each["Key"] for each in (*found.get("Versions", ()), *found.get("DeleteMarkers", ()))}


def test_a_deleted_file_leaves_no_version_and_no_marker() -> None:
    bucket = config().files_bucket
    aws.client("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for content in (b"first", b"second"):
        files.write("photos/cus_1/a", content, content_type="image/png")
    # As a deletion of the console leaves it.
    aws.client("s3").delete_object(Bucket=bucket, Key="photos/cus_1/a")
    files.write("photos/cus_1/ab", b"another file", content_type="image/png")
    files.delete("photos/cus_1/a")
    assert versions() == {"photos/cus_1/ab"}
    files.delete("photos/cus_1/a")
    assert files.read("photos/cus_1/ab", limit=100) == b"another file"
