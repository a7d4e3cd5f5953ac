"""What goes back to the caller: an answer, and how anyone may cache it."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Generic, TypeVar

from chalice import Response
from pydantic import TypeAdapter

from chalicelib.portals.http.route import AnyRoute

ContentT = TypeVar("ContentT")
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
class Reply(Generic[ContentT]):
    """A view's result that needs more than a body: another status, headers."""

    body: ContentT
    status: int | None = None
    headers: dict[str, str | list[str]] = field(default_factory=dict)


def answer(route: AnyRoute, result: Any) -> Answer:
    """Return a view's result as an answer: bytes and text as they are, all else through the reply's schema."""
    reply = result if isinstance(result, Reply) else Reply(result)
    code = reply.status or route.status
    headers: dict[str, Any] = {"Content-Type": JSON, **reply.headers}
    if isinstance(reply.body, (str, bytes)):
        return Answer(body=reply.body, status_code=code, headers=headers)
    schema: Any = route.reply if code == route.status else route.also[code]
    if reply.body is None or schema is None:
        return Answer(body="" if code == 204 else "{}", status_code=code, headers=headers)
    adapter = _adapter(schema)
    value = adapter.validate_python(reply.body, from_attributes=True)
    return Answer(body=adapter.dump_json(value).decode(), status_code=code, headers=headers)


@lru_cache(maxsize=512)
def _adapter(schema: Any) -> TypeAdapter[Any]:
    return TypeAdapter(schema)


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
