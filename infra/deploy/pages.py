"""The console's files in the stage's bucket: assets first, pages last, and the assets of earlier releases for a while.

A page that a browser has open loads parts of its own release, hours after another one was deployed. `kept.json`
remembers since when an asset is part of the served release no more; a month later it is removed.
"""

import json
import zipfile
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO

from botocore.exceptions import ClientError

from infra import pages
from infra.local.console import step

KEPT = "kept.json"
_KEPT_FOR = timedelta(days=30)
_MISSING = ("404", "NoSuchKey", "NotFound")


def publish(client: Any, bucket: str, packed: BinaryIO, settings: dict[str, Any]) -> None:
    """Put the console of an archive into the bucket; `client` is one of S3."""
    with zipfile.ZipFile(packed) as archive:
        names = [name for name in archive.namelist() if name != "pages.json"]
        assets = [name for name in names if pages.is_asset(f"/{name}")]
        present = _present(client, bucket)
        for name in (each for each in assets if each not in present):
            _put(client, bucket, name, archive.read(name))
        _put(client, bucket, pages.SETTINGS.removeprefix("/"), json.dumps(settings).encode())
        # Workers and pages last: what they name is there before anybody reads them.
        for name in sorted(set(names) - set(assets), key=lambda name: (name.endswith(".html"), name)):
            _put(client, bucket, name, archive.read(name))
    gone = _forget(client, bucket, served=assets, present=present)
    step(f"console: {len(names)} files in s3://{bucket}, {gone} assets of earlier releases removed")


def _present(client: Any, bucket: str) -> set[str]:
    listed = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="assets/")
    return {found["Key"] for page in listed for found in page.get("Contents", ())}


def _put(client: Any, bucket: str, name: str, content: bytes) -> None:
    address = f"/{name}"
    caching = pages.caching(address)
    client.put_object(
        Bucket=bucket, Key=name, Body=content, ContentType=pages.content_type(address), CacheControl=caching
    )


def _forget(client: Any, bucket: str, *, served: Iterable[str], present: set[str]) -> int:
    """Remove the assets that no release has served for a month; return how many."""
    now = datetime.now(UTC)
    kept = _read(client, bucket)
    # What is not noted yet was served until this moment: its month begins.
    ended = {name: kept.get(name, now.isoformat()) for name in present - set(served)}
    old = [name for name, at in ended.items() if now - datetime.fromisoformat(at) > _KEPT_FOR]
    # 1000 keys at a time (AWS: "DeleteObjects").
    for start in range(0, len(old), 1000):
        keys = [{"Key": name} for name in old[start : start + 1000]]
        client.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
    rest = {name: at for name, at in ended.items() if name not in set(old)}
    client.put_object(Bucket=bucket, Key=KEPT, Body=json.dumps(rest).encode(), ContentType="application/json")
    return len(old)


def _read(client: Any, bucket: str) -> dict[str, str]:
    try:
        found: dict[str, str] = json.loads(client.get_object(Bucket=bucket, Key=KEPT)["Body"].read())
    except ClientError as error:
        if error.response["Error"]["Code"] in _MISSING:
            return {}
        raise
    return found
