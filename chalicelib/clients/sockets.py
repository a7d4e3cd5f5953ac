"""The open sockets of live updates, as API Gateway's management API reaches them (AWS: "@connections commands")."""

from functools import lru_cache
from typing import Any

from botocore.config import Config as ClientConfig
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import get_session

from chalicelib.config import config

# The number of sockets that are sent to in parallel.
HANDS = 32
# The gateway's response for closed sockets and for unknown ids.
_GONE = ("GoneException", "NotFoundException")


class Gone(Exception):
    """The socket is closed."""


class NotTaken(Exception):
    """The socket or its gateway timed out; the outcome is unknown."""


@lru_cache(maxsize=1)
def _client() -> Any:
    address, seconds = config().live_url, config().limits.socket_ms / 1000
    return get_session().create_client(
        "apigatewaymanagementapi",
        endpoint_url=f"http{address.removeprefix('ws')}",
        config=ClientConfig(
            # The longest that one unresponsive socket delays the others, once.
            connect_timeout=seconds,
            read_timeout=seconds,
            # The frame may have been sent, so it is not sent again.
            retries={"total_max_attempts": 1},
            max_pool_connections=HANDS,
            parameter_validation=False,
            user_agent="gatehouse",
        ),
    )


def send(connection_id: str, frame: str) -> None:
    """Send one text frame. Raises Gone or NotTaken."""
    _ask("post_to_connection", ConnectionId=connection_id, Data=frame.encode())


def close(connection_id: str) -> None:
    """Close a socket if it is still open. Raises NotTaken."""
    try:
        _ask("delete_connection", ConnectionId=connection_id)
    except Gone:
        return


def forget() -> None:
    """Create a new client at the next use."""
    _client.cache_clear()


def _ask(operation: str, **arguments: Any) -> None:
    try:
        getattr(_client(), operation)(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] in _GONE or error.response["ResponseMetadata"]["HTTPStatusCode"] == 410:
            raise Gone from error
        raise NotTaken from error
    except BotoCoreError as error:
        raise NotTaken from error
