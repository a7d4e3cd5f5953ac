"""What a fresh container prepares before its first request. A composition root imports this before its portals."""

import os

from chalicelib import seldom
from chalicelib.clients import aws
from chalicelib.table import operations

# Before a portal imports PyJWT. Elsewhere than in a function nobody waits for a cold start.
if "_HANDLER" in os.environ:
    seldom.put_off()
# The first model that is built looks for plugins of pydantic in the metadata of every package; there are none.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

# Lambda's variable _HANDLER in the functions of the API; these read a secret for every token.
_OF_API = ("app.app", "gates.app")


def prepare(handler: str | None) -> None:
    """Create the clients that the first call of a function needs. `handler` is Lambda's; None elsewhere.

    Lambda runs imports with more CPU than requests, and before the first one (AWS: "Init phase").
    """
    if handler is None:
        return
    operations.client()
    if handler in _OF_API:
        aws.client("secretsmanager")
