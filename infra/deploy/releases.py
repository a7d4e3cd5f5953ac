"""What was deployed: archives, templates and a record of each release, in a bucket of the account and region.

A record names its template, its archive and its parameters, so that `make rollback` can deploy it again.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from infra.deploy.account import Account
from infra.local.console import CannotStart, step

_MISSING = ("404", "NoSuchBucket", "NotFound")
# Where S3 has no constraint of location (AWS: "CreateBucket").
_HOME_REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class Release:
    """One release of a stage; `release_id` sorts by the time of its deployment."""

    release_id: str
    template_key: str
    code_key: str
    parameters: Mapping[str, str]
    # The archive of its console; None for a release without one.
    console_key: str | None = None


class Releases:
    """The releases of one stage."""

    def __init__(self, account: Account, *, stage: str, bucket: str | None = None) -> None:
        """`bucket` is by default gatehouse-packages-<account>-<region>."""
        self._s3 = account.client("s3")
        self._stage = stage
        self._region = account.region
        self.bucket = bucket or f"gatehouse-packages-{account.number}-{account.region}"

    def create_bucket(self) -> None:
        """Create the bucket if it is missing: private, encrypted, with versions."""
        try:
            self._s3.head_bucket(Bucket=self.bucket)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _MISSING:
                raise CannotStart(f"The bucket {self.bucket} cannot be used: {error}") from error
        else:
            return
        place = {"CreateBucketConfiguration": {"LocationConstraint": self._region}}
        self._s3.create_bucket(Bucket=self.bucket, **({} if self._region == _HOME_REGION else place))
        self._s3.put_public_access_block(
            Bucket=self.bucket,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True,
                "IgnorePublicAcls": True,
                "BlockPublicPolicy": True,
                "RestrictPublicBuckets": True,
            },
        )
        self._s3.put_bucket_versioning(Bucket=self.bucket, VersioningConfiguration={"Status": "Enabled"})
        step(f"created the bucket {self.bucket} for packages")

    def upload(self, archive: Path, code_key: str) -> None:
        """Upload an archive under the key that the template expects, unless it is there already."""
        try:
            self._s3.head_object(Bucket=self.bucket, Key=code_key)
            step(f"{archive.name} is in s3://{self.bucket} already")
        except ClientError:
            self._s3.put_object(Bucket=self.bucket, Key=code_key, Body=archive.read_bytes())
            step(f"uploaded {archive.name} to s3://{self.bucket}/{code_key}")

    def upload_console(self, packed: Path) -> str:
        """Upload the archive of a console under a key of its content; return the key."""
        content = packed.read_bytes()
        key = f"gatehouse/console/{hashlib.sha256(content).hexdigest()[:40]}.zip"
        self._s3.put_object(Bucket=self.bucket, Key=key, Body=content)
        return key

    def console(self, key: str) -> bytes:
        """Return an uploaded archive of a console."""
        content: bytes = self._s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return content

    def upload_template(self, text: str) -> str:
        """Upload a template under a key of its content; return the key."""
        key = f"gatehouse/templates/{hashlib.sha256(text.encode()).hexdigest()[:40]}.json"
        self._s3.put_object(Bucket=self.bucket, Key=key, Body=text.encode())
        return key

    def template(self, key: str) -> dict[str, Any]:
        """Return an uploaded template."""
        found: dict[str, Any] = json.loads(self._s3.get_object(Bucket=self.bucket, Key=key)["Body"].read())
        return found

    def record(
        self, *, template_key: str, code_key: str, parameters: Mapping[str, str], console_key: str | None = None
    ) -> Release:
        """Record what runs now. The parameters hold no secret."""
        now = datetime.now(UTC)
        name = f"{now:%Y%m%dT%H%M%S.%fZ}-{template_key.rpartition('/')[2][:12]}"
        release = Release(name, template_key, code_key, dict(parameters), console_key)
        self._s3.put_object(
            Bucket=self.bucket, Key=f"{self._prefix}{name}.json", Body=json.dumps(asdict(release)).encode()
        )
        return release

    def all(self) -> list[Release]:
        """Return the stage's releases, oldest first."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self._prefix)
        try:
            names = sorted(found["Key"] for page in pages for found in page.get("Contents", []))
        except ClientError as error:
            if error.response["Error"]["Code"] in _MISSING:
                return []
            raise
        return [
            Release(**json.loads(self._s3.get_object(Bucket=self.bucket, Key=name)["Body"].read())) for name in names
        ]

    @property
    def _prefix(self) -> str:
        return f"gatehouse/releases/{self._stage}/"
