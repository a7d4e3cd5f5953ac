"""Parts of a file, so that an interrupted transfer goes on where it ended (RFC 9110, section 14)."""

import hashlib
import re
from collections.abc import Mapping

from chalicelib.errors import RangeNotSatisfiable
from chalicelib.portals.http.answer import Answer

_RANGE = re.compile(r"bytes\s*=\s*(\d{0,18})-(\d{0,18})")


def resumable(answer: Answer, headers: Mapping[str, str], *, method: str) -> Answer:
    """Name the version of a file, and answer with the part that is asked for, or with 304.

    A range that is no range, of several parts, or of another version (`If-Range`) is ignored, as RFC 9110 allows.
    Raises RangeNotSatisfiable.
    """
    content: bytes = answer.body
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    answer.headers |= {"ETag": etag, "Accept-Ranges": "bytes"}
    known = {tag.strip().removeprefix("W/") for tag in (headers.get("if-none-match") or "").split(",")}
    if etag in known or "*" in known:
        answer.status_code, answer.body = 304, ""
        return answer
    wanted = _RANGE.fullmatch((headers.get("range") or "").strip().lower())
    if method != "GET" or wanted is None or (headers.get("if-range") or etag).strip() != etag:
        return answer
    first, last = wanted.groups()
    if not first and not last:
        return answer
    start, end = _bounds(first, last, len(content))
    if first and last and int(last) < start:
        return answer
    if start >= len(content) or end < start:
        raise RangeNotSatisfiable(
            f"The file has {len(content)} bytes.", headers={"Content-Range": f"bytes */{len(content)}"}
        )
    answer.status_code, answer.body = 206, content[start : end + 1]
    answer.headers["Content-Range"] = f"bytes {start}-{end}/{len(content)}"
    return answer


def _bounds(first: str, last: str, size: int) -> tuple[int, int]:
    """Return the first and the last byte of a range; one without a first byte counts from the end."""
    if not first:
        return max(size - int(last), 0) if int(last) else size, size - 1
    return int(first), min(int(last), size - 1) if last else size - 1
