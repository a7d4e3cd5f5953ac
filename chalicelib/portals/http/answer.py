"""What goes back to the caller: an answer, and how anyone may cache it."""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from chalice import Response
from msgspec import Struct, field

from chalicelib.portals.http.route import AnyRoute

ContentT = TypeVar("ContentT")
JSON = "application/json"
PNG = "image/png"
PDF = "application/pdf"
CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Names the job that goes on behind the answer.
JOB_HEADER = "X-Job-Id"


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


class Reply(Struct, Generic[ContentT], frozen=True):
    """A view's result with headers of its own."""

    content: ContentT
    headers: Mapping[str, str] = field(default_factory=dict)


class File(Struct, frozen=True):
    """A view's result that is no JSON of a schema: text or bytes, under a file name where it is a download."""

    content: str | bytes
    media_type: str
    name: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def answer(route: AnyRoute, result: Any, request_headers: Mapping[str, str]) -> Answer:
    """Return a view's result as an answer; the status follows from the type of the reply."""
    reply = result if isinstance(result, Reply) else Reply(result)
    content = reply.content
    if route.as_png is not None and _prefers_png(request_headers):
        content = File(route.as_png(content), PNG)
    if isinstance(content, File):
        return _file(content, route.status)
    status = next((status for status, kind in route.also.items() if isinstance(content, kind)), route.status)
    body = "" if content is None else content.model_dump_json()
    return Answer(body=body, status_code=status, headers={"Content-Type": JSON, **reply.headers})


def _file(file: File, status: int) -> Answer:
    named = {"Content-Disposition": f'inline; filename="{file.name}"'} if file.name else {}
    return Answer(
        body=file.content, status_code=status, headers={"Content-Type": file.media_type, **named, **file.headers}
    )


def _prefers_png(headers: Mapping[str, str]) -> bool:
    """Whether a caller names the picture, and no JSON before it."""
    ranges = [part.partition(";")[0].strip().lower() for part in (headers.get("accept") or "").split(",")]
    named = [name for name in ranges if name in (PNG, JSON)]
    return named[:1] == [PNG]


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
