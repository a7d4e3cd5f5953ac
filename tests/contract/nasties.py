"""Malformed requests: written ones, and those that a seeded generator makes for every field of every route."""

import copy
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from chalicelib.portals.http.route import AnyRoute
from tests.contract.request import Request

# Values that are known to break servers; each is sent in every field, path variable and query.
TEXTS: tuple[str, ...] = (
    "",
    " ",
    "\x00",
    "a\x00b",
    "\r\nSet-Cookie: a=b",
    "\ud800",
    "😀" * 50,
    "e\u0301" * 30,
    "\u202egnp.exe",
    "İıßſ",
    "A" * 600,
    "A" * 5000,
    "../../etc/passwd",
    "..%2f..%2f",
    "%00",
    "%",
    "a/b",
    "evt_demo#EVENT",
    "CARD#04A1B2C3D4E5F6",
    "#",
    "' OR 1=1 --",
    "{{7*7}}${7*7}",
    "<script>alert(1)</script>",
    "nan",
    "null",
    "true",
    "-1",
    "0x10",
    "1e400",
    "٣",
    "9" * 400,
    "2026-13-45T99:99:99Z",
    "0000-00-00",
    "9999-12-31T23:59:59.999999Z",
    "0001-01-01T00:00:00+23:59",
    "2026-01-01",
    "04:A1:B2:C3:D4:E5:F6",
    "04A1B2C3D4E5F",
    "04a1b2c3d4e5f600",
    "crd_01JDEM0000000000000000000",
    "crd_7ZZZZZZZZZZZZZZZZZZZZZZZZZ",
    "crd_00000000000000000000000000",
    "log_ZZZZZZZZZZZZZZZZZZZZZZZZZZ",
    "tkt_01JDEM00000000000000000001",
    "evt_demo",
    "AAAA",
    "=" * 44,
    "!!!not-base64!!!",
    "eyJhbGciOiJub25lIn0.e30.",
    "a.b.c",
    "ses_x.1.y",
    "ses_01JDEM00000000000000000001.999999999999.AAAA",
    "GH1.abc.def",
)
VALUES: tuple[Any, ...] = (
    *TEXTS,
    None,
    True,
    False,
    0,
    -1,
    10**9,
    2**63,
    -(10**40),
    10**400,
    1.5,
    1e308,
    -0.0,
    [],
    [None],
    [[[[]]]],
    {},
    {"": ""},
    {"__proto__": {"a": 1}},
    ["valid"],
    {"$ref": "#"},
)
QUERIES: tuple[str, ...] = (
    "page=1000000000",
    "page=-1",
    "page=0",
    "page=50&page_size=100",
    "page=51&page_size=100",
    "page_size=1000000000",
    "page_size=10&page_size=20",
    "cursor=",
    "cursor=AAAA",
    "cursor=%00",
    "cursor=" + "A" * 3000,
    "date_from=9999-12-31&date_to=0001-01-01",
    "date_from=0001-01-01",
    "date_to=9999-12-31T23:59:59-23:59",
    "date_from=1e10",
    "date_from=-1",
    "date_from=99999999999999",
    "attendee=%F0%9F%98%80",
    "attendee=%00",
    "attendee=" + "%CC%81" * 90,
    "username=%20%20",
    "username=%23",
    "card_id=04A1B2C3D4E5F6&attendee=Z&username=usher1&result=valid",
    "result=VALID",
    "a" * 2000 + "=1",
    "=&=&&",
    "%ff=%ff",
    "[]=1&a[b]=2",
    "cookie=2",
)
# Bodies that are no JSON object, or only nearly.
RAWS: tuple[bytes, ...] = (
    b"",
    b" ",
    b"\x00",
    b"\xff\xfe\x00",
    b"\xef\xbb\xbf{}",
    b"{",
    b"[]",
    b"null",
    b"NaN",
    b'{"queue_depth": NaN}',
    b'{"queue_depth": Infinity}',
    b'{"queue_depth": 1e999}',
    b'{"queue_depth": ' + b"9" * 5000 + b"}",
    b'{"scan_id": "\\ud800"}',
    b'{"scan_id": "\xed\xa0\x80"}',
    b'{"scan_id": "scn_dup00001", "scan_id": "scn_dup00002", "card_id": "04A1B2C3D4E5F6"}',
    b'{"a":' * 3000 + b"1" + b"}" * 3000,
    b'{"unknown":' + b"[" * 100 + b"]" * 100 + b"}",
    b'{"a": "' + b"x" * 70_000 + b'"}',
    b'{"a": "' + b"x" * 300_000 + b'"}',
    b"a=b&c=d",
    b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\nb\r\n--x--",
    b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
    b'{"' + b"k" * 30_000 + b'": 1}',
    b"{" + b",".join(b'"k%d": 0' % number for number in range(4000)) + b"}",
)
MEDIA_TYPES = (
    "application/json",
    "application/json; charset=utf-8",
    "APPLICATION/JSON",
    "application/json;",
    "text/plain",
    "application/xml",
    "multipart/form-data; boundary=x",
    "application/octet-stream",
    "*/*",
    ";",
    "",
)
ORIGINS = (None, "http://localhost:8080", "http://localhost:8084", "https://evil.example", "null", "")
AUTHORIZATIONS = (
    "",
    "Bearer",
    "Bearer ",
    "Bearer a.b.c",
    "Bearer \x00",
    "Bearer 😀",
    "Bearer " + "A" * 9000,
    "Basic eA==",
)


