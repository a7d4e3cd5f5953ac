"""What goes back to the caller: an answer, and how anyone may cache it."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chalice import Response

JSON = "application/json"


class Answer(Response):
    """An answer of which only bytes travel in base64; everything else stays as it is."""

    def to_dict(self, binary_types: list[str] | None = None) -> dict[str, Any]:  # noqa: ARG002  # Chalice's signature
        """Return what Lambda gives to API Gateway."""
        if not isinstance(self.body, bytes):
            return dict(super().to_dict(None))
        body, self.body = self.body, base64.b64encode(self.body).decode()
        try:
            return {**super().to_dict(None), "isBase64Encoded": True}
        finally:
            self.body = body


@dataclass(frozen=True, slots=True)
class Reply:
    """A view's result that needs more than a body: another status, headers."""

    body: Any
    status: int | None = None
    headers: dict[str, str | list[str]] = field(default_factory=dict)


def cached(answer: Answer, headers: Mapping[str, str], seconds: int) -> Answer:
    """Allow any cache to keep a public answer for `seconds`; answer 304 where the caller has it already (RFC 9110)."""
    content = answer.body.encode() if isinstance(answer.body, str) else answer.body
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    answer.headers["ETag"] = etag
    answer.headers["Cache-Control"] = f"public, max-age={seconds}"
    known = {tag.strip().removeprefix("W/") for tag in (headers.get("if-none-match") or "").split(",")}
    if etag in known or "*" in known:
        answer.status_code, answer.body = 304, ""
    return answer
