"""botocore clients, created at first use and cached for the life of the container."""

import os
from functools import lru_cache
from typing import Any

from botocore.config import Config as ClientConfig

from chalicelib.botocore_session import session
from chalicelib.config import config


@lru_cache(maxsize=8)
def client(service: str) -> Any:
    """Return the client of one AWS service; its time-outs are below a function's own."""
    how = ClientConfig(
        connect_timeout=1,
        read_timeout=config().limits.service_ms / 1000,
        retries={"total_max_attempts": 3, "mode": "standard"},
        **(_links() if service == "s3" else {}),
    )
    with session() as creating:
        return creating.create_client(service, config=how)


def _links() -> dict[str, Any]:
    """Return how links and upload forms are signed: on the bucket's host in its own region, with signature version 4.

    Regions opened after 2019-03-20 refuse the global host. Others redirect from it, which no browser follows after a
    preflight (AWS: "Virtual hosting of buckets"; boto3 issues 2728 and 3015). An engine on this machine has one host.
    """
    is_engine = bool(os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL"))
    style = "path" if is_engine else "virtual"
    return {
        "signature_version": "s3v4",
        "s3": {"addressing_style": style, "us_east_1_regional_endpoint": "regional"},
    }
