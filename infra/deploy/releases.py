"""What was deployed: archives, templates and a record of each release, in a bucket of the account and region.

A record names its template, its archive and its parameters, so that `make rollback` can deploy it again.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from infra.deploy.account import Account
from infra.local.console import CannotStart, step

_MISSING = ("404", "NoSuchBucket", "NotFound")
# Where S3 has no constraint of location (AWS: "CreateBucket").
_HOME_REGION = "us-east-1"
_DENIED = ("AccessDenied", "AllAccessDisabled")
# What S3 says where a bucket has no such property (AWS, "Error responses").
_NOT_SET = (
    "NoSuchPublicAccessBlockConfiguration",
    "NoSuchLifecycleConfiguration",
    "ServerSideEncryptionConfigurationNotFoundError",
)
_CLOSED = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
# An object is named for its content or its moment, so that an earlier version is the same one or a mistake.
_RULE = {
    "ID": "gatehouse",
    "Status": "Enabled",
    "Filter": {"Prefix": ""},
    "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
}
_ENCRYPTED = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
# A property's name in the API, whether an answer has it, and what is set where it has not.
_PROPERTIES: tuple[tuple[str, Callable[[Mapping[str, Any]], bool], dict[str, Any]], ...] = (
    (
        "public_access_block",
        lambda found: found["PublicAccessBlockConfiguration"] == _CLOSED,
        {"PublicAccessBlockConfiguration": _CLOSED},
    ),
    (
        "bucket_encryption",
        lambda found: bool(found["ServerSideEncryptionConfiguration"]["Rules"]),
        {"ServerSideEncryptionConfiguration": {"Rules": [_ENCRYPTED]}},
    ),
    (
        "bucket_versioning",
        lambda found: found.get("Status") == "Enabled",
        {"VersioningConfiguration": {"Status": "Enabled"}},
    ),
    (
        "bucket_lifecycle_configuration",
        lambda found: bool(found["Rules"]),
        {"LifecycleConfiguration": {"Rules": [_RULE]}},
    ),
)


@dataclass(frozen=True, slots=True)
class Release:
    """One release of a stage; `release_id` sorts by the time of its deployment."""

    release_id: str
    template_key: str
    code_key: str
    parameters: Mapping[str, str]
    # The archive of its console; None for a release without one.
    console_key: str | None = None
    # The release that a rollback deployed again: the next rollback goes on from there.
    restores: str | None = None


class Releases:
    """The releases of one stage."""

    def __init__(self, account: Account, *, stage: str, bucket: str | None = None) -> None:
        """`bucket` is by default gatehouse-packages-<account>-<region>."""
        self._s3 = account.client("s3")
        self._stage = stage
        self._region = account.region
        self._is_own = bucket is None
        self.bucket = bucket or f"gatehouse-packages-{account.number}-{account.region}"

    def create_bucket(self) -> None:
        """Create the bucket if it is missing, and give it what it lacks: private, encrypted, with versions that end.

        A run that was killed between two of these calls is finished by the next one. Of a bucket that somebody named
        and that is in use, nothing is changed. Raises CannotStart.
        """
        is_fresh = not self._is_there()
        if is_fresh:
            place = {"CreateBucketConfiguration": {"LocationConstraint": self._region}}
            self._s3.create_bucket(Bucket=self.bucket, **({} if self._region == _HOME_REGION else place))
            step(f"created the bucket {self.bucket} for packages")
        if is_fresh or self._is_own or not self._s3.list_objects_v2(Bucket=self.bucket, MaxKeys=1).get("KeyCount"):
            self._complete()

    def _is_there(self) -> bool:
        try:
            self._s3.head_bucket(Bucket=self.bucket)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _MISSING:
                raise CannotStart(f"The bucket {self.bucket} cannot be used: {error}") from error
            return False
        return True

    def _complete(self) -> None:
        """Set each property that the bucket does not have."""
        for name, has, wanted in _PROPERTIES:
            try:
                if has(getattr(self._s3, f"get_{name}")(Bucket=self.bucket)):
                    continue
            except ClientError as error:
                code = error.response["Error"]["Code"]
                if code in _DENIED:
                    # What deploys on every day may have fewer permissions than what made the bucket.
                    step(f"  you may not see whether the bucket {self.bucket} has its {name} (s3:Get*)")
                    continue
                if code not in _NOT_SET:
                    raise
            getattr(self._s3, f"put_{name}")(Bucket=self.bucket, **wanted)

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
        self,
        *,
        template_key: str,
        code_key: str,
        parameters: Mapping[str, str],
        console_key: str | None = None,
        restores: str | None = None,
    ) -> Release:
        """Record what runs now; `restores` is the release that a rollback deployed again. They hold no secret."""
        now = datetime.now(UTC)
        name = f"{now:%Y%m%dT%H%M%S.%fZ}-{template_key.rpartition('/')[2][:12]}"
        release = Release(name, template_key, code_key, dict(parameters), console_key, restores)
        # What a release does not have is left out: a checkout from before that field reads the record too.
        said = {field: value for field, value in asdict(release).items() if value is not None}
        self._s3.put_object(Bucket=self.bucket, Key=f"{self._prefix}{name}.json", Body=json.dumps(said).encode())
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
        return [_read(self._s3.get_object(Bucket=self.bucket, Key=name)["Body"].read()) for name in names]

    def begin_rollback(self, release: Release, *, after: Release) -> None:
        """Note the release that a rollback deploys now, `after` the last recorded one."""
        said = {"to": release.release_id, "after": after.release_id}
        self._s3.put_object(Bucket=self.bucket, Key=self._begun, Body=json.dumps(said).encode())

    def begun_rollback(self, *, after: Release) -> str | None:
        """Return the release that a rollback `after` the last recorded one deployed without being recorded, or None."""
        try:
            said = json.loads(self._s3.get_object(Bucket=self.bucket, Key=self._begun)["Body"].read())
        except ClientError as error:
            if error.response["Error"]["Code"] in (*_MISSING, "NoSuchKey"):
                return None
            raise
        return str(said["to"]) if said["after"] == after.release_id else None

    @property
    def _begun(self) -> str:
        return f"gatehouse/rollbacks/{self._stage}.json"

    @property
    def _prefix(self) -> str:
        return f"gatehouse/releases/{self._stage}/"


def _read(content: bytes) -> Release:
    """Return a recorded release; what a later version of this file adds to a record is left out."""
    known = {field.name for field in fields(Release)}
    return Release(**{name: value for name, value in json.loads(content).items() if name in known})
