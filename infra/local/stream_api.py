"""The streams API of a DynamoDB engine on this machine."""

import json
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from infra.local.invocation import REGION


class StreamError(Exception):
    """An error that the engine's streams API answered with."""

    def __init__(self, code: str, message: str) -> None:
        """`code` is the exception's name in the API."""
        super().__init__(f"{code}: {message}")
        self.code = code


class StreamsApi:
    """The streams API of an engine, in its own JSON: the same records that Lambda passes in its event.

    botocore would parse each attribute value into Python, at ten times the cost, and it would have to be undone.
    One object serves one thread.
    """

    def __init__(self, url: str) -> None:
        """`url` is the engine's endpoint on this machine."""
        self._address = urlsplit(url).netloc
        self._signer = SigV4Auth(Credentials("local", "local"), "dynamodb", REGION)
        self._connection: HTTPConnection | None = None

    def call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """Call one operation."""
        body = json.dumps(arguments).encode()
        headers = {
            "Host": self._address,
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"DynamoDBStreams_20120810.{operation}",
        }
        request = AWSRequest("POST", f"http://{self._address}/", headers=headers, data=body)
        self._signer.add_auth(request)
        if self._connection is None:
            self._connection = HTTPConnection(self._address, timeout=10)
        try:
            self._connection.request("POST", "/", body=body, headers=dict(request.headers.items()))
            answer = self._connection.getresponse()
            content = answer.read()
        except (OSError, HTTPException):
            self.close()
            raise
        if answer.status != 200:
            error = json.loads(content or b"{}")
            raise StreamError(error.get("__type", "").rpartition("#")[2], str(error.get("message", answer.reason)))
        found: dict[str, Any] = json.loads(content)
        return found

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
