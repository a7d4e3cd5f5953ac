"""Calls of the deployed API, as a portal makes them."""

import json
import urllib.error
import urllib.request
from typing import Any, NamedTuple

# A first call starts the function's process and imports the app.
_SECONDS = 60


class Answer(NamedTuple):
    """An answer; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: Any


class Door:
    """The API at one address, for one caller."""

    def __init__(self, url: str, token: str | None = None, *, seconds: float = _SECONDS) -> None:
        """`token` is the caller's access token, if any; `seconds` is how long an answer may take."""
        self._url = url
        self._token = token
        self._seconds = seconds

    def as_caller(self, token: str) -> "Door":
        """Return the same API for someone who has logged in."""
        return Door(self._url, token, seconds=self._seconds)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Send one request; a refusal is an answer as well."""
        sent = {"Content-Type": "application/json", **headers}
        if self._token:
            sent["Authorization"] = f"Bearer {self._token}"
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self._url + path, data=data, headers=sent, method=method)  # noqa: S310 # nosec B310  # loopback
        try:
            with urllib.request.urlopen(request, timeout=self._seconds) as answer:  # noqa: S310 # nosec B310  # as above
                return _read(answer.status, answer.headers.items(), answer.read())
        except urllib.error.HTTPError as refusal:
            return _read(refusal.code, refusal.headers.items(), refusal.read())


def _read(status: int, headers: Any, content: bytes) -> Answer:
    try:
        body = json.loads(content) if content else None
    except ValueError:
        body = content.decode(errors="replace")
    return Answer(status, {name.lower(): value for name, value in headers}, body)
