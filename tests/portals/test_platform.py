"""The OpenAPI document over HTTP: any cache may keep it, and asks with its ETag."""

from tests.support.client import call

DOCUMENT = "/api/openapi.json"


def test_the_openapi_document_has_a_strong_etag_and_may_be_cached() -> None:
    answer = call("GET", DOCUMENT)
    assert answer.status == 200
    assert answer.headers["cache-control"] == "public, max-age=300"
    etag = answer.headers["etag"]
    assert etag.startswith('"')
    assert etag.endswith('"')


def test_a_caller_who_has_the_openapi_document_gets_304_without_it() -> None:
    etag = call("GET", DOCUMENT).headers["etag"]
    again = call("GET", DOCUMENT, headers={"if-none-match": f'"another", {etag}'})
    assert (again.status, again.text, again.headers["etag"]) == (304, "", etag)
    assert call("GET", DOCUMENT, headers={"if-none-match": '"another"'}).status == 200
