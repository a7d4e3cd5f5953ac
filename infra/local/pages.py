"""The console in a local run: its built files, kept in memory, with the headers that they have on AWS.

A page answers every path that begins with one of its segments. A build that comes later is noticed. Where there is no
build, pages say what to do, and the API answers as ever.
"""

import gzip
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra import pages
from infra.local.answers import Answer
from infra.local.proxy_event import Request
from infra.pages import Origins, Page

LOCAL_SEGMENT = "_local"
# An answer of one packet gains nothing from compression.
_COMPRESSED_FROM_BYTES = 1400
_NOT_BUILT = (
    "The console is not built. Run make console, which needs the npm registry once, and load this page again. "
    "The API works without it."
)


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    packed: bytes | None
    tag: str
    headers: Mapping[str, str]


class Pages:
    """Answers what a browser asks for besides the API."""

    def __init__(self, origins: Origins, settings: Mapping[str, Any], folder: Path = pages.BUILT) -> None:
        """`settings` is what the pages read at run time."""
        self._origins = origins
        self._settings = json.dumps(settings).encode()
        self._folder = folder
        self._build: int | None = None
        self._files: dict[str, _File] = {}
        self._pages = {segment: page for page in pages.pages() for segment in page.segments}
        self._load()

    def answer(self, request: Request) -> Answer | None:
        """Answer a request that no route takes; None where it is nothing of the console either."""
        if request.method not in ("GET", "HEAD"):
            return None
        path = request.path
        first = path.removeprefix("/").partition("/")[0]
        page = self._pages.get(first)
        if page is not None and page.is_local and path.rstrip("/") != f"/{LOCAL_SEGMENT}":
            page = None
        if page is not None and accepts_html(request):
            return self._of_page(request, page)
        self._load()
        file = self._files.get(path)
        if file is not None and not path.endswith(".html"):
            return _sent(request, file)
        return self.missing() if prefers_html(request) else None

    def missing(self) -> Answer:
        """Return the page for an address that is none."""
        return _text_page(404, pages.MISSING)

    def _of_page(self, request: Request, page: Page) -> Answer:
        if page.is_local and not request.path.endswith("/"):
            return Answer(308, headers=[(b"location", f"/{LOCAL_SEGMENT}/".encode()), (b"cache-control", b"no-cache")])
        self._load()
        file = self._files.get(f"/{page.file}")
        if file is None:
            return _text_page(503, ("Not built", _NOT_BUILT, "/api/docs", "The API's page"))
        return _sent(request, file)

    def _load(self) -> None:
        """Read the build where it is another one than before; one that is being replaced is left alone."""
        try:
            build = (self._folder / "pages.json").stat().st_mtime_ns
        except OSError:
            return
        if build == self._build:
            return
        named = {page.file: page for page in self._pages.values()}
        found = {pages.SETTINGS: _file(pages.SETTINGS, self._settings, pages.asset_headers(), pages.REVALIDATED)}
        for path in self._folder.rglob("*"):
            if path.is_file() and path.name != "pages.json" and not path.name.startswith("."):
                address = f"/{path.relative_to(self._folder).as_posix()}"
                headers, caching = self._headers(address, named.get(path.name))
                found[address] = _file(address, path.read_bytes(), headers, caching)
        self._files, self._build = found, build

    def _headers(self, address: str, page: Page | None) -> tuple[dict[str, str], str]:
        if page is not None:
            return pages.headers(page, self._origins), pages.REVALIDATED
        if address.endswith("-worker.js"):
            return pages.worker_headers(self._origins), pages.REVALIDATED
        return pages.asset_headers(), pages.caching(address)


def accepts_html(request: Request) -> bool:
    """Whether the caller takes HTML: a browser, or a program that takes anything."""
    accepted = _accepted(request)
    return not accepted or bool(accepted & {"text/html", "text/*", "*/*"})


def prefers_html(request: Request) -> bool:
    """Whether the caller asks for HTML by name, as browsers do for a page."""
    return "text/html" in _accepted(request)


def _accepted(request: Request) -> set[str]:
    given = (request.header(b"accept") or "").lower()
    return {part.partition(";")[0].strip() for part in given.split(",")} - {""}


def _file(address: str, content: bytes, headers: Mapping[str, str], caching: str) -> _File:
    content_type = pages.content_type(address)
    packed = gzip.compress(content, 6, mtime=0) if len(content) >= _COMPRESSED_FROM_BYTES else None
    # Weak: the same for both encodings.
    tag = f'W/"{hashlib.sha256(content).hexdigest()[:20]}"'
    own = {"Content-Type": content_type, "Cache-Control": caching, "ETag": tag, "Vary": "Accept-Encoding"}
    return _File(content, packed if packed and len(packed) < len(content) else None, tag, {**headers, **own})


def _sent(request: Request, file: _File) -> Answer:
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in file.headers.items()]
    asked = {tag.strip() for tag in (request.header(b"if-none-match") or "").split(",")}
    if asked & {file.tag, file.tag.removeprefix("W/"), "*"}:
        return Answer(304, headers=headers)
    if file.packed is not None and _takes_gzip(request):
        return Answer(200, file.packed, [*headers, (b"content-encoding", b"gzip")])
    return Answer(200, file.content, headers)


def _takes_gzip(request: Request) -> bool:
    for part in (request.header(b"accept-encoding") or "").lower().split(","):
        name, _, weight = part.partition(";")
        if name.strip() == "gzip":
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def _text_page(status: int, words: tuple[str, str, str, str]) -> Answer:
    headers = {
        **pages.asset_headers(),
        "Content-Type": pages.content_type(".html"),
        "Cache-Control": "no-store",
        "Vary": "Accept",
    }
    content = pages.text_page(*words).encode()
    return Answer(status, content, [(name.lower().encode(), value.encode()) for name, value in headers.items()])
