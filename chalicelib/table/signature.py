"""The signature of a request to DynamoDB, made of the few headers that every such request has.

Signature Version 4 (AWS: "Create a signed AWS API request") must cover the host and each `x-amz-` header. botocore
covers all headers, composes the request twice to read its body, and derives the day's key each time: a tenth of a
scan's CPU time. `tests/table/test_signature.py` compares the two.
"""

import hashlib
import hmac
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from botocore import UNSIGNED
from botocore.client import BaseClient
from botocore.credentials import Credentials
from botocore.exceptions import NoCredentialsError
from botocore.handlers import add_retry_headers

_ALGORITHM = "AWS4-HMAC-SHA256"
_TOKEN = "X-Amz-Security-Token"  # noqa: S105  # a header's name


def attach(client: BaseClient, credentials: Credentials | None) -> BaseClient:
    """Sign a DynamoDB client's requests here, with these credentials, and return the client."""

    def sign(request: Any, region_name: str, **_: Any) -> None:
        if credentials is None:
            raise NoCredentialsError
        _sign(request, credentials.get_frozen_credentials(), region_name)

    events = client.meta.events
    events.register("choose-signer.dynamodb.*", _not_by_botocore)
    events.register("before-sign.dynamodb.*", sign)
    # Two headers for AWS's own statistics, which DynamoDB does not read.
    events.unregister("request-created", add_retry_headers)
    return client


def _not_by_botocore(**_: Any) -> Any:
    return UNSIGNED


def _sign(request: Any, credentials: Any, region: str) -> None:
    headers, body = request.headers, request.data
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    # A retry signs the same request again.
    for name in ("Authorization", "X-Amz-Date", _TOKEN):
        del headers[name]
    headers["X-Amz-Date"] = moment
    signed = {
        "content-type": headers["Content-Type"],
        "host": _host(request.url),
        "x-amz-date": moment,
    }
    if credentials.token:
        headers[_TOKEN] = signed["x-amz-security-token"] = credentials.token
    signed["x-amz-target"] = headers["X-Amz-Target"]
    names = ";".join(signed)
    covered = "".join(f"{name}:{value}\n" for name, value in signed.items())
    content = hashlib.sha256(body if isinstance(body, bytes) else body.encode()).hexdigest()
    canonical = hashlib.sha256(f"{request.method}\n/\n\n{covered}\n{names}\n{content}".encode()).hexdigest()
    scope = f"{moment[:8]}/{region}/dynamodb/aws4_request"
    key = _key(credentials.secret_key, moment[:8], region)
    signature = hmac.digest(key, f"{_ALGORITHM}\n{moment}\n{scope}\n{canonical}".encode(), "sha256").hex()
    headers["Authorization"] = (
        f"{_ALGORITHM} Credential={credentials.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
    )


@lru_cache(maxsize=2)
def _key(secret: str, day: str, region: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (day, region, "dynamodb", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


@lru_cache(maxsize=8)
def _host(url: str) -> str:
    """Return the Host header of a URL, which leaves out its scheme's own port. Raises ValueError for a path."""
    parts = urlsplit(url)
    if parts.path not in ("", "/") or parts.query:
        raise ValueError("DynamoDB has the one path /")
    own = {"http": 80, "https": 443}.get(parts.scheme)
    return str(parts.hostname) if parts.port in (None, own) else f"{parts.hostname}:{parts.port}"
