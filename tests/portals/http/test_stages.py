"""The stages between a request and its answer, each by itself."""

from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.errors import TooLarge, Unauthenticated
from chalicelib.portals.http.answer import JSON, PDF, PNG, File, Reply, answer, cached
from chalicelib.portals.http.auth import USHER
from chalicelib.portals.http.door import parse
from chalicelib.portals.http.route import Route
from chalicelib.schemas.wire import Nothing, Out, RefreshIn


class Done(Out):
    """The usual reply."""

    done: bool = True

    def png(self) -> bytes:
        """Draw the reply."""
        return b"picture"


class Started(Done):
    """The other reply of a route whose work may continue in the background."""

    job_id: str


BACKGROUND: Route[None, None, Done, Started] = Route("POST", "/x", guard=None, reply=Done, also={202: Started})
DRAWN = Route("GET", "/x", guard=None, reply=Done, as_png=Done.png)
REMOVED = Route("DELETE", "/x", guard=None, status=204)


def _request(raw: bytes = b"", **headers: str) -> Any:
    return SimpleNamespace(stage_vars=None, raw_body=raw, headers=headers, query_params=None, context=None)


def test_the_status_follows_from_the_type_of_the_reply() -> None:
    assert answer(BACKGROUND, Done(), {}).status_code == 200
    started = answer(BACKGROUND, Started(job_id="job_1"), {})
    assert (started.status_code, started.body) == (202, '{"done":true,"job_id":"job_1"}')


def test_a_view_without_a_result_is_answered_without_a_body() -> None:
    given = answer(REMOVED, None, {})
    assert (given.status_code, given.body) == (204, "")


def test_the_headers_of_a_reply_join_those_of_the_answer() -> None:
    given = answer(BACKGROUND, Reply(Done(), headers={"Set-Cookie": "a=b"}), {})
    assert given.headers == {"Content-Type": JSON, "Set-Cookie": "a=b"}


def test_a_file_is_answered_under_its_own_type_and_name() -> None:
    given = answer(REMOVED, File(b"%PDF", PDF, name="invoice.pdf"), {})
    assert given.body == b"%PDF"
    assert given.headers == {"Content-Type": PDF, "Content-Disposition": 'inline; filename="invoice.pdf"'}


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [(PNG, PNG), (f"text/html, {PNG};q=0.5, {JSON}", PNG), (f"{JSON}, {PNG}", JSON), ("*/*", JSON), ("", JSON)],
)
def test_a_picture_is_answered_to_callers_that_name_it_before_json(accept: str, media_type: str) -> None:
    assert answer(DRAWN, Done(), {"accept": accept}).headers["Content-Type"] == media_type


def test_an_answer_that_the_caller_has_is_not_sent_again() -> None:
    first = cached(answer(DRAWN, Done(), {}), {}, 30)
    etag = str(first.headers["ETag"])
    assert (first.status_code, first.headers["Cache-Control"]) == (200, "public, max-age=30")
    again = cached(answer(DRAWN, Done(), {}), {"if-none-match": f"W/{etag}"}, 30)
    assert (again.status_code, again.body) == (304, "")
    other = cached(answer(BACKGROUND, Started(job_id="job_1"), {}), {"if-none-match": etag}, 30)
    assert other.status_code == 202


def test_a_caller_without_a_token_is_refused_before_the_body_is_read() -> None:
    route = Route("POST", "/x", guard=USHER, body=RefreshIn, reply=Nothing, limit=10)
    with pytest.raises(Unauthenticated):
        parse(route, _request(b"x" * 11), {})


def test_a_body_over_the_limit_is_refused_before_it_is_parsed() -> None:
    route = Route("POST", "/x", guard=None, body=RefreshIn, reply=Nothing, limit=10)
    with pytest.raises(TooLarge):
        parse(route, _request(b"x" * 11), {})


def test_the_body_of_a_route_that_reads_none_is_ignored() -> None:
    assert parse(DRAWN, _request(b"not JSON"), {"event_id": "evt_1"}).raw == b""
    assert parse(REMOVED, _request(b"x" * 100_000), {}).raw == b""
