"""botocore clients, created at first use and cached for the life of the container."""

from functools import lru_cache
from typing import Any

from botocore.config import Config as ClientConfig
from botocore.session import get_session

from chalicelib.config import config


@lru_cache(maxsize=8)
def client(service: str) -> Any:
    """Return the client of one AWS service; its time-outs are below a function's own."""
    how = ClientConfig(
        connect_timeout=1,
        read_timeout=config().limits.service_ms / 1000,
        retries={"total_max_attempts": 3, "mode": "standard"},
        # Signed links of the older kind do not work in every region.
        signature_version="s3v4" if service == "s3" else None,
    )
    return get_session().create_client(service, config=how)
