"""Files in the platform's bucket: accessed by the platform, or by a signed link with an expiry."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import clock
from chalicelib.clients.aws import client
from chalicelib.config import config
from chalicelib.errors import Unavailable

_MISSING = {"NoSuchKey", "404", "NotFound"}


def upload_form(
    key: str, *, content_type: str, limit: int, lifetime: timedelta
) -> tuple[str, dict[str, str], datetime]:
    """Return the URL and the fields of a form that uploads one file, and its expiry.

    S3 itself holds the upload to `key`, `content_type` and 1 to `limit` bytes (AWS: "POST policy").
    """
    seconds = int(lifetime.total_seconds())
    form = client("s3").generate_presigned_post(
        config().files_bucket,
        key,
        Fields={"Content-Type": content_type},
        Conditions=[{"Content-Type": content_type}, ["content-length-range", 1, limit]],
        ExpiresIn=seconds,
    )
    return form["url"], form["fields"], clock.now() + lifetime


def link(key: str, *, lifetime: timedelta) -> str:
    """Return a signed URL that reads a file until it expires."""
    parameters = {"Bucket": config().files_bucket, "Key": key}
    url: str = client("s3").generate_presigned_url(
        "get_object", Params=parameters, ExpiresIn=int(lifetime.total_seconds())
    )
    return url


def read(key: str, *, limit: int) -> bytes | None:
    """Return a file of at most `limit` bytes, or None if it is missing or larger. Raises Unavailable."""
    try:
        answer = client("s3").get_object(Bucket=config().files_bucket, Key=key)
        if answer["ContentLength"] > limit:
            answer["Body"].close()
            return None
        content: bytes = answer["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] in _MISSING:
            return None
        raise Unavailable(retry_after=1) from error
    except BotoCoreError as error:
        raise Unavailable(retry_after=1) from error
    return content


def written_at(key: str) -> datetime | None:
    """Return when a file was stored, to the second, or None if it is missing. Raises Unavailable."""
    try:
        at: datetime = client("s3").head_object(Bucket=config().files_bucket, Key=key)["LastModified"]
    except ClientError as error:
        if error.response["Error"]["Code"] in _MISSING:
            return None
        raise Unavailable(retry_after=1) from error
    except BotoCoreError as error:
        raise Unavailable(retry_after=1) from error
    return at


def write(key: str, content: bytes, *, content_type: str) -> None:
    """Store a file. Raises Unavailable."""
    _ask("put_object", Key=key, Body=content, ContentType=content_type)


def write_from(key: str, path: Path, *, content_type: str) -> None:
    """Store a file of this machine without reading it into memory. Raises Unavailable."""
    with path.open("rb") as content:
        _ask("put_object", Key=key, Body=content, ContentType=content_type)


def delete(key: str) -> None:
    """Delete a file with all its versions, if it exists. Raises Unavailable.

    The bucket keeps versions: without its version a deletion would only hide the file.
    """
    found = _ask("list_object_versions", Prefix=key)
    for version in (*found.get("Versions", ()), *found.get("DeleteMarkers", ())):
        # Another key may begin with this one.
        if version["Key"] == key:
            _ask("delete_object", Key=key, VersionId=version["VersionId"])


def delete_all(prefix: str) -> int:
    """Delete every file whose key has a prefix, with all versions; return how many versions. Raises Unavailable."""
    count = 0
    while deleted := delete_page(prefix):
        count += deleted
    return count


def delete_page(prefix: str, *, most: int = 1000) -> int:
    """Delete up to `most` versions of the files whose key has a prefix; return how many. Raises Unavailable.

    What is deleted is not listed again, so each call deletes the next ones; 0 once nothing is left.
    """
    found = _ask("list_object_versions", Prefix=prefix, MaxKeys=most)
    versions = (*found.get("Versions", ()), *found.get("DeleteMarkers", ()))
    for version in versions:
        _ask("delete_object", Key=version["Key"], VersionId=version["VersionId"])
    return len(versions)


def count_all(prefix: str) -> int:
    """Return how many versions of files a prefix has, up to a page of a thousand. Raises Unavailable."""
    found = _ask("list_object_versions", Prefix=prefix)
    return len(found.get("Versions", ())) + len(found.get("DeleteMarkers", ()))


def _ask(operation: str, **arguments: Any) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = getattr(client("s3"), operation)(Bucket=config().files_bucket, **arguments)
    except (BotoCoreError, ClientError) as error:
        raise Unavailable(retry_after=1) from error
    return answer