@dataclass(frozen=True)
class Nasty:
    """One request, and what must be known to send it again."""

    route: AnyRoute
    request: Request
    raw: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    has_token: bool = True


def _places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Return the places in a body that can be changed: every field, at every depth."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield (*path, name)
            yield from _places(part, (*path, name))
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield (*path, number)
            yield from _places(part, (*path, number))


def _put(body: dict[str, Any], path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    changed: Any = copy.deepcopy(body)
    target = changed
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value
    return dict(changed)


def _as_segment(value: str) -> str:
    """Return a text as a path segment arrives: encoded, since the gateway does not decode it."""
    return quote(value, safe="", errors="surrogatepass") or "%20"


class Nasties:
    """Makes wrong requests to the given routes, the same ones for the same seed."""

    def __init__(self, routes: list[AnyRoute], rightful: Callable[[AnyRoute], Request], *, seed: int) -> None:
        """`routes` are taken in turn, so that each gets its share; `rightful` gives the request to spoil."""
        self._routes = routes
        self._rightful = rightful
        self._random = random.Random(seed)  # noqa: S311  # chooses test data

    def make(self, count: int) -> Iterator[Nasty]:
        """Return so many requests."""
        for number in range(count):
            yield self._one(self._routes[number % len(self._routes)])

    def _one(self, route: AnyRoute) -> Nasty:
        request = self._broken(route)
        raw, headers = None, {}
        if self._random.random() < 0.15:
            raw = self._random.choice(RAWS)
        if self._random.random() < 0.1:
            headers["content-type"] = self._random.choice(MEDIA_TYPES)
        origin = self._random.choice(ORIGINS)
        if origin is not None:
            headers["origin"] = origin
        has_token = self._random.random() < 0.95
        if not has_token:
            headers["authorization"] = self._random.choice(AUTHORIZATIONS)
        return Nasty(route, request, raw, headers, has_token)

    def _broken(self, route: AnyRoute) -> Request:
        right = self._rightful(route)
        body, path, query = right.body, dict(right.path), right.query
        if path and self._random.random() < 0.6:
            path[self._random.choice(list(path))] = _as_segment(self._random.choice(TEXTS))
        if self._random.random() < 0.6 if route.query else self._random.random() < 0.05:
            query = self._query(route)
        if body is not None:
            body = self._body(route, body)
        return Request(body, path, query)

    def _query(self, route: AnyRoute) -> str:
        if route.query is None or self._random.random() < 0.4:
            return self._random.choice(QUERIES)
        names = self._random.choices(list(route.query.model_fields), k=self._random.randint(1, 3))
        return "&".join(f"{name}={_as_segment(self._random.choice(TEXTS))}" for name in names)

    def _body(self, route: AnyRoute, body: dict[str, Any]) -> dict[str, Any]:
        assert route.body is not None
        for _ in range(self._random.randint(0, 2)):
            places = [*_places(body), *((name,) for name in route.body.model_fields)]
            place = self._random.choice(places)
            if self._random.random() < 0.1 and len(place) == 1 and place[0] in body:
                body = {name: value for name, value in body.items() if name != place[0]}
            else:
                body = _put(body, place, self._random.choice(VALUES))
        return body


def encoded(nasty: Nasty) -> bytes | None:
    """Return the body as it goes over the wire; lone surrogates and huge numbers included."""
    if nasty.raw is not None or nasty.request.body is None:
        return nasty.raw
    return json.dumps(nasty.request.body).encode()
