"""Bodies of requests to DynamoDB, written by the JSON encoder alone.

botocore walks through the parameters of each request by the model of its operation, in Python: half a millisecond for a
batch of 100 keys, a tenth of the build of a snapshot. What it makes of them equals their JSON, with binary values in
base64. `tests/table/test_signature.py` compares the two.
"""

import json
from base64 import b64encode
from typing import Any

from botocore.client import BaseClient

from chalicelib.table.raw_answers import OPERATIONS


def attach(client: BaseClient) -> BaseClient:
    """Make a client write its requests here, and return it."""
    # A guard of ours fails if botocore renames it.
    client._serializer = _Writer(client._serializer)  # type: ignore[attr-defined]  # noqa: SLF001
    return client


class _Writer:
    """Takes the place of botocore's serializer, which still says what is the same in each request of an operation."""

    def __init__(self, botocores: Any) -> None:
        self._botocores = botocores
        self._of: dict[str, dict[str, Any]] = {}

    def serialize_to_request(self, parameters: dict[str, Any], operation_model: Any) -> dict[str, Any]:
        """Return what botocore makes a request of."""
        name = operation_model.name
        if name not in OPERATIONS:
            made: dict[str, Any] = self._botocores.serialize_to_request(parameters, operation_model)
            return made
        same = self._of.get(name)
        if same is None:
            same = self._of[name] = self._botocores.serialize_to_request({}, operation_model)
        body = json.dumps(parameters, default=_base64).encode()
        return {**same, "headers": dict(same["headers"]), "body": body}


def _base64(value: Any) -> str:
    """Return the text of a binary value. Raises TypeError for what no item holds."""
    return b64encode(value).decode()
